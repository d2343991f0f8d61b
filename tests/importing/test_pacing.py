"""An import does not run ahead of measuring: live events that queue behind it would be late by as much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Engine, insert, update

from cxwatch.database import open_state
from cxwatch.importing.pacing import Pace
from cxwatch.settings import Settings
from streams.clock import ManualClock
from streams.logs.protocol import Record
from streams.logs.sqlite import SqliteLog
from streams.store.tables import partitions

AHEAD_MAX = 10


@pytest.fixture
async def log(settings: Settings, clock: ManualClock) -> AsyncIterator[SqliteLog]:
    settings.data_dir.mkdir()
    log = SqliteLog(settings.log_path, clock, 1)
    await log.append([Record(b"k", b"{}")] * 30)
    yield log
    await log.close()


@pytest.fixture
def database(settings: Settings, log: SqliteLog) -> Engine:
    engine = open_state(settings)
    with engine.begin() as conn:
        conn.execute(insert(partitions).values(partition=0, epoch=1, next_offset=0, commits=0))
    return engine


def measure_to(database: Engine, offset: int) -> None:
    with database.begin() as conn:
        conn.execute(update(partitions).values(next_offset=offset))


async def test_it_waits_until_little_enough_is_ahead(log: SqliteLog, database: Engine) -> None:
    pace = Pace(log, database, ahead_max=AHEAD_MAX, look_s=0.001, idle_looks=10_000)
    waiting = asyncio.create_task(pace.keep())
    for offset in (5, 12, 19):
        measure_to(database, offset)
        await asyncio.sleep(0.02)
        assert not waiting.done()
    measure_to(database, 20)
    await asyncio.wait_for(waiting, 5)
    await asyncio.wait_for(pace.keep(), 5)
    database.dispose()


async def test_where_nobody_measures_nobody_is_kept_waiting(log: SqliteLog, database: Engine) -> None:
    pace = Pace(log, database, ahead_max=AHEAD_MAX, look_s=0.001, idle_looks=3)
    await asyncio.wait_for(pace.keep(), 5)
    await asyncio.wait_for(pace.keep(), 5)
    database.dispose()
