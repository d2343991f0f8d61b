"""SQLite without space or without the right to write, while events are measured: it goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from cxwatch import migrations
from cxwatch.database import open_engine
from streams.measure.errors import StorageFailed
from tests.measure import oracle
from tests.measure.harness import Log, measure, new_engine
from tests.measure.test_measure import NOON, firsts, stored


class Disk:
    """What keeps a connection from writing, as long as it lasts."""

    trouble = "PRAGMA query_only = OFF"


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def database(tmp_path: Path, disk: Disk) -> Iterator[Engine]:
    engine = open_engine(tmp_path / "state.db", durable=False)
    migrations.upgrade(engine)

    @event.listens_for(engine, "checkout")
    def as_the_disk_is(connection: Any, *_: object) -> None:
        connection.execute("PRAGMA query_only = OFF")
        connection.execute("PRAGMA max_page_count = 1073741823")
        connection.execute(disk.trouble)

    yield engine
    engine.dispose()


def answers() -> tuple[Log, list[dict[str, Any]]]:
    log = Log(2)
    events = [oracle.event(n, NOON, score=n % 11, customer=f"c{n}", comment="x" * 3_000) for n in range(200)]
    for number, one in enumerate(events):
        log.append(one, NOON, number % 2)
    return log, events


TROUBLES = ["PRAGMA max_page_count = 1", "PRAGMA query_only = ON"]  # disk full (no new page), read-only


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_once_it_can_write_again_everything_is_there_once(database: Engine, disk: Disk, trouble: str) -> None:
    log, events = answers()
    engine = new_engine(database)
    position = dict(await engine.claim([0, 1]))
    refused = []

    async def seek(partition: int, offset: int) -> None:
        position[partition] = offset
        refused.append(partition)
        if len(refused) == 3:
            disk.trouble = Disk.trouble

    engine.on_seek(seek)
    while any(engine.durable(p) < 100 for p in (0, 1)):
        for partition in (0, 1):
            batch = log.batch(partition, position[partition], position[partition] + 9)
            position[partition] = max(position[partition], batch.end)
            await engine.measure(batch)
        await engine.settle()
        if not refused:
            disk.trouble = trouble
    await engine.close()
    assert len(refused) >= 3
    assert stored(database, NOON) == oracle.windows(events, NOON)
    assert firsts(database) == oracle.bad_first(events)


async def test_refused_again_and_again_the_process_ends_in_words_and_the_next_one_goes_on(
    database: Engine, disk: Disk
) -> None:
    log, events = answers()
    engine = new_engine(database)

    async def seek(partition: int, offset: int) -> None: ...

    engine.on_seek(seek)
    await engine.claim([0])
    disk.trouble = "PRAGMA query_only = ON"

    async def insist() -> None:
        for _ in range(100):
            await engine.measure(log.batch(0, 0, 50))
            await engine.settle()

    with pytest.raises(StorageFailed, match="look at its disk"):
        await insist()
    disk.trouble = Disk.trouble
    await measure(database, log)
    assert stored(database, NOON) == oracle.windows(events, NOON)
