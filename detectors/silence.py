"""Silence: a place that normally speaks and stopped. A notice about what feeds us, never an incident of customers.

That nothing came is evidence when much was to be expected. Two things must say so: the usual of these hours of the
week, and what came in the same hours of the weeks before (one odd week of four is forgiven), for a usual knows neither
closed Sundays nor short Saturdays. Both are taken at half, because volumes wander; a chance counts answers as they
scatter in the segment's past, in clusters too (negative binomial). The bound keeps false notices under one a year over
everything that is watched: each answer begins a stretch that might stay silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from typing import NamedTuple

from detectors.baseline import Baseline, HourTotal
from detectors.budget import RARITY_MAX, Budget
from detectors.chance import usual_range
from detectors.records import Anomaly, Recovery
from detectors.sentence import heard_sentence, silence_sentence
from detectors.settings import DetectionSettings
from detectors.state import SegmentState
from streams.clock import MINUTE_MS, MINUTES_PER_DAY, MINUTES_PER_HOUR
from streams.records import Segment
from streams.store.minutes import Kind

LOOK_MINUTES = 15  # silence is looked at on a grid, so that it does not matter when a process started
RARE_WEEKS = 52.0  # weeks from one false notice to the next, at least, over everything
TOLERANCE = 2.0  # times fewer answers than usual are not beyond chance yet
DAYS_MIN = 14
WEEKS = 4
WEEKS_MIN = 2
WEEK = 7 * MINUTES_PER_DAY


class Told(NamedTuple):
    """In whose terms a silence is told."""

    settings: DetectionSettings
    budget: Budget
    kind: Kind
    metric: str | None


def needed(budget: Budget) -> float:
    """The evidence (negative logarithm of a chance) at which a silence is told."""
    return log(max(1.0, budget.updates_week) * RARE_WEEKS)


def evidence(expected: float, dispersion: float) -> float:
    """How unlikely it is that none came, as a negative logarithm, when half of `expected` are to be expected."""
    half = expected / TOLERANCE
    return half if dispersion <= 1.0 else half * log(dispersion) / (dispersion - 1)


def can_be_heard(usual: Baseline, need: float) -> bool:
    """Whether a week's silence would be evidence, and the usual is old enough to know its weekdays."""
    week = sum(usual.weekday) * sum(usual.answers_by_hour)
    return usual.days >= DAYS_MIN and evidence(week, usual.answers_dispersion) >= need


def due_minute(spoke: int, usual: Baseline, need: float) -> int:
    """The first minute of the grid at whose end the usual says that a silence since `spoke` is evidence."""
    wanted = need / evidence(1.0, usual.answers_dispersion)
    expected, minute = 0.0, spoke + 1
    while minute < spoke + WEEK + MINUTES_PER_DAY:
        until = (minute // MINUTES_PER_HOUR + 1) * MINUTES_PER_HOUR
        in_hour = usual.answers_between(minute, until)
        if expected + in_hour >= wanted:
            share = (wanted - expected) / in_hour
            return next_look(minute + int(share * (until - minute)))
        expected += in_hour
        minute = until
    return next_look(minute)


def next_look(minute: int) -> int:
    """The first minute of the grid that is not before a minute."""
    return -(-minute // LOOK_MINUTES) * LOOK_MINUTES


def quietest(weeks: Sequence[Sequence[HourTotal] | None], start: int, end: int) -> float | None:
    """How many answers came at least in the hours [start, end) of earlier weeks; None where too few are known.

    `weeks` are a segment's hours, one list for each week before, the last one first; None for a week of which nothing
    at all is known.
    """
    counts = sorted(
        sum(_within(hour, start - back * WEEK, end - back * WEEK) for hour in hours)
        for back, hours in enumerate(weeks, start=1)
        if hours is not None
    )
    if len(counts) < WEEKS_MIN:
        return None
    return counts[1] if len(counts) == WEEKS else counts[0]


def _within(hour: HourTotal, start: int, end: int) -> float:
    """The part of an hour's answers that falls into [start, end), spread evenly."""
    inside = min(end, hour.minute + MINUTES_PER_HOUR) - max(start, hour.minute)
    return hour.answers * max(0, inside) / MINUTES_PER_HOUR


def silence_of(
    segment: Segment, state: SegmentState, minute: int, usual: Baseline, least: float, by: Told
) -> Anomaly | None:
    """The notice of a silence up to the end of a minute; None where the weeks before say that it may be usual.

    `least` is what the quietest of them brought.
    """
    nats = evidence(min(least, usual.answers_between(state.spoke + 1, minute + 1)), usual.answers_dispersion)
    if nats < needed(by.budget):
        return None
    start = state.spoke + 1
    expected = usual.answers_between(start, minute + 1)
    low, high = usual_range(expected)
    return Anomaly(
        segment=segment,
        page=False,
        signal="silence",
        metric=by.metric,
        since_ms=start * MINUTE_MS,
        detected_ms=(minute + 1) * MINUTE_MS,
        observed=0.0,
        expected=expected,
        expected_low=low,
        expected_high=high,
        times_usual_volume=0.0,
        n=0,
        bad=0,
        evidence=min(RARITY_MAX, exp(min(nats, 30.0)) / max(1.0, by.budget.updates_week)),
        severity="minor",
        reason=silence_sentence(start, minute + 1, (expected, low, high), least, by.settings.timezone, by.kind),
        detectors=("silence",),
    )


def heard_again(segment: Segment, state: SegmentState, minute: int, n: int, by: Told) -> Recovery:
    """It speaks again."""
    return Recovery(
        segment=segment,
        at_ms=(minute + 1) * MINUTE_MS,
        n=n,
        bad=0,
        observed=float(n),
        expected=0.0,
        reason=heard_sentence(minute, minute - state.spoke, by.settings.timezone, by.kind),
        operations=True,
    )
