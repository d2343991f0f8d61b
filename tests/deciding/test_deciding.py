"""DECIDE as a part of a process: woken by commits, says why it stands still, and goes on by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text, update
from sqlalchemy.exc import OperationalError

from cxwatch.decide.lease import Lease
from cxwatch.decide.tables import leases
from cxwatch.deciding import Deciding
from streams.clock import HOUR_MS
from streams.signal import Signal
from tests.deciding.rig import T0, Shop
from tests.measure import oracle


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(8):
        while not true():  # noqa: ASYNC110  # the truth is in the database
            await asyncio.sleep(0.02)


class House:
    def __init__(self, shop: Shop) -> None:
        self.measured, self.decided = Signal(), Signal()
        self.fatal: list[BaseException] = []
        self.deciding = Deciding(
            shop.decider,
            shop.log,
            shop.clock,
            measured=self.measured,
            decided=self.decided,
            on_fatal=self.fatal.append,
        )


async def test_a_commit_wakes_it_and_what_it_decides_rings(truthful: Shop) -> None:
    house = House(truthful)
    truthful.clock.set(T0 + HOUR_MS)
    house.deciding.start()
    await truthful.append([oracle.event(1, T0 + HOUR_MS, score=1, customer="ann")])
    await truthful.measure()
    house.measured.ring()
    await until(lambda: house.decided.rings == 1)
    assert len(truthful.rows()["cases"]) == 1
    assert house.deciding.lagging_reason is None
    await house.deciding.stop()
    with truthful.database.begin() as conn:
        assert Lease("decide").hold(conn)  # given up: another takes over at once
    assert house.fatal == []


@pytest.mark.parametrize("truthful", ["sqlite"], indirect=True)  # PostgreSQL's outages: tests/faults
async def test_a_database_that_refuses_is_named_and_tried_again(truthful: Shop) -> None:
    await truthful.step(T0 + HOUR_MS)
    with truthful.database.begin() as conn:
        conn.execute(text("ALTER TABLE leases RENAME TO away"))
    house = House(truthful)
    await truthful.append([oracle.event(1, T0 + HOUR_MS, score=1, customer="ann")])
    await truthful.measure()
    house.deciding.start()
    await until(lambda: house.deciding.lagging_reason is not None)
    assert "database" in str(house.deciding.lagging_reason)
    assert truthful.rows("leases")["cases"] == []
    with truthful.database.begin() as conn:
        conn.execute(text("ALTER TABLE away RENAME TO leases"))
    await until(lambda: house.deciding.lagging_reason is None)
    assert len(truthful.rows()["cases"]) == 1
    await house.deciding.stop()
    assert house.fatal == []


async def test_while_another_decides_it_says_so(shop: Shop) -> None:
    with shop.database.begin() as conn:
        Lease("decide").hold(conn)
    house = House(shop)
    house.deciding.start()
    await until(lambda: house.deciding.lagging_reason == "another process decides")
    with shop.database.begin() as conn:
        conn.execute(update(leases).values(until_ms=0))
    house.measured.ring()
    await until(lambda: house.deciding.lagging_reason is None)
    await house.deciding.stop()


async def test_one_that_has_given_up_stops_without_another_word(shop: Shop) -> None:
    house = House(shop)
    house.deciding = Deciding(
        replace(shop.decider, engine=create_engine("sqlite:////nowhere/state.db")),
        shop.log,
        shop.clock,
        measured=house.measured,
        decided=house.decided,
        on_fatal=house.fatal.append,
        failures_max=2,
    )
    house.deciding.start()
    await until(lambda: bool(house.fatal))
    await house.deciding.stop()  # what comes after it in an orderly end must happen too
    assert isinstance(house.fatal[0], OperationalError)
