"""The main score over two weeks as a drawing: line, 95 % band, what is usual, the target, and open incidents."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dashboards.trend_readings import TREND_DAYS, TrendPoint
from streams.clock import DAY_MS
from streams.records import WindowSnapshot

WIDTH, HEIGHT = 900, 216
LEFT, RIGHT, TOP, BOTTOM = 46, 888, 12, 180
TEN = 10
LABEL_EVERY_DAYS = 2
MARKS_MAX = 5
Y = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class TrendChart:
    """In units of the view box. `ticks` are (y, value), `days` (x, time), `marks` (x, number of an incident)."""

    lines: tuple[str, ...]
    ribbons: tuple[str, ...]
    usual: tuple[float, float] | None  # y and height of the band
    target_y: float | None
    now: tuple[float, float] | None
    ticks: tuple[tuple[float, int], ...]
    days: tuple[tuple[float, int], ...]
    marks: tuple[tuple[float, int], ...]


def trend_chart(
    points: Sequence[TrendPoint],
    now: WindowSnapshot | None,
    usual: WindowSnapshot | None,
    target: float | None,
    incidents: Sequence[tuple[int, int]],
) -> TrendChart | None:
    """The drawing; None where fewer than two points have a score. `incidents` are (since_ms, number)."""
    if sum(point.score.value is not None for point in points) < 2:
        return None
    end_ms = points[-1].at_ms
    start_ms = end_ms - TREND_DAYS * DAY_MS
    levels = [level for one in points for level in (one.score.low, one.score.high) if level is not None]
    levels += [level for level in (target, usual and usual.low, usual and usual.high, now and now.low) if level]
    low, high = TEN * math.floor(min(levels) / TEN), TEN * math.ceil(max(levels) / TEN)
    high = max(high, low + 2 * TEN)

    def x(ms: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (ms - start_ms) / (end_ms - start_ms), 1)

    def y(value: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low), 1)

    runs = _runs(points)
    band = None
    if usual is not None and usual.low is not None and usual.high is not None:
        band = (y(usual.high), round(max(2.0, y(usual.low) - y(usual.high)), 1))
    step = TEN * max(1, math.ceil((high - low) / TEN / 5))
    return TrendChart(
        lines=tuple(_line(run, x, y) for run in runs),
        ribbons=tuple(_ribbon(run, x, y) for run in runs),
        usual=band,
        target_y=None if target is None else y(target),
        now=None if now is None or now.score is None else (x(end_ms), max(TOP, min(BOTTOM, y(now.score)))),
        ticks=tuple((y(value), value) for value in range(low, high + 1, step)),
        days=tuple(
            (x(ms), ms) for ms in range(-(-start_ms // DAY_MS) * DAY_MS, end_ms - DAY_MS, LABEL_EVERY_DAYS * DAY_MS)
        ),
        marks=tuple((x(ms), number) for ms, number in incidents if start_ms < ms <= end_ms)[:MARKS_MAX],
    )


def _runs(points: Sequence[TrendPoint]) -> list[list[TrendPoint]]:
    """Stretches without a gap."""
    runs: list[list[TrendPoint]] = [[]]
    for point in points:
        if point.score.value is not None:
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _line(run: Sequence[TrendPoint], x: Callable[[float], float], y: Y) -> str:
    return "M" + "L".join(f"{x(point.at_ms)} {y(point.score.value or 0.0)}" for point in run)


def _ribbon(run: Sequence[TrendPoint], x: Callable[[float], float], y: Y) -> str:
    above = [f"{x(point.at_ms)} {y(point.score.high or 0.0)}" for point in run]
    below = [f"{x(point.at_ms)} {y(point.score.low or 0.0)}" for point in reversed(run)]
    return "M" + "L".join([*above, *below]) + "Z"
