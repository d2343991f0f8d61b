"""A round of DECIDE: whole or not there, idle while nothing is new, and deaf to what is history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError

from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS, minute_of
from streams.store.minutes import leaf_minutes
from tests.deciding.rig import T0, Shop, answers, spike
from tests.measure import oracle


@contextmanager
def dying(shop: Shop, where: str) -> Iterator[None]:
    """The database gives up while a decision is being written: at the first row of a table, or at the commit."""
    if where == "commit":

        def fail(_: object) -> None:
            raise OSError("the power is gone")

        event.listen(shop.database, "commit", fail)
        yield
        event.remove(shop.database, "commit", fail)
        return
    postgres = shop.database.dialect.name == "postgresql"
    with shop.database.begin() as conn:
        if postgres:
            body = "$$ BEGIN RAISE 'gone'; END $$"
            conn.execute(text(f"CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS {body}"))
            conn.execute(text(f"CREATE TRIGGER dying BEFORE INSERT ON {where} FOR EACH ROW EXECUTE FUNCTION die()"))
        else:
            conn.execute(text(f"CREATE TRIGGER dying BEFORE INSERT ON {where} BEGIN SELECT RAISE(ABORT, 'gone'); END"))
    yield
    with shop.database.begin() as conn:
        conn.execute(text("DROP FUNCTION die CASCADE" if postgres else "DROP TRIGGER dying"))


@contextmanager
def nothing_written(shop: Shop) -> Iterator[None]:
    """No row changes in here; on SQLite nothing is written at all."""
    before = shop.rows()
    with shop.database.connect() as watching:
        version = _version(watching)
        yield
        assert _version(watching) == version
    assert shop.rows() == before


def _version(watching: Connection) -> object:
    found = watching.execute(text("PRAGMA data_version")).scalar() if watching.dialect.name == "sqlite" else None
    watching.rollback()
    return found


@pytest.mark.parametrize("where", ["commit", "incidents", "outbox", "decide_cursors", "decided"])
async def test_a_round_that_dies_leaves_nothing_and_the_next_one_tells_once(shop: Shop, where: str) -> None:
    events = spike()
    onset = T0 + 24 * HOUR_MS
    await shop.step(onset, [e for e in events if e["time_ms"] < onset])
    shop.clock.set(onset + HOUR_MS)
    await shop.append([e for e in events if onset <= e["time_ms"] < onset + HOUR_MS])
    await shop.measure()
    before = shop.rows()
    with dying(shop, where), pytest.raises((OSError, DBAPIError)):
        shop.decide()
    assert shop.rows() == before
    assert shop.incidents() == []
    shop.decide()
    assert len(shop.incidents()) == 1
    after = shop.rows("leases", "incidents", "outbox", "incident_events")
    twin = shop.new_decider()  # a process that starts after the death
    with shop.database.begin() as conn:
        shop.decider.lease.give_up(conn)
    shop.decide(twin)
    assert shop.rows("leases", "incidents", "outbox", "incident_events") == after
    assert len(shop.incidents()) == 1
    assert len(shop.rows()["outbox"]) == 1


async def test_a_dead_round_tells_the_incident_that_an_undisturbed_one_tells(shop: Shop) -> None:
    events = [e for e in spike() if e["time_ms"] < T0 + 25 * HOUR_MS]
    shop.clock.set(events[-1]["time_ms"])
    await shop.append(events)
    await shop.measure()
    with dying(shop, "outbox"), pytest.raises(DBAPIError):
        shop.decide()
    shop.decide()  # with what is left in memory
    found = shop.rows("leases")
    with shop.database.begin() as conn:
        for table in found:
            if table.startswith(("decide", "incident", "outbox", "notes", "detect")):
                conn.execute(text(f"DELETE FROM {table}"))  # names of our own tables
        shop.decider.lease.give_up(conn)
    shop.decide(shop.new_decider())
    again = shop.rows("leases")
    assert again["incidents"] == found["incidents"]
    assert again["incident_members"] == found["incident_members"]


async def test_nothing_is_written_while_nothing_is_new(shop: Shop) -> None:
    await shop.step(T0 + HOUR_MS, answers(T0, T0 + HOUR_MS, 20, 0.1))
    with nothing_written(shop):
        for _ in range(5):
            shop.decide()


async def test_nothing_is_written_before_the_first_event_either(shop: Shop) -> None:
    await shop.step(T0)
    with nothing_written(shop):
        for minutes in range(1, 5):
            shop.clock.set(T0 + minutes * MINUTE_MS)
            shop.decide()


async def test_quiet_minutes_are_closed_by_the_clock(shop: Shop) -> None:
    await shop.step(T0 + HOUR_MS, answers(T0, T0 + HOUR_MS, 20, 0.1))
    assert shop.closed_to() == minute_of(T0 + HOUR_MS) - 1
    await shop.step(T0 + 2 * HOUR_MS + 30_000)
    assert shop.closed_to() == minute_of(T0 + 2 * HOUR_MS) - 1


async def test_a_long_catch_up_goes_in_steps_and_ends_at_the_same_minute(shop: Shop) -> None:
    shop.clock.set(T0 + 2 * DAY_MS)
    await shop.append(answers(T0 + 25 * HOUR_MS, T0 + 2 * DAY_MS, 4, 0.1))
    await shop.measure()
    first = shop.decider.decide(shop.clock.now_ms(), shop.log.ends())
    assert first is not None
    assert first.more
    shop.decide()
    assert shop.closed_to() == minute_of(T0 + 2 * DAY_MS) - 1


async def test_history_opens_nothing_and_closes_nothing(truthful: Shop) -> None:
    await truthful.step(T0 + 30 * DAY_MS, answers(T0, T0 + 28 * DAY_MS, 2, 0.5, comment="Never again"))
    rows = truthful.rows()
    assert (rows["incidents"], rows["cases"], rows["outbox"], rows["flags"]) == ([], [], [], [])
    assert truthful.closed_to() is None
    assert len(rows["feedback"]) == 28 * 24 * 2


async def test_one_bad_event_at_a_moment_of_truth_opens_one_case_however_many_rounds(truthful: Shop) -> None:
    await truthful.step(T0 + HOUR_MS, [oracle.event(1, T0 + HOUR_MS, score=1, customer="ann")])
    for minutes in range(1, 5):
        await truthful.step(T0 + HOUR_MS + minutes * MINUTE_MS)
    with truthful.database.begin() as conn:
        truthful.decider.lease.give_up(conn)
    truthful.decide(truthful.new_decider())
    assert len(truthful.rows()["cases"]) == 1


async def test_no_minute_is_closed_while_an_event_within_the_lateness_can_still_enter_it(shop: Shop) -> None:
    """The very first event of a product: it is seconds old, and so is the one a minute before it, still on its way."""
    await shop.step(T0 + 10 * MINUTE_MS + 5_000, [oracle.event(1, T0 + 10 * MINUTE_MS + 1_000)])
    closed = shop.closed_to()
    assert closed is None or closed <= minute_of(T0 + 9 * MINUTE_MS)


async def test_a_partition_behind_holds_the_first_closing_back(shop: Shop) -> None:
    events = answers(T0, T0 + HOUR_MS, 60, 0.1)
    shop.clock.set(T0 + HOUR_MS)
    await shop.append(events)
    await shop.measure([0])
    shop.decide()
    assert shop.closed_to() is None
    await shop.measure([1])
    shop.decide()
    assert shop.closed_to() == minute_of(T0 + HOUR_MS) - 1


async def late_complaints(shop: Shop) -> int:
    """Three days of calm, then complaints about an hour that is closed; the minute being closed when they come."""
    end = T0 + 3 * DAY_MS
    calm = answers(T0, end, 6, 0.1)
    for part in range(3):
        start, to = T0 + part * DAY_MS, T0 + (part + 1) * DAY_MS
        await shop.step(to, [e for e in calm if start <= e["time_ms"] < to])
    late = answers(end - 3 * HOUR_MS, end - 2 * HOUR_MS, 40, 1.0, seed=2)
    shop.clock.set(end + 30_000)
    await shop.append(late)
    return minute_of(end) - 1


async def test_a_late_event_enters_at_the_minute_being_closed(shop: Shop) -> None:
    closing = await late_complaints(shop)
    await shop.measure()
    shop.decide()
    (incident,) = shop.incidents()
    assert minute_of(incident.opened_ms) - closing in (0, 1)
    with shop.database.connect() as conn:
        own = leaf_minutes(conn, minute_of(T0 + 3 * DAY_MS - 3 * HOUR_MS), minute_of(T0 + 3 * DAY_MS - 2 * HOUR_MS))
    assert sum(minute.bad for minute in own) >= 40


async def test_late_events_are_not_lost_while_nothing_can_be_closed(shop: Shop) -> None:
    """A partition that nobody has claimed yet holds everything back; what came late meanwhile is told afterwards."""
    await late_complaints(shop)
    await shop.measure()
    ends = shop.log.ends()
    shop.decider.decide(shop.clock.now_ms(), {**ends, 7: 3})  # a third partition, read by nobody so far
    assert shop.incidents() == []
    shop.decide()
    assert len(shop.incidents()) == 1
