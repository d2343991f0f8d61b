"""The quiet days that streams are simulated from: of this product's database, or of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from alerting.tables import incident_members, incidents
from cxwatch.backtest import Rules, Timed, measured
from cxwatch.errors import CxwatchError
from detectors.backtest import Mark
from detectors.bootstrap import Place, QuietDay, quiet_days
from streams.clock import DAY_MS, MINUTE_MS, MINUTES_PER_DAY
from streams.store.minutes import KINDS, leaf_hours, leaf_minutes

DAYS_MAX = 120  # the newest
DAYS_MIN = 7
PLACES_MAX = 200  # with spikes: the busiest
ANSWERS_MIN = 30  # a place needs at least so many to have a usual
FOREVER = 2**31 - 1  # minute


class TooLittle(CxwatchError):
    """There are not enough quiet days."""


@dataclass(frozen=True, slots=True)
class Past:
    """Quiet days, how many days were left out, and the places: bad share 0..1 and events a day of each."""

    days: Sequence[QuietDay]
    left_out: int
    usual: dict[Place, float]
    a_day: dict[Place, float]


def past_of_database(conn: Connection) -> Past:
    """The newest days of what was measured, without those in which an incident was open that people were told of."""
    m = incident_members.c
    query = (
        select(incidents.c.since_ms, incidents.c.resolved_ms)
        .where(incidents.c.spam.is_(False), select(m.number).where(m.number == incidents.c.number, m.page).exists())
        .limit(100_000)
    )
    troubled = [(since, end) for since, end in conn.execute(query)]

    def quiet(start_ms: int) -> bool:
        return not any(since < start_ms + DAY_MS and (end is None or end >= start_ms) for since, end in troubled)

    return _past(conn, quiet)


async def past_of_events(events: Sequence[Timed], rules: Rules, marks: Iterable[Mark]) -> Past:
    """The newest days of a stream: those marked quiet, or where none is, all that are not marked otherwise."""
    known = list(marks)
    calm = [mark for mark in known if mark.kind == "quiet"]
    other = [mark for mark in known if mark.kind != "quiet"]

    def quiet(start_ms: int) -> bool:
        end_ms = start_ms + DAY_MS
        if any(mark.start_ms < end_ms and mark.end_ms > start_ms for mark in other):
            return False
        return not calm or any(mark.start_ms <= start_ms and end_ms <= mark.end_ms for mark in calm)

    database = await measured(events, rules)
    try:
        with database.connect() as conn:
            return _past(conn, quiet)
    finally:
        database.dispose()


def _past(conn: Connection, quiet: Callable[[int], bool]) -> Past:
    hours = {kind: leaf_hours(conn, 0, FOREVER, kind) for kind in KINDS}
    found = [row.minute for rows in hours.values() for row in rows]
    first, last = (min(found), max(found)) if found else (0, 0)
    begin = first - first % MINUTES_PER_DAY + MINUTES_PER_DAY  # the first day and the last may not be whole
    end = last - last % MINUTES_PER_DAY
    whole = range(max(begin, end - DAYS_MAX * MINUTES_PER_DAY), end, MINUTES_PER_DAY)
    starts = [start for start in whole if quiet(start * MINUTE_MS)]
    if len(starts) < DAYS_MIN:
        raise TooLittle(
            f"there are {len(starts)} whole quiet days (of {len(whole)}); simulating needs {DAYS_MIN}: give a longer "
            "history, or mark what was quiet with --marks"
        )
    minutes = {kind: leaf_minutes(conn, starts[0], end, kind) for kind in KINDS}
    n: dict[Place, list[int]] = {}
    calm = set(starts)
    for kind in KINDS:
        for row in hours[kind]:
            if row.minute - row.minute % MINUTES_PER_DAY in calm:
                slot = n.setdefault((kind, row.channel, row.stage), [0, 0])
                slot[0] += row.n
                slot[1] += row.bad
    busiest = sorted(n, key=lambda place: (-n[place][0], place))[:PLACES_MAX]
    kept = [place for place in busiest if n[place][0] >= ANSWERS_MIN]
    return Past(
        days=quiet_days(hours, minutes, starts),
        left_out=len(whole) - len(starts),
        usual={place: n[place][1] / n[place][0] for place in kept},
        a_day={place: n[place][0] / len(starts) for place in kept},
    )
