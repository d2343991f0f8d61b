"""Retention: what outlived its time goes, the rest stays, and the log is never cut beyond what is measured."""

from __future__ import annotations

from sqlalchemy import select

from cxwatch.upkeep import Upkeep
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS
from streams.settings import MeasureSettings
from streams.store.tables import customers, feedback, hour_panes, panes
from tests.deciding.rig import T0, Shop
from tests.measure import oracle

SETTINGS = MeasureSettings(minute_pane_days=10, hour_pane_days=100, feedback_days=50)
END = T0 + 500 * DAY_MS


def upkeep(shop: Shop, log_days: int = 400) -> Upkeep:
    return Upkeep(shop.database, shop.log, shop.clock, SETTINGS, log_days)


async def at_ages(shop: Shop, *days: int) -> None:
    """An answer of a customer each, appended as it happened; then the clock says END."""
    for number, age in enumerate(sorted(days, reverse=True)):
        at_ms = END - age * DAY_MS + MINUTE_MS
        shop.clock.set(at_ms)
        await shop.append([oracle.event(number, at_ms, customer=f"aged{age}")])
    await shop.measure()
    shop.clock.set(END)


def ages(shop: Shop) -> dict[str, list[int]]:
    """Table -> the ages in days of what it still holds."""
    with shop.database.connect() as conn:
        found = {
            table.name: [round((END // MINUTE_MS - minute) / 1_440) for minute in conn.execute(query).scalars()]
            for table, query in ((t, select(t.c.minute).order_by(t.c.minute)) for t in (panes, hour_panes))
        }
        answered = conn.execute(select(feedback.c.time_ms).order_by(feedback.c.time_ms)).scalars()
        found["feedback"] = [round((END - time_ms) / DAY_MS) for time_ms in answered]
        names = conn.execute(select(customers.c.customer)).scalars()
        found["customers"] = sorted((int(name.removeprefix("aged")) for name in names), reverse=True)
    return found


async def test_each_table_keeps_what_is_young_enough(shop: Shop) -> None:
    await at_ages(shop, 450, 401, 400, 101, 100, 51, 50, 11, 10, 1)
    gone = await upkeep(shop, log_days=10_000).once()
    assert ages(shop) == {
        "panes": [10, 1],
        "hour_panes": [100, 51, 50, 11, 10, 1],
        "feedback": [50, 11, 10, 1],
        "customers": [400, 101, 100, 51, 50, 11, 10, 1],
    }
    assert gone == 8 + 4 + 6 + 2


async def test_a_second_run_finds_nothing(shop: Shop) -> None:
    await at_ages(shop, 450, 401, 60, 1)
    assert await upkeep(shop).once() > 0
    before = shop.rows()
    assert await upkeep(shop).once() == 0
    assert shop.rows() == before


async def test_many_rows_go_in_slices(shop: Shop) -> None:
    shop.clock.set(T0)
    for start in range(0, 2_500, 500):
        await shop.append(oracle.event(i, T0 - i * 1_000, customer=f"c{i}") for i in range(start, start + 500))
    await shop.append([oracle.event(9_999, T0 + MINUTE_MS, customer="aged1")])
    await shop.measure()
    shop.clock.set(T0 + 60 * DAY_MS)
    await upkeep(shop, log_days=10_000).once()
    with shop.database.connect() as conn:
        assert conn.execute(select(feedback.c.key)).all() == []
        assert conn.execute(select(panes.c.minute)).all() == []
        assert len(conn.execute(select(customers.c.customer)).all()) == 2_501


def readable(shop: Shop) -> int:
    """Records that the log still holds."""
    return sum(len(shop.log.read(p, 0, 10_000).values) for p in range(shop.log.partitions))


async def test_the_log_drops_old_records_and_keeps_young_ones(shop: Shop) -> None:
    await at_ages(shop, 450, 401, 399, 1)
    assert readable(shop) == 4
    await upkeep(shop).once()
    assert readable(shop) == 2
    await shop.step(END + HOUR_MS, [oracle.event(77, END + HOUR_MS, customer="new")])
    assert shop.rows()["partitions"]
    assert sum(shop.log.ends().values()) == 5


async def test_the_log_is_never_cut_beyond_what_is_measured(shop: Shop) -> None:
    shop.clock.set(T0)
    for i in range(6):
        await shop.append([oracle.event(i, T0, customer=f"c{i}")])
    await shop.measure([0])
    unread = len(shop.log.read(1, 0, 100).values)
    assert 0 < unread < 6
    shop.clock.set(END)
    await upkeep(shop).once()
    assert len(shop.log.read(1, 0, 100).values) == unread
    assert readable(shop) == unread
    await shop.measure()
    with shop.database.connect() as conn:
        assert len(conn.execute(select(customers.c.customer)).all()) >= unread


async def test_nothing_measured_yet_nothing_dropped(shop: Shop) -> None:
    await shop.append([oracle.event(1, T0, customer="ann")])
    shop.clock.set(END)
    assert await upkeep(shop).once() == 0
    assert readable(shop) == 1
