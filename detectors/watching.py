"""One segment, one changed minute: count it, show it to the detectors, and fire when they and the numbers agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from detectors.baseline import ODDS_TOLERANCE, Baseline
from detectors.evidence import ShareAndVolume
from detectors.guardrail import cold_rise
from detectors.judge import BAD_MIN, Rise, share_rise, totals, volume_rise
from detectors.opened import GUARDRAIL, SHARE, VOLUME, Yardstick, anomaly_of, curve_of, set_level, severity_of
from detectors.protocol import Detector, Evidence, Part, Step
from detectors.records import Anomaly
from detectors.river_hourly import Drift
from detectors.segments import Counts
from detectors.state import BIN_MINUTES, Open, SegmentState
from streams.records import Segment


@dataclass(slots=True)
class Seat:
    """A watched segment with its detectors at work."""

    segment: Segment
    state: SegmentState
    detectors: list[Detector]
    drifting: bool = False  # whether the minute taken in last shows a slow drift

    @property
    def catching_up(self) -> bool:
        """Whether what came last may be a backlog after a silence."""
        for detector in self.detectors:
            if isinstance(detector, ShareAndVolume):
                return detector.catching_up
        return False


@dataclass(frozen=True, slots=True)
class Found:
    """What fires: the signal (place in SIGNALS), the numbers since its start, the evidence (0: only a hint)."""

    signal: int
    rise: Rise
    strength: float = 0.0


def take(
    seat: Seat, minute: int, own_minute: int, gained: Counts, by: Yardstick, parts: tuple[Part, ...] = ()
) -> Anomaly | None:
    """Take in what a segment gained; the anomaly if this fires. While one is open, only its numbers move on."""
    state, repeats = seat.state, gained.bad - gained.bad_first
    state.count(own_minute, minute, gained.n - repeats, gained.bad_first, repeats)
    state.seen += max(0, gained.n)
    opened = state.open
    if opened is not None and own_minute >= opened.since:
        _follow(opened, minute, own_minute, gained)
    if by.usual is None:
        cold = cold_rise(state, by.settings) if opened is None and by.kind != "contacts" else None
        return None if cold is None else _fire(seat, minute, Found(GUARDRAIL, cold), (), by)
    bad = max(0, gained.bad)
    step = Step(minute, max(bad, gained.n), bad, min(bad, max(0, gained.bad_first)), own_minute, by.usual, parts)
    signals = [(detector.name, detector.step(step)) for detector in seat.detectors]
    told = [(name, evidence) for name, evidence in signals if evidence is not None]
    if by.weighs:  # beside evidence, drift only gives notice
        seat.drifting = any(name == Drift.name for name, _ in told)
        told = [pair for pair in told if pair[0] != Drift.name]
    strength = max((evidence.strength or 0.0 for _, evidence in told), default=0.0)
    if strength > 0:
        state.trace(minute, strength)
    if opened is not None:
        opened.strength = max(opened.strength, strength)
        return None
    if not told or state.seen + by.usual.n < by.settings.least_evidence or gained.bad_first <= 0:
        return None
    found = _found(state, minute, [evidence for _, evidence in told], by)
    return None if found is None else _fire(seat, minute, found, tuple(name for name, _ in told), by)


def _follow(opened: Open, minute: int, own_minute: int, gained: Counts) -> None:
    repeats = gained.bad - gained.bad_first
    opened.n = max(0, opened.n + gained.n - repeats)
    opened.bad = min(opened.n, max(0, opened.bad + gained.bad_first))
    opened.repeats = max(0, opened.repeats + repeats)
    opened.late += max(0, gained.n) if own_minute < minute else 0


def _found(state: SegmentState, minute: int, told: Sequence[Evidence], by: Yardstick) -> Found | None:
    """What may fire: evidence over the segment's threshold; where nothing weighs evidence, a hint beyond chance."""
    usual = by.usual
    if usual is None:
        return None
    weighed = [evidence for evidence in told if evidence.strength is not None]
    if not by.weighs:
        kinds = {evidence.signal for evidence in told}
        return beyond_chance(state, minute, sorted(kinds), usual, by.budget.tail_max(by.settings, usual))
    best = max(weighed, key=lambda evidence: evidence.strength or 0.0, default=None)
    if best is None or best.strength is None or best.strength < by.budget.threshold(by.settings, usual):
        return None
    rise = rise_of(state, minute, best, usual)
    signal = SHARE if best.signal == "share" else VOLUME
    if rise.bad < BAD_MIN or (signal == VOLUME and rise.bad < rise.n * usual.share / ODDS_TOLERANCE):
        return None  # more answers of all kinds, and a smaller share of bad ones than usual, are no disappointment
    return Found(signal, rise, best.strength)


def rise_of(state: SegmentState, minute: int, evidence: Evidence, usual: Baseline) -> Rise:
    """The numbers since the most likely start; since the detector's own where no bin stands out (a rollup's places
    may each be worse than usual while the sum is not).
    """
    by_volume = evidence.signal == "volume" and usual.knows_volume
    first, second = (
        volume_rise(state.bins, usual, minute + 1) if by_volume else None,
        share_rise(state.bins, usual.share_tolerated),
    )
    rise = first or second
    if rise is not None:
        return rise
    bins = [slot for slot in state.bins if slot.minute >= evidence.since_minute - BIN_MINUTES]
    return Rise(bins[0].minute if bins else evidence.since_minute, *totals(bins), tail=1.0)


def beyond_chance(
    state: SegmentState, minute: int, kinds: Sequence[str], usual: Baseline, tail_max: float
) -> Found | None:
    """The rarer of the signalled rises, if it is rare enough for the promise."""
    best: Found | None = None
    for kind in kinds:
        if kind == "share":
            rise = share_rise(state.bins, usual.share_tolerated)
        else:
            rise = volume_rise(state.bins, usual, minute + 1) if usual.knows_volume else None
        if rise is None or rise.bad < BAD_MIN or rise.tail > tail_max:
            continue
        if best is None or rise.tail < best.rise.tail:
            best = Found(SHARE if kind == "share" else VOLUME, rise)
    return best


def _fire(seat: Seat, minute: int, found: Found, names: tuple[str, ...], by: Yardstick) -> Anomaly:
    signal, rise = found.signal, found.rise
    opened = Open(
        signal, 0, rise.since, minute + 1, rise.n, rise.bad, rise.repeats, rise.late, 0.0, 0.0, rise.n, minute
    )
    if by.usual is not None and by.usual.knows_volume:
        opened.usual_bad = by.usual.bad_between(rise.since, minute + 1)
        opened.usual_answers = by.usual.answers_between(rise.since, minute + 1)
    opened.strength = found.strength
    set_level(opened, by)
    weeks = by.budget.weeks_of(found.strength) if found.strength else by.budget.weeks(rise.tail)
    opened.severity = severity_of(opened, weeks, by)
    seat.state.open = opened
    return replace(anomaly_of(seat.segment, opened, minute, names, by), curve=curve_of(seat.state, by.budget))
