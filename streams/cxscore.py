"""The CX score: how a journey goes for customers, from what they lived through rather than what they were asked.

Per customer and stage, the sum of the grades observed in a window; per stage, the mean over the customers met there
in it, with its 95 % interval (mean +- 1.96 s / sqrt n); overall, the mean of customers' sums over all stages.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from streams.clock import DAY_MS
from streams.scales import Z_95
from streams.sums import SUM_DAYS

Verdict = Literal["delight", "neutral", "disappointing"]


class HasGrades(Protocol):
    """A customer, as far as this score needs one: streams.customers.CustomerState."""

    def grade_sums(self, from_day: int, to_day: int) -> Mapping[str, int]:
        """Sum of grades per stage over UTC days; stages without any graded touch are not in it."""


@dataclass(frozen=True, slots=True)
class CxScore:
    """Mean grade sum of `n` customers. Under the smallest n everything but `n` is None.

    Delight where the interval lies above 0, disappointing where below, neutral across.
    """

    n: int
    mean: float | None
    low: float | None
    high: float | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class CxScores:
    """The journey by stage. `weakest` is the stage with the lowest mean among those with a score."""

    overall: CxScore
    stages: Mapping[str, CxScore]
    weakest: str | None


def cx_scores(customers: Iterable[HasGrades], now_ms: int, window_days: int = 7, min_n: int = 10) -> CxScores:
    """CX scores over the UTC day of `now_ms` and the days before it, `window_days` in all (1-30).

    Raises ValueError for a window longer than what customers' states hold.
    """
    tally = CxTally(now_ms, window_days)
    for customer in customers:
        tally.add(customer)
    return tally.scores(min_n)


class CxTally:
    """Counts customers one by one, for who goes through them for more than the score. Raises as `cx_scores` does."""

    def __init__(self, now_ms: int, window_days: int) -> None:
        if not 1 <= window_days <= SUM_DAYS:
            raise ValueError(f"a CX score looks back 1 to {SUM_DAYS} days, not {window_days}")
        self._to_day = now_ms // DAY_MS + 1
        self._from_day = self._to_day - window_days
        self._overall = Moments()
        self._stages: dict[str, Moments] = {}

    @property
    def from_ms(self) -> int:
        """Where the first day of the window begins."""
        return self._from_day * DAY_MS

    def add(self, customer: HasGrades) -> None:
        """One customer, who counts where they were graded in the window."""
        sums = customer.grade_sums(self._from_day, self._to_day)
        for stage, total in sums.items():
            moments = self._stages.get(stage)
            if moments is None:
                moments = self._stages[stage] = Moments()
            moments.add(total)
        if sums:
            self._overall.add(sum(sums.values()))

    def scores(self, min_n: int) -> CxScores:
        """What was counted so far."""
        scores = {stage: self._stages[stage].score(min_n) for stage in sorted(self._stages)}
        means = {stage: score.mean for stage, score in scores.items() if score.mean is not None}
        weakest = min(means, key=lambda stage: means[stage]) if means else None
        return CxScores(self._overall.score(min_n), scores, weakest)


class Moments:
    """n, sum and sum of squares, in whole numbers: exact, and the same in any order."""

    __slots__ = ("n", "squares", "total")

    def __init__(self) -> None:
        self.n = self.total = self.squares = 0

    def add(self, value: int) -> None:
        """One customer's sum."""
        self.n += 1
        self.total += value
        self.squares += value * value

    def score(self, min_n: int) -> CxScore:
        """Mean, interval and verdict; only n where there are too few."""
        n = self.n
        if n < max(min_n, 2):  # a single customer has no spread
            return CxScore(n, None, None, None, None)
        mean = self.total / n
        variance = (n * self.squares - self.total**2) / (n * (n - 1))
        half = Z_95 * math.sqrt(variance / n)
        low, high = mean - half, mean + half
        verdict: Verdict = "delight" if low > 0 else "disappointing" if high < 0 else "neutral"
        return CxScore(n, mean, low, high, verdict)
