"""The bad share of a place as a drawing: of the last 60 minutes at each moment, with its interval, its usual and marks.

Geometry goes into attributes and colour into classes: the content security policy allows no inline style.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from detectors.chance import wilson
from streams.clock import HOUR_MS, MINUTE_MS
from streams.records import LeafMinute

WIDTH, LEFT, RIGHT = 860, 46, 850
TOP, BOTTOM = 56, 236  # of the share, 100 % and 0 %
BARS_TOP, BARS_BOTTOM = 268, 330
BEFORE_MS, AFTER_MS = 4 * HOUR_MS, HOUR_MS // 2
LONGEST_MS = 48 * HOUR_MS
POINTS = 120
BARS = 48
LOOK_BACK_MS = HOUR_MS
MARKS_Y = (14, 26)  # their words stand above those of the start, in two rows


@dataclass(frozen=True, slots=True)
class Bar:
    """Answers of one stretch of time: `bad` stands below, the others above."""

    x: float
    width: float
    bad_y: float
    bad_height: float
    other_y: float
    other_height: float


@dataclass(frozen=True, slots=True)
class Moment:
    """One point of the line, also as a row of the table."""

    at_ms: int
    n: int
    bad: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment in the incident's life: `name` is fired, taken or resolved; `y` is where its words stand."""

    name: str
    at_ms: int
    x: float
    y: int
    anchor: str


@dataclass(frozen=True, slots=True)
class ShareChart:
    """The drawing. Paths are empty where nothing was answered."""

    before: str
    before_band: str
    since: str
    since_band: str
    since_x: float
    usual_y: float | None
    band_y: float
    band_height: float
    bars: tuple[Bar, ...]
    bars_most: int
    ticks: tuple[tuple[float, int], ...]
    last: tuple[float, float] | None
    moments: tuple[Moment, ...]
    marks: tuple[Mark, ...] = ()


def span_of(since_ms: int, end_ms: int) -> tuple[int, int]:
    """From when to when the drawing goes: four hours before the start, at most two days back."""
    return max(since_ms - BEFORE_MS, end_ms - LONGEST_MS), end_ms


def share_chart(
    minutes: Iterable[LeafMinute],
    since_ms: int,
    end_ms: int,
    usual: tuple[float, float, float] | None,
    marks: Iterable[tuple[str, int]] = (),
) -> ShareChart | None:
    """The drawing of a place's minutes; `usual` is its share with low and high. None without a single answer.

    `marks` are moments to name, (name, time), in order.
    """
    start_ms, end_ms = span_of(since_ms, end_ms)
    counted = _cumulated(minutes)
    moments = tuple(_moments(counted, start_ms, end_ms))
    if not moments:
        return None
    span = max(1, end_ms - start_ms)

    def x(ms: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (ms - start_ms) / span, 1)

    old = [m for m in moments if m.at_ms <= since_ms]
    new = [*old[-1:], *(m for m in moments if m.at_ms > since_ms)]
    bars, most = _bars(counted, start_ms, end_ms)
    return ShareChart(
        before=_line(old, x),
        before_band=_band(old, x),
        since=_line(new, x) if len(new) > 1 else "",
        since_band=_band(new, x) if len(new) > 1 else "",
        since_x=x(max(since_ms, start_ms)),
        usual_y=None if usual is None else _y(usual[0]),
        band_y=0.0 if usual is None else _y(usual[2]),
        band_height=0.0 if usual is None else round(_y(usual[1]) - _y(usual[2]), 1),
        bars=bars,
        bars_most=most,
        ticks=tuple((x(ms), ms) for ms in ticks_of(start_ms, end_ms)),
        last=(x(moments[-1].at_ms), _y(moments[-1].share)),
        moments=moments,
        marks=tuple(
            Mark(name, at_ms, x(at_ms), MARKS_Y[place % 2], "end" if x(at_ms) > RIGHT - 90 else "left")
            for place, (name, at_ms) in enumerate(marks)
            if start_ms <= at_ms <= end_ms
        ),
    )


Counted = tuple[list[int], list[int], list[int]]


def _cumulated(minutes: Iterable[LeafMinute]) -> Counted:
    """Minutes with answers, in order, and how many answers and bad ones came up to and with each."""
    totals: dict[int, tuple[int, int]] = {}
    for one in minutes:
        n, bad = totals.get(one.minute, (0, 0))
        totals[one.minute] = n + one.n, bad + one.bad
    at, all_n, all_bad = [], [0], [0]
    for minute in sorted(totals):
        at.append(minute * MINUTE_MS)
        all_n.append(all_n[-1] + totals[minute][0])
        all_bad.append(all_bad[-1] + totals[minute][1])
    return at, all_n, all_bad


def _between(counted: Counted, from_ms: float, to_ms: float) -> tuple[int, int]:
    at, all_n, all_bad = counted
    first, last = bisect_left(at, from_ms), bisect_left(at, to_ms)
    return all_n[last] - all_n[first], all_bad[last] - all_bad[first]


def _moments(counted: Counted, start_ms: int, end_ms: int) -> Iterable[Moment]:
    for step in range(POINTS + 1):
        at_ms = start_ms + (end_ms - start_ms) * step // POINTS
        n, bad = _between(counted, at_ms - LOOK_BACK_MS, at_ms + 1)
        if n:
            low, high = wilson(bad, n)
            yield Moment(at_ms, n, bad, bad / n, low, high)


def _bars(counted: Counted, start_ms: int, end_ms: int) -> tuple[tuple[Bar, ...], int]:
    step = max(MINUTE_MS, (end_ms - start_ms) / BARS)
    found = []
    for place in range(BARS):
        n, bad = _between(counted, start_ms + place * step, start_ms + (place + 1) * step)
        found.append((place, n, bad))
    most = max((n for _, n, _ in found), default=0) or 1
    height = BARS_BOTTOM - BARS_TOP
    width = (RIGHT - LEFT) / BARS
    bars = []
    for place, n, bad in found:
        bad_height, other = round(height * bad / most, 1), round(height * (n - bad) / most, 1)
        top = round(BARS_BOTTOM - bad_height, 1)
        bars.append(
            Bar(round(LEFT + place * width, 1), round(width - 2, 1), top, bad_height, round(top - other, 1), other)
        )
    return tuple(bars), most


def _y(share: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * min(1.0, max(0.0, share)), 1)


def _line(moments: Sequence[Moment], x: Callable[[float], float]) -> str:
    return "M" + "L".join(f"{x(m.at_ms)} {_y(m.share)}" for m in moments) if moments else ""


def _band(moments: Sequence[Moment], x: Callable[[float], float]) -> str:
    if not moments:
        return ""
    there = [f"{x(m.at_ms)} {_y(m.high)}" for m in moments]
    back = [f"{x(m.at_ms)} {_y(m.low)}" for m in reversed(moments)]
    return "M" + "L".join(there + back) + "Z"


def ticks_of(start_ms: int, end_ms: int) -> Iterable[int]:
    """The whole hours to name on the axis of time, about eight."""
    hours = max(1, round((end_ms - start_ms) / HOUR_MS / 8))
    first = -(-start_ms // (hours * HOUR_MS)) * hours * HOUR_MS
    return range(first, end_ms + 1, hours * HOUR_MS)
