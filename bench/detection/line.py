"""One segment run through the product's own learning and detectors, with every statistic noted and nothing fired.

What is compared between detectors is this statistic: the strength of evidence, or for a hint one over the chance of
its numbers. A threshold on it is calibrated to the same rate of false alerts for all.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.detection.generator import START, Stream
from detectors.baseline import Baseline, HourTotal
from detectors.judge import BAD_MIN
from detectors.learning import learn
from detectors.protocol import Detector, Step
from detectors.river_models import DETECTORS
from detectors.settings import DetectionSettings
from detectors.state import SegmentState
from detectors.usuals import past_steps
from detectors.watching import beyond_chance, rise_of

SETTINGS = DetectionSettings()
DAY = 1_440


@dataclass(slots=True)
class Path:
    """The statistic at every changed minute (from START), and how many updates a week there are."""

    minute: Any
    statistic: Any
    updates_week: float


def hour_totals(stream: Stream) -> list[HourTotal]:
    """The stream as the hours that baselines learn from."""
    hours = stream.minute // 60
    n = np.bincount(hours)
    bad = np.bincount(hours, weights=stream.bad).astype(int)
    return [HourTotal(START + 60 * int(h), int(n[h]), int(bad[h])) for h in np.nonzero(n)[0]]


def minutes(stream: Stream, from_minute: int) -> Iterator[tuple[int, int, int]]:
    """(minute, answers, bad ones) of every minute that holds any, from a minute on."""
    start = int(np.searchsorted(stream.minute, from_minute))
    at, first, n = np.unique(stream.minute[start:], return_index=True, return_counts=True)
    bad = np.add.reduceat(stream.bad[start:].astype(int), first) if len(first) else first
    return zip(at.tolist(), n.tolist(), bad.tolist(), strict=True)


def path(stream: Stream, detectors: Sequence[str], from_day: int) -> Path:
    """Run the detectors from a day on; what came before is the past."""
    hours = hour_totals(stream)
    starts = [hour.minute for hour in hours]
    state, working = SegmentState(), [DETECTORS[name]() for name in detectors]
    at_minutes, values = [], []
    usual: Baseline | None = None
    day = -1
    for at, n, bad in minutes(stream, from_day * DAY):
        if at // DAY != day:
            first = day < 0
            day = at // DAY
            now = START + day * DAY
            seen = hours[bisect_left(starts, now - 29 * DAY) : bisect_left(starts, now)]
            usual = learn(seen, now, "UTC", SETTINGS.least_evidence)
            if first and usual is not None:
                for detector in working:
                    detector.warm_up(past_steps(seen, usual, now))
        state.count(START + at, START + at, n, bad, 0)
        values.append(
            0.0
            if usual is None
            else _statistic(state, working, Step(START + at, n, bad, bad, START + at, usual), usual)
        )
        at_minutes.append(at)
    weeks = (at_minutes[-1] - at_minutes[0] + 1) / (7 * DAY) if at_minutes else 1.0
    return Path(np.array(at_minutes), np.array(values), len(values) / weeks)


def _statistic(state: SegmentState, working: Sequence[Detector], step: Step, usual: Baseline) -> float:
    told = [found for detector in working if (found := detector.step(step)) is not None]
    if not told or not step.bad_first:
        return 0.0
    weighed = [found for found in told if found.strength is not None]
    if weighed:
        best = max(weighed, key=lambda found: found.strength or 0.0)
        rise = rise_of(state, step.minute, best, usual)
        return 0.0 if rise.bad < BAD_MIN else best.strength or 0.0
    found = beyond_chance(state, step.minute, sorted({hint.signal for hint in told}), usual, 1.0)
    return 0.0 if found is None else 1 / max(found.rise.tail, 1e-300)
