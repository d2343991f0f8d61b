"""The yardstick: a plain Faust agent over the topic that only counts, with Faust's own driver and defaults."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import faust

from bench.common import Result
from streams.logs.kafka_settings import KafkaSettings

PATIENCE_S = 900.0


def counted(topic: KafkaSettings, events: int) -> Result:
    """Count so many events, one Faust event each; nothing is decoded and nothing is stored."""
    return asyncio.run(_counted(topic, events))


async def _counted(topic: KafkaSettings, events: int) -> Result:
    app = faust.App(
        topic.group, broker=f"kafka://{topic.brokers[0]}", store="memory://", web_enabled=False,
        topic_disable_leader=True, consumer_auto_offset_reset="earliest", autodiscover=False,
    )  # fmt: skip
    app.loop = asyncio.get_running_loop()
    done, seen, began = asyncio.Event(), 0, 0.0

    async def count(stream: Any) -> None:
        nonlocal seen, began
        async for _ in stream:
            if not seen:
                began = time.perf_counter()
            seen += 1
            if seen == events:
                done.set()

    app.agent(app.topic(topic.topic, value_serializer="raw"), name="count")(count)
    await app.start()
    await asyncio.wait_for(done.wait(), PATIENCE_S)
    seconds = time.perf_counter() - began
    await app.stop()
    return {"events": events, "seconds": seconds, "per_second": events / seconds}
