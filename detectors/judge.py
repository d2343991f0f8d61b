"""The second look: are the numbers since the most likely start beyond chance against the usual?

The start is the bin that maximises the likelihood ratio of what came since against the usual at its worst
(`Baseline.share_tolerated`, `volume_tolerance`), at most 24 h back. A start always is a bin with a bad answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from detectors.baseline import Baseline
from detectors.chance import binomial_tail, poisson_tail, share_evidence, volume_evidence
from detectors.state import Bin

BAD_MIN = 5  # fewer unhappy customers wake nobody, however rare


@dataclass(frozen=True, slots=True)
class Rise:
    """What came since the most likely start, and the chance of at least as many bad ones."""

    since: int  # minute
    n: int
    bad: int
    repeats: int
    late: int
    tail: float


def share_rise(bins: Sequence[Bin], share: float) -> Rise | None:
    """The most likely rise of the bad share above `share`; None when nothing is above it."""
    n = bad = 0
    best, best_at = 0.0, -1
    for at in range(len(bins) - 1, -1, -1):
        slot = bins[at]
        n += slot.n
        bad += slot.bad
        if slot.bad and bad > n * share:
            evidence = share_evidence(bad, n, share)
            if evidence > best:
                best, best_at = evidence, at
    if best_at < 0:
        return None
    since = totals(bins[best_at:])
    return Rise(bins[best_at].minute, *since, tail=binomial_tail(since.bad, since.n, share))


def volume_rise(bins: Sequence[Bin], usual: Baseline, end: int) -> Rise | None:
    """The most likely rise of the number of bad answers up to minute `end` (not in it); None when there is none."""
    bad, expected, covered = 0, 0.0, end
    best, best_at, best_expected = 0.0, -1, 0.0
    for at in range(len(bins) - 1, -1, -1):
        slot = bins[at]
        if not slot.bad:
            continue
        bad += slot.bad
        start = slot.minute
        expected += usual.bad_between(start, covered) * usual.volume_tolerance
        covered = min(covered, start)
        evidence = volume_evidence(bad, expected)
        if evidence > best:
            best, best_at, best_expected = evidence, at, expected
    if best_at < 0:
        return None
    since = totals(bins[best_at:])
    return Rise(bins[best_at].minute, *since, tail=poisson_tail(since.bad, best_expected))


class Totals(NamedTuple):
    """Sums over bins."""

    n: int
    bad: int
    repeats: int
    late: int


def totals(bins: Iterable[Bin]) -> Totals:
    """What a stretch of bins holds."""
    n = bad = repeats = late = 0
    for slot in bins:
        n += slot.n
        bad += slot.bad
        repeats += slot.repeats
        late += slot.late
    return Totals(n, bad, repeats, late)
