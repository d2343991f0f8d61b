"""The main score over the past two weeks: of the last 24 hours at each moment, from hours that are added up."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from dashboards.readings import Desk
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS, MINUTES_PER_HOUR, minute_of
from streams.panes import decode_counts
from streams.scales import Score, score_of
from streams.store.tables import hour_panes

TREND_DAYS = 14
STEP_HOURS = 3
HOURS_A_WINDOW = 24
Counts = dict[int, int]


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """The score of the 24 hours that end at `at_ms`; without a value where there were too few answers."""

    at_ms: int
    score: Score


async def read_trend(desk: Desk, metric: str, kind: str) -> list[TrendPoint]:
    """Every three hours of the past 14 days, up to the last whole hour. Read once an hour."""
    end = minute_of(desk.context.clock.now_ms() // HOUR_MS * HOUR_MS)
    start = end - minute_of((TREND_DAYS + 1) * DAY_MS)

    def read(conn: Connection) -> list[TrendPoint]:
        return trend(read_hours(conn, metric, kind, start, end), metric, end, desk.context.measure.min_n)

    return await desk.slow(("trend", metric, kind, end), read)


def read_hours(conn: Connection, metric: str, kind: str, from_minute: int, to_minute: int) -> dict[int, Counts]:
    """Answers everywhere by hour (its first minute) and score point, history included."""
    c = hour_panes.c
    query = select(c.minute, c.counts).where(
        c.minute >= from_minute, c.minute < to_minute, c.metric == metric, c.survey_kind == kind
    )
    hours: dict[int, Counts] = {}
    for minute, counts in conn.execute(query):
        add(hours.setdefault(minute, {}), decode_counts(counts))
    return hours


def trend(hours: Mapping[int, Counts], metric: str, end_minute: int, min_n: int) -> list[TrendPoint]:
    """The points up to `end_minute`, each over the 24 hours before it."""
    window: deque[Counts] = deque(maxlen=HOURS_A_WINDOW)
    points = []
    steps = TREND_DAYS * HOURS_A_WINDOW // STEP_HOURS
    first = end_minute - (steps * STEP_HOURS + HOURS_A_WINDOW) * MINUTES_PER_HOUR
    for minute in range(first, end_minute, MINUTES_PER_HOUR):
        window.append(hours.get(minute, {}))
        until = minute + MINUTES_PER_HOUR
        if len(window) == HOURS_A_WINDOW and (end_minute - until) % (STEP_HOURS * MINUTES_PER_HOUR) == 0:
            total: Counts = {}
            for counts in window:
                add(total, counts)
            points.append(TrendPoint(until * MINUTE_MS, score_of(metric, total, min_n)))
    return points


def add(into: Counts, counts: Mapping[int, int]) -> None:
    """Add counts to a sum."""
    for point, count in counts.items():
        into[point] = into.get(point, 0) + count
