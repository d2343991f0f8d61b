"""Panes: what one minute (or hour) of one place holds on one metric. Everything shown derives from them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import msgspec
from ddsketch import DDSketch
from ddsketch.mapping import LogarithmicMapping

INTERACTION = "interaction"  # the metric of graded interactions; their points are grades
CONTACT = "contact"  # the metric of interactions without a grade; their point is 0

_counts = msgspec.json.Decoder(dict[int, int])
_bins = msgspec.msgpack.Decoder(list[int])


class PaneKey(NamedTuple):
    """Which pane. `metric` is a scale's name, or INTERACTION or CONTACT with survey kind ""."""

    minute: int
    channel: str
    stage: str
    metric: str
    survey_kind: str


class Sketch:
    """How long things took, in seconds: quantiles within 1 %, mergeable, the same bytes in whatever order.

    The bins are those of DDSketch (Masson et al., VLDB 2019; library ddsketch), held sparsely: most panes have a
    handful of values, and exact integer counts make merging independent of order. Below 1 ms is 0, and what is
    longer than SECONDS_MAX counts as that, so that a sketch has at most 1,400 bins.
    """

    __slots__ = ("bins", "zeros")

    RELATIVE_ACCURACY = 0.01
    SECONDS_MIN = 0.001
    SECONDS_MAX = 1e9
    _mapping = LogarithmicMapping(RELATIVE_ACCURACY)

    def __init__(self) -> None:
        self.bins: dict[int, int] = {}
        self.zeros = 0

    @property
    def count(self) -> int:
        """How many values it holds."""
        return self.zeros + sum(self.bins.values())

    def add(self, seconds: float) -> None:
        """Count a duration; one below zero is 0."""
        if seconds < self.SECONDS_MIN:
            self.zeros += 1
            return
        key = _bin_of(min(seconds, self.SECONDS_MAX))
        self.bins[key] = self.bins.get(key, 0) + 1

    def merge(self, other: Sketch) -> None:
        """Add another sketch's values to this one."""
        self.zeros += other.zeros
        for key, count in other.bins.items():
            self.bins[key] = self.bins.get(key, 0) + count

    def quantile(self, share: float) -> float | None:
        """The value in seconds that `share` (0..1) of them lie below; None while there is none."""
        sketch = DDSketch(self.RELATIVE_ACCURACY)
        if self.zeros:
            sketch.add(0.0, self.zeros)
        for key in sorted(self.bins):
            sketch.add(self._mapping.value(key), self.bins[key])
        value: float | None = sketch.get_quantile_value(share)
        return value

    def to_bytes(self) -> bytes:
        """Zeros, then bin and count by bin, as msgpack."""
        flat = [self.zeros]
        for pair in sorted(self.bins.items()):
            flat += pair
        return msgspec.msgpack.encode(flat)

    @classmethod
    def from_bytes(cls, data: bytes) -> Sketch:
        """The sketch that `to_bytes` wrote."""
        sketch = cls()
        flat = _bins.decode(data)
        sketch.zeros = flat[0]
        sketch.bins = dict(zip(flat[1::2], flat[2::2], strict=True))
        return sketch


_bin_of = lru_cache(maxsize=8_192)(Sketch._mapping.key)  # durations repeat: mostly whole seconds


class Pane:
    """Counts per point, bad ones, and bad ones that are their customer's first; `live_*` leave history out."""

    __slots__ = ("bad", "bad_first", "counts", "durations", "live_bad", "live_bad_first", "live_n", "overruns", "waits")

    def __init__(
        self,
        *,
        counts: dict[int, int] | None = None,
        bad: int = 0,
        bad_first: int = 0,
        live_n: int = 0,
        live_bad: int = 0,
        live_bad_first: int = 0,
        waits: Sketch | None = None,
        durations: Sketch | None = None,
        overruns: Sketch | None = None,
    ) -> None:
        self.counts = {} if counts is None else counts
        self.bad = bad
        self.bad_first = bad_first
        self.live_n = live_n
        self.live_bad = live_bad
        self.live_bad_first = live_bad_first
        self.waits = waits
        self.durations = durations
        self.overruns = overruns  # of promises: by how much each was late, 0 for one that was kept

    @property
    def n(self) -> int:
        """How many answers or interactions."""
        return sum(self.counts.values())

    def add(self, point: int, *, bad: bool, live: bool, sign: int = 1) -> None:
        """Count one event, or take it out again with sign -1 (a revision replaces it).

        The change of a pane may hold negative counts on its way to the pane it is merged into.
        """
        counts = self.counts
        count = counts.get(point, 0) + sign
        if count:
            counts[point] = count
        else:
            del counts[point]
        if live:
            self.live_n += sign
        if bad:
            self.bad += sign
            if live:
                self.live_bad += sign

    def add_first(self, live: bool, sign: int) -> None:
        """One bad event more (or less) that is its customer's first here in 24 h."""
        self.bad_first += sign
        if live:
            self.live_bad_first += sign

    def add_times(
        self, wait_seconds: float | None, duration_seconds: float | None, overrun_seconds: float | None = None
    ) -> None:
        """How long somebody waited, how long it took, and by how much a promise was late (0 or less: kept)."""
        if wait_seconds is not None:
            if self.waits is None:
                self.waits = Sketch()
            self.waits.add(wait_seconds)
        if duration_seconds is not None:
            if self.durations is None:
                self.durations = Sketch()
            self.durations.add(duration_seconds)
        if overrun_seconds is not None:
            if self.overruns is None:
                self.overruns = Sketch()
            self.overruns.add(overrun_seconds)

    def merge(self, other: Pane) -> None:
        """Add another pane's content (or a change) to this one."""
        counts = self.counts
        for point, change in other.counts.items():
            count = counts.get(point, 0) + change
            if count:
                counts[point] = count
            else:
                del counts[point]
        self.bad += other.bad
        self.bad_first += other.bad_first
        self.live_n += other.live_n
        self.live_bad += other.live_bad
        self.live_bad_first += other.live_bad_first
        self.waits = _merged(self.waits, other.waits)
        self.durations = _merged(self.durations, other.durations)
        self.overruns = _merged(self.overruns, other.overruns)

    def encode_counts(self) -> str:
        """The counts as a JSON object, points rising: {"0":1,"10":4}."""
        return msgspec.json.encode(dict(sorted(self.counts.items()))).decode()


def decode_counts(text: str | bytes) -> dict[int, int]:
    """Counts as `encode_counts` wrote them."""
    return _counts.decode(text)


def _merged(mine: Sketch | None, other: Sketch | None) -> Sketch | None:
    if other is None:
        return mine
    mine = Sketch() if mine is None else mine
    mine.merge(other)
    return mine
