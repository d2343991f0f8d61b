"""Which segments are watched: every (channel, stage) and the rollups that say more than one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from streams.records import LeafMinute, Segment


class Counts(NamedTuple):
    """What a segment gained; may be negative where a correction took something back."""

    n: int
    bad: int
    bad_first: int

    def plus(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(self.n + other.n, self.bad + other.bad, self.bad_first + other.bad_first)


NOTHING = Counts(0, 0, 0)


def sort_key(segment: Segment) -> tuple[str, str]:
    """A stable order, rollups first: names are never empty."""
    return segment.channel or "", segment.stage or ""


class Places:
    """The leaf segments seen so far, and which rollups are watched apart.

    A rollup whose leaves are also those of a narrower segment says nothing of its own: a channel with one stage, a
    stage with one channel, everything when there is only one channel or only one stage.
    """

    def __init__(self, leaves: Iterable[Segment] = ()) -> None:
        self._stages: defaultdict[str | None, set[str | None]] = defaultdict(set)
        self._channels: defaultdict[str | None, set[str | None]] = defaultdict(set)
        for leaf in leaves:
            self.see(leaf)

    def see(self, leaf: Segment) -> None:
        """Remember a leaf segment."""
        self._stages[leaf.channel].add(leaf.stage)
        self._channels[leaf.stage].add(leaf.channel)

    def watched(self, segment: Segment) -> bool:
        """Whether a segment is watched for itself."""
        if segment.channel is not None and segment.stage is not None:
            return True
        if segment.channel is not None:
            return len(self._stages.get(segment.channel, ())) > 1
        if segment.stage is not None:
            return len(self._channels.get(segment.stage, ())) > 1
        return len(self._stages) > 1 and len(self._channels) > 1


class Gained(NamedTuple):
    """What a segment gained in a minute: the sum, and for a rollup what each of its places brought."""

    total: Counts
    places: tuple[tuple[Segment, Counts], ...] = ()


def by_segment(leaves: Iterable[LeafMinute], places: Places) -> dict[Segment, Gained]:
    """Leaf totals of one minute as totals of every watched segment, in a stable order: places before rollups."""
    sums: dict[tuple[str, str], Counts] = {}
    for row in leaves:
        place, counts = (row.channel, row.stage), Counts(row.n, row.bad, row.bad_first)
        sums[place] = sums[place].plus(counts) if place in sums else counts
    found: dict[Segment, Gained] = {}
    rollups: dict[Segment, list[tuple[Segment, Counts]]] = {}
    for place in sorted(sums):
        leaf, counts = Segment(*place), sums[place]
        found[leaf] = Gained(counts)
        for rollup in leaf.rollups():
            if places.watched(rollup):
                rollups.setdefault(rollup, []).append((leaf, counts))
    for rollup in sorted(rollups, key=sort_key):
        parts = rollups[rollup]
        found[rollup] = Gained(parts[0][1] if len(parts) == 1 else _sum(parts), tuple(parts))
    return found


def _sum(parts: Iterable[tuple[Segment, Counts]]) -> Counts:
    n = bad = first = 0
    for _, (more, more_bad, more_first) in parts:
        n, bad, first = n + more, bad + more_bad, first + more_first
    return Counts(n, bad, first)
