"""The product's own cases: a topic that is full, measured to its end into a database."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy import Engine, func, select

from bench import common
from bench.common import SETTINGS, Result
from bench.kafka.world import opened
from bench.parts import Measures
from bench.storage import Groups, remembering, store_again
from streams.clock import MINUTE_MS
from streams.logs.kafka import KafkaLog
from streams.logs.kafka_settings import KafkaSettings
from streams.settings import MeasureSettings
from streams.store.tables import panes
from streams.store.windows import read_window
from streams.windows import WINDOWS


def measured(topic: KafkaSettings, database: str, settings: MeasureSettings = SETTINGS) -> Result:
    """From the first record in hand to the last window committed."""
    return asyncio.run(_measured(topic, database, settings))


async def _measured(topic: KafkaSettings, database: str, settings: MeasureSettings) -> Result:
    log = KafkaLog(topic).connect()
    engine = opened(database)
    parts = Measures(log, engine, settings=settings)
    common.tune_gc()
    await parts.start()
    await parts.caught_up()
    assert parts.began is not None
    seconds = time.perf_counter() - parts.began
    events = sum(log.ends().values())
    await parts.stop()
    await log.close()
    read = every_window(engine)
    engine.dispose()
    return {"events": events, "seconds": seconds, "per_second": events / seconds, **read}


def every_window(engine: Engine) -> Result:
    """Read each window of 15 minutes by 1 that holds an answer, with its rollups: what peers emit as they go."""
    length_ms, windows = WINDOWS["15m"].length_ms, 0
    begin = time.perf_counter()
    with engine.connect() as conn:
        first, last = conn.execute(select(func.min(panes.c.minute), func.max(panes.c.minute))).one()
        for minute in range(first + 1, last + length_ms // MINUTE_MS + 1):
            until_ms = minute * MINUTE_MS
            windows += len(read_window(conn, "15m", until_ms - length_ms, until_ms, min_n=1))
    return {"windows": windows, "read_seconds": time.perf_counter() - begin}


def stored(topic: KafkaSettings, database: str, again: str) -> Result:
    """Write the rows of a whole run again, alone."""
    groups: Groups = []
    with remembering(groups):
        events = measured(topic, database)["events"]
    engine = opened(again)
    found = store_again(engine, groups, events)
    engine.dispose()
    return found
