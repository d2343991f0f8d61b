"""How the evidence came up, as a drawing: as rare as once in a day, a week, a year, and the line at which it fires.

It stands under the drawing of the bad share and has its axis of time, so that the change point is one line in both.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from dashboards.pages.share_chart import LEFT, RIGHT, span_of, ticks_of
from detectors.records import CurvePoint

TOP, BOTTOM = 34, 134
LEAST_WEEKS = 1 / (7 * 24)  # an hour: the foot of the drawing
HOUR, DAY, WEEK, YEAR = "hour", "day", "week", "year"
LEVELS: tuple[tuple[str, float], ...] = ((HOUR, 1 / (7 * 24)), (DAY, 1 / 7), (WEEK, 1.0), (YEAR, 52.18))
ROWS_MAX = 24  # of the table
LABEL_HEIGHT = 14


@dataclass(frozen=True, slots=True)
class EvidenceChart:
    """The drawing. `fires_y` is the level at which it fires, None without one; `rows` are for the table."""

    path: str
    since_x: float
    fires_y: float | None
    levels: tuple[tuple[float, str], ...]
    last: tuple[float, float]
    last_weeks: float
    last_ms: int
    ticks: tuple[tuple[float, int], ...]
    rows: tuple[CurvePoint, ...]
    crossed_ms: int | None


def evidence_chart(curve: Sequence[CurvePoint], needed: float, since_ms: int, end_ms: int) -> EvidenceChart | None:
    """The drawing of a curve up to `end_ms`; `needed` is the level in weeks, 0 without one. None without a point."""
    if not curve:
        return None
    start_ms, end_ms = span_of(since_ms, max(end_ms, curve[-1].at_ms))
    shown = _within(curve, start_ms)
    most = max(1.0, needed, *(point.weeks for point in shown)) * 1.5
    span = max(1, end_ms - start_ms)

    def x(ms: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (ms - start_ms) / span, 1)

    def y(weeks: float) -> float:
        part = log(max(weeks, LEAST_WEEKS) / LEAST_WEEKS) / log(most / LEAST_WEEKS)
        return round(BOTTOM - (BOTTOM - TOP) * min(1.0, part), 1)

    path = f"M{x(shown[0].at_ms)} {y(shown[0].weeks)}"
    path += "".join(f"H{x(point.at_ms)}V{y(point.weeks)}" for point in shown[1:])
    last = shown[-1]
    every = max(1, -(-len(shown) // ROWS_MAX))
    return EvidenceChart(
        path=path,
        since_x=x(max(since_ms, start_ms)),
        fires_y=y(needed) if needed else None,
        levels=_apart([(y(weeks), name) for name, weeks in LEVELS if weeks <= most]),
        last=(x(last.at_ms), y(last.weeks)),
        last_weeks=last.weeks,
        last_ms=last.at_ms,
        ticks=tuple((x(ms), ms) for ms in ticks_of(start_ms, end_ms)),
        rows=tuple(shown[::-1][::every][::-1]),
        crossed_ms=next((point.at_ms for point in shown if needed and point.weeks >= needed), None),
    )


def _apart(levels: Sequence[tuple[float, str]]) -> tuple[tuple[float, str], ...]:
    """Without those whose names would stand on the one below."""
    kept = list(levels[:1])
    for level in levels[1:]:
        if kept[-1][0] - level[0] >= LABEL_HEIGHT:
            kept.append(level)
    return tuple(kept)


def _within(curve: Sequence[CurvePoint], start_ms: int) -> list[CurvePoint]:
    """The points from a time on; what stood there before begins the line."""
    place = bisect_right([point.at_ms for point in curve], start_ms)
    before = [CurvePoint(start_ms, curve[place - 1].weeks)] if place else []
    return before + list(curve[place:])
