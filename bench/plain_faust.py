"""The yardstick: a plain Faust agent over the same log that only counts, one Faust event a record.

Faust's own bookkeeping of offsets and its default buffer are in place; nothing is decoded and nothing is stored.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from faust.transport import base
from faust.types import TP, ConsumerMessage

from bench.common import Result, Stopwatch
from streams.logs.faust_app import build_app, start_app, stop_app
from streams.logs.protocol import TOPIC
from streams.logs.sqlite import SqliteLog
from streams.logs.sqlite_transport import SqliteConsumer, SqliteTransport

DEFAULT_BUFFER = 4_096
PATIENCE_S = 900.0


class _Single(NamedTuple):
    offset: int
    append_ms: int
    value: bytes


class _OneByOne(SqliteConsumer):
    """Hands Faust every record as a message of its own."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._read_offset = defaultdict(lambda: None)

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Mapping[TP, list[_Single]]:
        batches = await super()._getmany(active_partitions, timeout)
        return {
            tp: [
                _Single(*row)
                for batch in packed
                for row in zip(batch.offsets, batch.append_ms, batch.values, strict=True)
            ]
            for tp, packed in batches.items()
        }

    def _to_message(self, tp: TP, record: _Single) -> ConsumerMessage:
        return ConsumerMessage(
            TOPIC, tp.partition, record.offset, record.append_ms / 1_000, 1, None, None, record.value, None, 0,
            len(record.value), tp, generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    def _new_offset(self, tp: TP) -> Any:
        return base.Consumer._new_offset(self, tp)


class _Transport(SqliteTransport):
    Consumer = _OneByOne


class _Nobody:
    """Owns nothing: every run starts at the log's start."""

    async def claim(self, partitions: Collection[int]) -> Mapping[int, int]:
        return dict.fromkeys(partitions, 0)

    def release(self, partitions: Collection[int]) -> None:
        del partitions

    def durable(self, partition: int) -> int:
        del partition
        return 0


async def count(log: SqliteLog) -> Result:
    """Count every record that the log holds."""
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    app = build_app(log, _Nobody(), failed.set_exception)
    app.conf.stream_buffer_maxsize = DEFAULT_BUFFER
    app.transport = app.producer_transport = _Transport(app, log, _Nobody())
    total, done, seen = sum(log.ends().values()), asyncio.Event(), 0

    async def counting(stream: Any) -> None:
        nonlocal seen
        async for _ in stream:
            seen += 1
            if seen == total:
                done.set()

    app.agent(app.topic(TOPIC, value_serializer="raw", internal=False), name="count")(counting)
    watch = Stopwatch()
    await start_app(app)
    failed.add_done_callback(lambda _: done.set())
    await asyncio.wait_for(done.wait(), PATIENCE_S)
    wall, cpu = watch.read()
    await stop_app(app)
    if failed.done():
        await failed
    return {"events": seen, "seconds": wall, "cpu_seconds": cpu, "per_second": seen / wall}
