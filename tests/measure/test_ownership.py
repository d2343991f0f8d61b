"""A partition that is given back or claimed anew while a commit is under way: dropped in silence, or fenced aloud."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from sqlalchemy import Connection, Engine, text

from streams.measure.engine import MeasureEngine
from streams.measure.errors import Fenced
from streams.store.progress import next_offsets
from tests.measure import oracle
from tests.measure.harness import Log, new_engine

T0 = 1_767_225_600_000


class Held:
    """A database whose commits of MEASURE wait until they are let go."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.go = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        if threading.current_thread().name.startswith("measure-commit"):
            self.go.wait(20)
        with self._engine.begin() as conn:
            yield conn


@pytest.fixture
def log() -> Log:
    log = Log(partitions=2)
    for partition in (0, 1):
        for number in range(10):
            log.append(oracle.event(partition * 100 + number, T0), T0, partition)
    return log


async def in_the_middle(database: Engine, log: Log) -> tuple[Held, MeasureEngine]:
    """Partition 0 is folded, its commit waits."""
    held = Held(database)
    engine = new_engine(cast(Engine, held))
    await engine.claim([0, 1])
    await engine.measure(log.batch(0, 0, 10))
    return held, engine


async def test_a_claim_of_our_own_is_no_fence(database: Engine, log: Log) -> None:
    held, engine = await in_the_middle(database, log)
    starts = await engine.claim([0, 1])
    held.go.set()
    assert starts == {0: 0, 1: 0}
    await engine.measure(log.batch(1, 0, 10))
    await engine.measure(log.batch(0, 0, 10))
    await engine.close()
    with database.connect() as conn:
        assert next_offsets(conn) == {0: 10, 1: 10}


async def test_what_was_given_back_is_dropped(database: Engine, log: Log) -> None:
    held, engine = await in_the_middle(database, log)
    engine.release([0])
    other = new_engine(database)
    await other.claim([0])
    held.go.set()
    await engine.measure(log.batch(1, 0, 10))
    await engine.close()
    await other.measure(log.batch(0, 0, 10))
    await other.close()
    with database.connect() as conn:
        assert next_offsets(conn) == {0: 10, 1: 10}
        assert conn.execute(text("SELECT sum(n) FROM panes")).scalar() == 20


async def test_a_partition_that_another_process_claimed_ends_this_one(database: Engine, log: Log) -> None:
    held, engine = await in_the_middle(database, log)
    other = new_engine(database)
    await other.claim([0])
    held.go.set()
    with pytest.raises(Fenced, match="partition 0 was taken over"):
        await engine.settle()
    with pytest.raises(Fenced):
        await engine.measure(log.batch(1, 0, 10))
    await other.close()
    await asyncio.sleep(0)
