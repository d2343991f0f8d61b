"""What is usual, for everything watched: learned once an hour while the stream is young, once a day after that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from detectors.baseline import DAYS, LAG_MINUTES, YOUNG_LAG_MINUTES, Baseline, HourTotal
from detectors.budget import Budget
from detectors.learning import Stretch, learn
from detectors.protocol import Step
from detectors.segments import Places, sort_key
from detectors.settings import DetectionSettings
from streams.clock import MINUTES_PER_DAY, MINUTES_PER_HOUR, hour_start
from streams.records import LeafMinute, Segment

YOUNG_DAYS = 7
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
    rows: Iterable[LeafMinute],
    minute: int,
    settings: DetectionSettings,
    frozen: Mapping[Segment, Sequence[Stretch]] | None = None,
) -> tuple[Usuals, dict[Segment, list[HourTotal]]]:
    """Baselines at a minute from all leaf hours in its `span`, in order; and the hours of each segment.

    `frozen` are the stretches of a segment that belong to its incidents. Wider segments are learned first: a small
    one is pulled to the narrowest of those that contain it.
    """
    hours = _hours_by_segment(rows)
    places = Places(segment for segment in hours if segment.channel is not None and segment.stage is not None)
    stretches = frozen or {}
    baselines: dict[Segment, Baseline] = {}
    for segment in sorted(hours, key=_widest_first):
        parents = [baselines[wide] for wide in segment.rollups() if wide in baselines and places.watched(wide)]
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
    updates = sum(baseline.updates_week for segment, baseline in baselines.items() if places.watched(segment))
    first = min((totals[0].minute for totals in hours.values()), default=minute)
    step = MINUTES_PER_DAY if minute - first >= YOUNG_DAYS * MINUTES_PER_DAY else MINUTES_PER_HOUR
    start = minute - minute % step
    return Usuals(start, start + step, Budget(updates), baselines), hours


def _widest_first(segment: Segment) -> tuple[int, tuple[str, str]]:
    return sum(part is not None for part in segment), sort_key(segment)


def _hours_by_segment(rows: Iterable[LeafMinute]) -> dict[Segment, list[HourTotal]]:
    sums: defaultdict[Segment, dict[int, list[int]]] = defaultdict(dict)
    for row in rows:
        answers = row.n - row.bad + row.bad_first
        leaf = Segment(row.channel, row.stage)
        for segment in (leaf, *leaf.rollups()):
            slot = sums[segment].setdefault(row.minute, [0, 0])
            slot[0] += answers
            slot[1] += row.bad_first
    return {
        segment: [HourTotal(minute, *by_hour[minute]) for minute in sorted(by_hour)]
        for segment, by_hour in sums.items()
    }


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
