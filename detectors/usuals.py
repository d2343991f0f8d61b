"""What is usual, for everything watched: learned hourly while the stream is young, later less often, at last daily."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from detectors.baseline import DAYS, LAG_MINUTES, YOUNG_LAG_MINUTES, Baseline, HourTotal
from detectors.budget import Budget
from detectors.learning import Series, Stretch, learn
from detectors.protocol import Step
from detectors.segments import Places, sort_key
from detectors.settings import DetectionSettings
from streams.clock import MINUTES_PER_DAY, MINUTES_PER_HOUR, hour_start
from streams.records import LeafMinute, Segment

LEARN_EVERY = (  # minutes of age of the stream, and how often it is learned from then on
    (7 * MINUTES_PER_DAY, MINUTES_PER_DAY),
    (2 * MINUTES_PER_DAY, 6 * MINUTES_PER_HOUR),
    (0, MINUTES_PER_HOUR),
)
WARM_DAYS = 7
WARM_SPLIT = 4  # an hour of the past is shown to detectors as four quarters


@dataclass(frozen=True, slots=True)
class Usuals:
    """The baselines that hold in minutes [from_minute, until_minute)."""

    from_minute: int
    until_minute: int
    budget: Budget
    baselines: Mapping[Segment, Baseline] = field(default_factory=dict)

    def holds(self, minute: int) -> bool:
        """Whether these are the baselines of a minute."""
        return self.from_minute <= minute < self.until_minute


def span(minute: int) -> tuple[int, int]:
    """The hours that baselines holding at a minute may rest on: [from, to) in minutes."""
    now = hour_start(minute)
    return now - LAG_MINUTES - DAYS * MINUTES_PER_DAY, now - YOUNG_LAG_MINUTES


def learn_all(
    rows: Sequence[LeafMinute],
    minute: int,
    settings: DetectionSettings,
    frozen: Mapping[Segment, Sequence[Stretch]] | None = None,
) -> tuple[Usuals, dict[Segment, Series]]:
    """Baselines at a minute from all leaf hours in its `span`, in order; and the hours of each segment.

    `frozen` are the stretches of a segment that belong to its incidents. Wider segments are learned first: a small
    one is pulled to the narrowest of those that contain it.
    """
    places = Places(Segment(*place) for place in {(row.channel, row.stage) for row in rows})
    hours = _hours_by_segment(rows, places)
    stretches = frozen or {}
    baselines: dict[Segment, Baseline] = {}
    for segment in sorted(hours, key=_widest_first):
        parents = [baselines[wide] for wide in segment.rollups() if wide in baselines]
        baseline = learn(
            hours[segment],
            minute,
            settings.timezone,
            settings.least_evidence,
            frozen=stretches.get(segment, ()),
            parent=parents[0] if parents else None,
        )
        if baseline is not None:
            baselines[segment] = baseline
    updates = sum(baseline.updates_week for baseline in baselines.values())
    first = min((int(series.minute[0]) for series in hours.values()), default=minute)
    step = next(every for age, every in LEARN_EVERY if minute - first >= age)
    start = minute - minute % step
    return Usuals(start, start + step, Budget(updates), baselines), hours


def _widest_first(segment: Segment) -> tuple[int, tuple[str, str]]:
    return sum(part is not None for part in segment), sort_key(segment)


def _hours_by_segment(rows: Sequence[LeafMinute], places: Places) -> dict[Segment, Series]:
    """The hours of every watched segment: of places as they come, of rollups as sums."""
    if not rows:
        return {}
    minute, channels, stages, n, bad, first = zip(*rows, strict=True)
    keys = list(zip(channels, stages, strict=True))
    numbers = {place: number for number, place in enumerate(dict.fromkeys(keys))}
    place = np.array([numbers[key] for key in keys])
    order = np.argsort(place, kind="stable")
    firsts = np.array(first)[order]
    columns = (np.array(minute)[order], np.array(n)[order] - np.array(bad)[order] + firsts, firsts)
    edges = np.searchsorted(place[order], np.arange(len(numbers) + 1))
    found = {
        Segment(*key): Series(*(column[edges[at] : edges[at + 1]] for column in columns)) for key, at in numbers.items()
    }
    parts: defaultdict[Segment, list[Series]] = defaultdict(list)
    for leaf, series in found.items():
        for rollup in leaf.rollups():
            if places.watched(rollup):
                parts[rollup].append(series)
    return found | {rollup: Series.sum(several) for rollup, several in parts.items()}


def hours_of(rows: Iterable[LeafMinute], segment: Segment) -> list[HourTotal]:
    """The hours of one segment, a rollup among them, from all leaf hours in order."""
    sums: dict[int, list[int]] = {}
    for row in rows:
        if segment.channel in (None, row.channel) and segment.stage in (None, row.stage):
            slot = sums.setdefault(row.minute, [0, 0])
            slot[0] += row.n - row.bad + row.bad_first
            slot[1] += row.bad_first
    return [HourTotal(minute, *sums[minute]) for minute in sorted(sums)]


def past_steps(hours: Sequence[HourTotal], usual: Baseline, minute: int) -> Iterable[Step]:
    """The last week of a segment's hours as steps, to warm detectors up: each hour spread evenly over its quarters."""
    oldest = hour_start(minute) - WARM_DAYS * MINUTES_PER_DAY
    for total in hours:
        if total.minute < oldest:
            continue
        told_n = told_bad = 0
        for quarter in range(1, WARM_SPLIT + 1):
            n, bad = total.answers * quarter // WARM_SPLIT, total.bad * quarter // WARM_SPLIT
            at = total.minute + (quarter - 1) * MINUTES_PER_HOUR // WARM_SPLIT
            if n > told_n:
                gained = min(bad - told_bad, n - told_n)
                yield Step(at, n - told_n, gained, gained, at, usual)
            told_n, told_bad = n, bad
