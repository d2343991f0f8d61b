"""Who owns a partition, and who decides, where several really write at the same time: PostgreSQL."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from cxwatch.clocks import ServerClock
from cxwatch.database import open_engine
from cxwatch.decide.lease import Lease
from streams.clock import HOUR_MS
from streams.measure.errors import Fenced
from streams.store.dialect import server_ms
from streams.store.tables import partitions
from tests.measure import oracle
from tests.measure.harness import Log, new_engine
from tests.measure.test_measure import NOON, firsts, stored
from tests.support.databases import NAME, empty
from tests.support.postgres import Server

PARTITIONS = 3


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with empty(request, tmp_path, kind="postgresql") as engine:
        yield engine


async def work(database: Engine, log: Log, rng: random.Random) -> int:
    """A worker as its supervisor keeps it: fenced, it claims anew, until everything is measured. How often it was."""
    fenced = 0
    while True:
        engine = new_engine(database)
        position = dict(await engine.claim(list(log.records)))

        async def seek(partition: int, offset: int, at: dict[int, int] = position) -> None:
            at[partition] = offset

        engine.on_seek(seek)
        try:
            while any(position[p] < len(rows) for p, rows in log.records.items()):
                for partition in log.records:
                    batch = log.batch(partition, position[partition], position[partition] + rng.randrange(1, 9))
                    position[partition] = batch.end
                    await engine.measure(batch)
                if rng.random() < 0.2:
                    await engine.settle()
            await engine.close()
        except Fenced:
            fenced += 1
            await asyncio.sleep(rng.random() * 0.02 * fenced)
        else:
            return fenced


def test_two_that_take_partitions_from_each_other_measure_everything_once(database: Engine) -> None:
    rng = random.Random(4)
    log, events = Log(PARTITIONS), []
    for number in range(300):
        who = rng.randrange(20)
        event = oracle.event(number, NOON - rng.randrange(3_600_000), score=rng.randrange(11), customer=f"c{who}")
        event |= {"channel": rng.choice(("web", "app")), "stage": rng.choice(("buy", "use"))}
        log.append(event, NOON, who % PARTITIONS)
        events.append(event)
    fenced: list[int] = []

    def worker(seed: int) -> None:
        own = open_engine(database.url.render_as_string(hide_password=False), durable=False)
        fenced.append(asyncio.run(work(own, log, random.Random(seed))))
        own.dispose()

    threads = [threading.Thread(target=worker, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(fenced) == 2
    assert stored(database, NOON) == oracle.windows(events, NOON)
    assert firsts(database) == oracle.bad_first(events)
    with database.connect() as conn:
        assert conn.execute(select(func.sum(partitions.c.accepted))).scalar() == 300


async def test_the_same_answers_in_two_partitions_at_once_are_counted_once(database: Engine) -> None:
    log = Log(2)
    for number in range(200):
        for partition in (0, 1) if number % 2 else (1, 0):
            log.append(oracle.event(number, NOON), NOON, partition)

    async def own(partition: int) -> None:
        engine = new_engine(database)
        position = dict(await engine.claim([partition]))

        async def seek(_: int, offset: int) -> None:
            position[partition] = offset

        engine.on_seek(seek)
        while engine.durable(partition) < 200:
            batch = log.batch(partition, position[partition], position[partition] + 7)
            position[partition] = batch.end
            await engine.measure(batch)
            await engine.settle()
        await engine.close()

    await asyncio.gather(own(0), own(1))
    assert stored(database, NOON)["1h", "web", "buy", "nps"] == {9: 200}


def test_while_another_is_in_its_round_nobody_waits_for_it(database: Engine) -> None:
    one, two = Lease("decide"), Lease("decide")
    with database.begin() as deciding:
        assert one.hold(deciding)
    with database.begin() as deciding:
        assert one.hold(deciding)
        began = time.monotonic()
        with database.begin() as other:
            assert not two.hold(other, seize=True)
        assert time.monotonic() - began < 4  # lock_timeout is 5 s


@pytest.mark.long
def test_one_that_froze_in_its_round_is_taken_over_within_ten_seconds(database: Engine) -> None:
    one, two = Lease("decide"), Lease("decide")
    frozen = database.connect()
    assert one.hold(frozen)
    frozen.commit()
    assert one.hold(frozen)  # a transaction that never ends: its process is stopped
    began = time.monotonic()
    while True:
        with database.begin() as conn:
            if two.hold(conn):
                break
        assert time.monotonic() - began < 10
        time.sleep(0.2)
    print(f"taken over after {time.monotonic() - began:.1f} s")
    frozen.invalidate()
    with database.connect() as conn:
        assert not one.held(conn)


def test_the_clock_is_the_servers_and_runs_on_while_it_is_away(database: Engine) -> None:
    answers: list[int | None] = [5 * HOUR_MS, None, 7 * HOUR_MS]

    def ask() -> int:
        found = answers.pop(0)
        if found is None:
            with database.connect() as conn:
                conn.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        assert found is not None
        return found

    clock = ServerClock(ask, again_s=0.05)
    assert 0 <= clock.now_ms() - 5 * HOUR_MS < 1_000
    until = time.monotonic() + 10
    while answers and time.monotonic() < until:
        assert clock.now_ms() >= 5 * HOUR_MS
        time.sleep(0.02)
    while clock.now_ms() < 7 * HOUR_MS and time.monotonic() < until:
        time.sleep(0.02)
    assert 0 <= clock.now_ms() - 7 * HOUR_MS < 5_000


def test_an_engine_waits_for_nothing_for_ever(postgres: Server, database: Engine) -> None:
    with database.connect() as conn:
        assert abs(server_ms(conn) - time.time() * 1_000) < 2_000
        for name, most_ms in (
            ("statement_timeout", 30_000),
            ("lock_timeout", 5_000),
            ("idle_in_transaction_session_timeout", 5_000),
        ):
            set_to = conn.exec_driver_sql("SELECT setting FROM pg_settings WHERE name = %s", (name,)).scalar_one()
            assert 0 < int(set_to) <= most_ms
    over_tcp = postgres.tcp_url(NAME).replace("cxwatch@", "cxwatch:correct%20horse@")
    engine = open_engine(over_tcp, durable=True)
    with engine.connect() as conn:
        assert conn.exec_driver_sql("SHOW tcp_user_timeout").scalar() == "5000"
        assert conn.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    engine.dispose()


def test_text_of_any_kind_is_kept_as_it_is_and_ordered_by_code_points(database: Engine) -> None:
    names = ["Zoë", "zoe", "a b", "a-b", "Ä", "😀", "ａ", "'; DROP TABLE cases; --", "\\", "{}", "NULL", '"', "\u2028"]
    log = Log()
    for number, name in enumerate(names):
        log.append(oracle.event(number, NOON, customer=name, comment=name, score=1), NOON)
    log.append_raw(oracle.raw(oracle.event(99, NOON, customer="nul")).replace(b"nul", b"n\\u0000l"), NOON)

    async def run() -> None:
        engine = new_engine(database)
        await engine.claim([0])
        await engine.measure(log.batch(0, 0, 99))
        await engine.close()

    asyncio.run(run())
    with database.connect() as conn:
        rows = conn.exec_driver_sql("SELECT customer, comment FROM feedback ORDER BY customer").all()
        assert [tuple(row) for row in rows] == [(name, name) for name in sorted(names)]
        assert [row.field for row in conn.exec_driver_sql("SELECT field FROM dead_letters")] == ["customer"]
