"""The table of issue and docs/performance.md: every case in turn, several rounds, medians, and ratios with goals."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.common import Result

Case = Callable[[], Result]


@dataclass(frozen=True)
class Goal:
    """Product's case over a yardstick, and what it ought to be."""

    ours: str
    beside: str
    least: float
    aim: float | None = None


@dataclass
class Trials:
    """What every round of every case said."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    others: dict[str, Result] = field(default_factory=dict)

    def run(self, cases: Mapping[str, Case], rounds: int) -> None:
        """One case after the other, and that so many times: what disturbs the machine disturbs all of them."""
        for number in range(rounds):
            for name, case in cases.items():
                found = case()
                self.rates.setdefault(name, []).append(found["per_second"])
                self.others[name] = found
                print(f"  round {number + 1}: {name} {found['per_second']:,.0f}/s", file=sys.stderr, flush=True)

    def middle(self, name: str) -> float:
        """The median rate of a case, events a second."""
        return statistics.median(self.rates[name])

    def rows(self) -> list[Result]:
        """A line a case: median, least and greatest."""
        return [
            {"case": name, "events": self.others[name]["events"], "per_second": self.middle(name),
             "slowest": min(rates), "fastest": max(rates)}
            for name, rates in self.rates.items()
        ]  # fmt: skip

    def ratios(self, goals: Sequence[Goal]) -> list[Result]:
        """A line a goal whose two cases have run."""
        return [
            {"case": goal.ours, "beside": goal.beside, "ratio": self.middle(goal.ours) / self.middle(goal.beside),
             "goal": goal.least or None, "aim": goal.aim,
             "reached": self._reached(goal)}
            for goal in goals
            if goal.ours in self.rates and goal.beside in self.rates
        ]  # fmt: skip

    def _reached(self, goal: Goal) -> str | None:
        """Whether a goal is reached; an aim is none."""
        if not goal.least:
            return None
        return "yes" if self.middle(goal.ours) >= goal.least * self.middle(goal.beside) else "no"
