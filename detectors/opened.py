"""An open anomaly in numbers: how bad and how rare it is, and the sentence and the record that people get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detectors.baseline import Baseline, HourTotal
from detectors.budget import Budget, severity
from detectors.chance import binomial_tail, poisson_tail, usual_range, wilson
from detectors.records import Anomaly, CurvePoint
from detectors.river_hourly import Drift
from detectors.sentence import Numbers, drift_sentence, share_sentence, volume_sentence
from detectors.settings import DetectionSettings
from detectors.state import SEVERITIES, SIGNALS, Open, SegmentState
from streams.clock import MINUTE_MS
from streams.panes import CONTACT, INTERACTION
from streams.records import Segment
from streams.store.minutes import Kind

METRICS: dict[Kind, str | None] = {"answers": None, "interactions": INTERACTION, "contacts": CONTACT}
SHARE, VOLUME, GUARDRAIL = (SIGNALS.index(name) for name in ("share", "volume", "guardrail"))


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What a segment is judged by in this minute."""

    settings: DetectionSettings
    budget: Budget
    usual: Baseline | None
    weighs: bool = False  # whether a detector weighs evidence: then hints alone fire nothing
    kind: Kind = "answers"


def curve_of(state: SegmentState, budget: Budget) -> tuple[CurvePoint, ...]:
    """How the evidence came up, in weeks of rarity."""
    return tuple(CurvePoint((at + 1) * MINUTE_MS, budget.weeks_of(strength)) for at, strength in state.curve)


def weeks_of(opened: Open, by: Yardstick) -> float:
    """How rare an open anomaly is: by its evidence, or where only hints fired by the chance of its numbers."""
    if opened.strength:
        return by.budget.weeks_of(opened.strength)
    if opened.signal == VOLUME and by.usual is not None and opened.usual_bad > 0:
        return by.budget.weeks(poisson_tail(opened.bad, opened.usual_bad * by.usual.volume_tolerance))
    share = by.settings.assumed_bad_share if by.usual is None else by.usual.share_tolerated
    return by.budget.weeks(binomial_tail(opened.bad, opened.n, share))


def anomaly_of(segment: Segment, opened: Open, minute: int, names: tuple[str, ...], by: Yardstick) -> Anomaly:
    """An open anomaly as people are told of it, with its numbers up to a minute."""
    weeks = weeks_of(opened, by)
    numbers = numbers_of(opened, minute, weeks, by)
    by_volume = opened.signal == VOLUME
    low, high = usual_range(opened.usual_bad) if by_volume else (numbers.usual_low, numbers.usual_high)
    needed = by.budget.threshold(by.settings, by.usual) if by.usual is not None and opened.strength else 0.0
    return Anomaly(
        segment=segment,
        page=True,
        signal=SIGNALS[opened.signal],
        metric=METRICS[by.kind],
        since_ms=opened.since * MINUTE_MS,
        detected_ms=(minute + 1) * MINUTE_MS,
        observed=observed_of(opened),
        expected=opened.usual_bad if by_volume else numbers.usual_share,
        expected_low=low,
        expected_high=high,
        times_usual_volume=numbers.times_volume,
        n=opened.n,
        bad=opened.bad,
        evidence=weeks,
        severity=SEVERITIES[opened.severity],
        reason=reason_of(opened, numbers, by),
        detectors=names,
        needed=by.budget.weeks_of(needed) if needed else 0.0,
    )


def drift_of(segment: Segment, minute: int, hours: Sequence[HourTotal], by: Yardstick) -> Anomaly | None:
    """The notice of a slow drift, from the hours of the last week; None where they do not show it."""
    usual, n, bad = by.usual, sum(hour.answers for hour in hours), sum(hour.bad for hour in hours)
    if usual is None or not n or bad <= n * usual.share:
        return None
    since, (low, high) = hours[0].minute, usual.interval
    return Anomaly(
        segment=segment,
        page=False,
        signal="drift",
        metric=METRICS[by.kind],
        since_ms=since * MINUTE_MS,
        detected_ms=(minute + 1) * MINUTE_MS,
        observed=bad / n,
        expected=usual.share,
        expected_low=low,
        expected_high=high,
        times_usual_volume=None,
        n=n,
        bad=bad,
        evidence=0.0,
        severity="minor",
        reason=drift_sentence(bad, n, usual.share, (low, high)),
        detectors=(Drift.name,),
        character="drift",
    )


def set_level(opened: Open, by: Yardstick) -> None:
    """Note how bad it is, for judging its return. What fires looks worse than it is: the low end of the interval
    stands for it, but at least half of the excess. Later answers must not dilute it, or it could never be over.
    """
    usual = by.settings.assumed_bad_share if by.usual is None else by.usual.share
    share = opened.bad / opened.n if opened.n else 0.0
    opened.level_share = max(opened.level_share, wilson(opened.bad, opened.n)[0], (usual + share) / 2)
    if opened.usual_bad > 0:
        times, low = opened.bad / opened.usual_bad, usual_range(opened.bad)[0] / opened.usual_bad
        opened.level_times = max(opened.level_times, low, (1 + times) / 2)


def observed_of(opened: Open) -> float:
    """The bad share since the start, or the number of bad answers where that is the signal."""
    if opened.signal == VOLUME:
        return float(opened.bad)
    return opened.bad / opened.n if opened.n else 0.0


def severity_of(opened: Open, weeks: float, by: Yardstick) -> int:
    """Severity of an open anomaly's numbers, as a place in SEVERITIES."""
    usual = by.settings.assumed_bad_share if by.usual is None else by.usual.share
    excess = (opened.bad / opened.n if opened.n else 0.0) - usual
    times = opened.bad / opened.usual_bad if opened.usual_bad > 0 else 0.0
    return severity(opened.signal, weeks, opened.bad, excess, times)


def reason_of(opened: Open, numbers: Numbers, by: Yardstick) -> str:
    """The sentence of an open anomaly."""
    write = volume_sentence if opened.signal == VOLUME else share_sentence
    return write(numbers, by.settings.timezone)


def numbers_of(opened: Open, minute: int, weeks: float, by: Yardstick) -> Numbers:
    """What the sentence of an open anomaly is made of."""
    usual, assumed = by.usual, by.settings.assumed_bad_share
    low, high = usual.interval if usual is not None else (assumed, assumed)
    bad_low, bad_high = usual_range(opened.usual_bad)
    return Numbers(
        since=opened.since,
        now=minute,
        n=opened.n,
        bad=opened.bad,
        usual_share=assumed if usual is None else usual.share,
        usual_low=low,
        usual_high=high,
        assumed=usual is None,
        times_volume=opened.n / opened.usual_answers if opened.usual_answers > 0 else None,
        usual_bad=opened.usual_bad,
        usual_bad_low=bad_low,
        usual_bad_high=bad_high,
        weeks=weeks,
        repeats=opened.repeats,
        late=opened.late,
        kind=by.kind,
    )
