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

    def widened(self, leaf: Segment) -> list[Segment]:
        """The leaf and those of its rollups that are watched."""
        return [leaf, *(rollup for rollup in leaf.rollups() if self.watched(rollup))]


def by_segment(leaves: Iterable[LeafMinute], places: Places) -> dict[Segment, Counts]:
    """Leaf totals of one minute as totals of every watched segment, in a stable order."""
    sums: dict[Segment, Counts] = {}
    for row in leaves:
        gained = Counts(row.n, row.bad, row.bad_first)
        for segment in places.widened(Segment(row.channel, row.stage)):
            sums[segment] = sums.get(segment, NOTHING).plus(gained)
    return {segment: sums[segment] for segment in sorted(sums, key=sort_key)}
