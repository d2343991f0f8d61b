"""How every watched segment stands now, from what DECIDE stored: where an alert waits for evidence, and how much.

For whoever expects an alert and sees none. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from detectors import store
from detectors.baseline import Baseline
from detectors.budget import Budget
from detectors.judge import Rise, share_rise
from detectors.kinds import kind_of, part_of
from detectors.opened import curve_of
from detectors.records import CurvePoint
from detectors.segments import sort_key
from detectors.settings import DetectionSettings
from detectors.state import SegmentState
from detectors.waiting import answers_needed, not_yet
from streams.clock import MINUTE_MS
from streams.records import Segment
from streams.store.minutes import Kind

Stand = Literal["learning", "usual", "waiting", "open"]

LOOKS_BAD = 0.1  # tail of a rise from which on people may ask why nobody was told
LEAST_BAD = 2


@dataclass(frozen=True, slots=True)
class Watched:
    """One segment. `stand`: learning what is usual, as usual, waiting for evidence, or open (an incident has it).

    `n` answers and `bad` of them since `since_ms`, the most likely start of a rise in the last 24 h; `needs` is about
    how many answers at that rate bring an alert. `known` answers are behind the usual, which needs `least`. Shares are
    0..1, None while nothing is usual; `weeks` is how rare the numbers are now, `needed` at what rarity it fires.
    """

    segment: Segment
    kind: Kind
    stand: Stand
    since_ms: int | None
    n: int
    bad: int
    needs: int | None
    known: int
    least: int
    usual_share: float | None
    usual_low: float | None
    usual_high: float | None
    weeks: float
    needed: float | None
    says: str


def read_watched(conn: Connection, settings: DetectionSettings, kind: Kind = "answers") -> list[Watched]:
    """Every watched segment of one kind, in order of place."""
    usuals = store.load_usuals(conn, kind)
    budget = Budget(0.0) if usuals is None else usuals.budget
    baselines = {} if usuals is None else usuals.baselines
    states = store.load_states(conn, kind)
    own = part_of(settings, kind)
    places: Iterable[Segment] = sorted({*states, *baselines}, key=sort_key)
    return [
        watched(place, kind, states.get(place) or SegmentState(), baselines.get(place), budget, own) for place in places
    ]


def watched(
    segment: Segment,
    kind: Kind,
    state: SegmentState,
    usual: Baseline | None,
    budget: Budget,
    settings: DetectionSettings,
) -> Watched:
    """How one segment stands."""
    known = state.seen + (0 if usual is None else usual.n)
    rise = share_rise(state.bins, settings.assumed_bad_share if usual is None else usual.share_tolerated)
    odd = rise is not None and rise.bad >= LEAST_BAD and rise.tail < LOOKS_BAD
    young = usual is None or known < settings.least_evidence
    stand: Stand = "open" if state.open is not None else "learning" if young else "waiting" if odd else "usual"
    threshold = 1.0 if usual is None else budget.threshold(settings, usual)
    low, high = (None, None) if usual is None else usual.interval
    return Watched(
        segment=segment,
        kind=kind,
        stand=stand,
        since_ms=rise.since * MINUTE_MS if rise is not None and odd else None,
        n=rise.n if rise is not None and odd else 0,
        bad=rise.bad if rise is not None and odd else 0,
        needs=_needs(rise, usual, threshold) if stand == "waiting" else None,
        known=int(known),
        least=settings.least_evidence,
        usual_share=None if usual is None else usual.share,
        usual_low=low,
        usual_high=high,
        weeks=budget.weeks_of(state.curve[-1][1]) if state.curve else 0.0,
        needed=None if usual is None else budget.weeks_of(threshold),
        says=_says(stand, rise if odd else None, usual, threshold, settings.least_evidence),
    )


def curve_now(conn: Connection, segment: Segment, metric: str | None) -> tuple[CurvePoint, ...]:
    """How the evidence of an open anomaly came up to the last closed minute; empty where none is open there."""
    kind = kind_of(metric)
    state = store.load_state(conn, segment, kind)
    return () if state is None or state.open is None else curve_of(state, store.load_budget(conn, kind))


def _needs(rise: Rise | None, usual: Baseline | None, threshold: float) -> int | None:
    if rise is None or usual is None or not rise.n:
        return None
    needed = answers_needed(rise.bad / rise.n, usual, threshold)
    return None if needed is None else max(needed, rise.n + 1)


def _says(stand: Stand, rise: Rise | None, usual: Baseline | None, threshold: float, least: int) -> str:
    if stand == "open":
        return "an incident is open"
    if stand == "learning":
        usual = None
    elif rise is None:
        return "as usual"
    return not_yet(0 if rise is None else rise.n, 0 if rise is None else rise.bad, usual, threshold, least)
