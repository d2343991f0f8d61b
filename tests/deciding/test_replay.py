"""Replay: the log measured again gives the live tables, and says where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from cxwatch.database import open_engine
from cxwatch.replaying import ReplayResult, replay
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS
from streams.store.tables import customers, erasures, feedback, panes
from tests.deciding.rig import T0, Shop, answers, open_tables
from tests.deciding.test_erasure import KEY, NOW, complaint, deliver, erasure, fill
from tests.measure import oracle

pytestmark = pytest.mark.slow_on_postgresql


async def again(shop: Shop, name: str = "fresh.db") -> ReplayResult:
    fresh = open_tables(shop.folder / name)
    try:
        return await replay(shop.log, shop.database, fresh, shop.settings, shop.clock.now_ms())
    finally:
        fresh.dispose()


def differing(result: ReplayResult) -> list[str]:
    return [f"{t.table} {example}" for t in result.tables for example in t.examples]


async def normal(shop: Shop) -> None:
    """A day with duplicates, revisions, refused events, history and interactions, measured in small steps."""
    await shop.step(T0 + HOUR_MS, answers(T0 - 3 * DAY_MS, T0 - 2 * DAY_MS, 2, 0.3))
    for hour in range(1, 6):
        start = T0 + hour * HOUR_MS
        some = answers(start, start + HOUR_MS, 12, 0.2)
        visits = [
            oracle.event(9_000 + hour * 10 + i, start + i * MINUTE_MS, type="interaction", interaction="payment_failed",
                         customer=f"v{i}", wait_seconds=30 * i, contact_id="k1")
            for i in range(4)
        ]  # fmt: skip
        revised = [{**some[0], "revision": 1, "score": 0, "comment": "Worse than I thought"}]
        await shop.step(start + HOUR_MS, [*some, *visits, *some[:3], *revised, {**some[1], "id": "bad", "score": 99}])


async def test_it_is_equal_on_a_normal_stream(truthful: Shop) -> None:
    await normal(truthful)
    before = truthful.rows()
    result = await again(truthful)
    assert differing(result) == []
    assert result.equal
    assert result.whole
    assert result.records == sum(truthful.log.ends().values())
    assert {t.table: t.rows for t in result.tables}["feedback"] == len(before["feedback"]) > 100
    assert truthful.rows() == before


async def test_it_stops_where_the_live_tables_stand(shop: Shop) -> None:
    await normal(shop)
    await shop.append(answers(T0 + 7 * HOUR_MS, T0 + 8 * HOUR_MS, 30, 0.1))  # not measured yet
    assert (await again(shop)).equal


async def test_a_pane_altered_by_hand_is_named(shop: Shop) -> None:
    await normal(shop)
    with shop.database.begin() as conn:
        minute = conn.execute(select(panes.c.minute).where(panes.c.metric == "nps").limit(1)).scalar_one()
        theirs = (panes.c.minute == minute) & (panes.c.metric == "nps")
        conn.execute(update(panes).where(theirs).values(n=panes.c.n + 1))
    result = await again(shop)
    assert not result.equal
    (name,) = differing(result)
    assert name.startswith(f"panes {minute} web buy nps hot")


@pytest.mark.parametrize("table", [feedback, customers])
async def test_rows_that_are_gone_are_missed_and_never_quoted(shop: Shop, table) -> None:  # type: ignore[no-untyped-def]
    await normal(shop)
    with shop.database.begin() as conn:
        keys = conn.execute(select(*table.primary_key.columns).limit(2)).all()
        for key in keys:
            conn.execute(delete(table).where(*(c == v for c, v in zip(table.primary_key.columns, key, strict=True))))
    result = await again(shop)
    found = {t.table: t.differences for t in result.tables if t.differences}
    assert found == {table.name: 2}
    assert "Worse" not in repr(result)


async def test_it_keeps_erasures_under_their_tokens(truthful: Shop, tmp_path: Path) -> None:
    await fill(truthful)
    await truthful.step(NOW, [erasure(NOW)])
    truthful.erase()
    await deliver(truthful)
    await truthful.step(NOW + HOUR_MS, [complaint(60, NOW - HOUR_MS), complaint(61, NOW + HOUR_MS)])
    result = await again(truthful)
    assert differing(result) == []
    fresh = open_engine(tmp_path / "fresh.db", durable=False)
    with fresh.connect() as new, truthful.database.connect() as old:
        assert new.execute(select(erasures)).all() == old.execute(select(erasures)).all()
        named = new.execute(select(feedback.c.time_ms).where(feedback.c.customer == KEY)).scalars().all()
    fresh.dispose()
    assert named == [NOW + HOUR_MS]


async def test_an_erasure_on_its_way_changes_nothing(truthful: Shop) -> None:
    await fill(truthful)
    await truthful.step(NOW, [erasure(NOW)])
    assert differing(await again(truthful)) == []


async def test_a_log_cut_by_retention_is_compared_as_far_as_it_can_tell(truthful: Shop) -> None:
    """Customers whose first complaint and first contacts were cut off: no difference is claimed because of it."""
    for hour in range(10 * 24):
        if hour % 6 == 0:
            at_ms = T0 + hour * HOUR_MS
            again_and_again = oracle.event(hour * 10, at_ms, score=1, customer=f"c{hour // 6 % 2}")
            ring = oracle.event(
                hour * 10 + 1, at_ms, type="interaction", interaction="call", customer="v", contact_id=f"k{hour // 72}"
            )
            await truthful.step(at_ms, [again_and_again, ring])
    assert (await again(truthful, "whole.db")).equal
    keep = truthful.log.ends()
    assert truthful.log.expire(T0 + DAY_MS + 7 * HOUR_MS, keep) > 0
    result = await again(truthful)
    assert not result.whole
    assert differing(result) == []
    compared = {t.table: t.rows for t in result.tables}
    rows = truthful.rows()
    assert compared["customers"] == 0
    for table in ("panes", "hour_panes", "feedback", "flags"):
        assert 0 < compared[table] < len(rows[table])


async def test_an_empty_database_has_nothing_to_compare(shop: Shop) -> None:
    result = await again(shop)
    assert result.equal
    assert result.records == 0
