"""Which places differ from their usual beyond chance: only those get a colour.

A pooled two-sample test of means over what each answer is worth (1 for a good answer of a share; 1, 0, -1 for a
promoter, passive, detractor), which for shares is the usual two-proportion test; then Benjamini and Hochberg (1995)
over all places that were tested, so that of the coloured ones about 5 % are chance, however many are looked at.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import erfc, sqrt
from typing import Literal, TypeVar

FALSE_DISCOVERY_RATE = 0.05
LEAST_USUAL_N = 30

Verdict = Literal["below", "usual", "above"]
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Sample:
    """Answers by what they are worth to the score: the sum of their values and of their squares."""

    n: int
    total: float
    squares: float

    @classmethod
    def of_worth(cls, worth: Mapping[float, int]) -> Sample:
        """From {value of an answer: how many}."""
        return cls(
            sum(worth.values()),
            sum(value * many for value, many in worth.items()),
            sum(value * value * many for value, many in worth.items()),
        )


def p_value(now: Sample, usual: Sample) -> float:
    """Two-sided p of "nothing changed"; 1 where the answers do not vary at all."""
    n = now.n + usual.n
    mean = (now.total + usual.total) / n
    variance = (now.squares + usual.squares) / n - mean * mean
    if variance <= 1e-12:
        return 1.0
    difference = now.total / now.n - usual.total / usual.n
    z = difference / sqrt(variance * (1 / now.n + 1 / usual.n))
    return erfc(abs(z) / sqrt(2))


def discoveries(p_values: Mapping[K, float], rate: float = FALSE_DISCOVERY_RATE) -> set[K]:
    """Benjamini-Hochberg: the keys whose p is small enough among all of them."""
    ordered = sorted(p_values.items(), key=lambda item: item[1])
    found = 0
    for rank, (_, p) in enumerate(ordered, start=1):
        if p <= rate * rank / len(ordered):
            found = rank
    return {key for key, _ in ordered[:found]}


def compare(
    places: Mapping[K, tuple[Sample, Sample]], least_n: int, rate: float = FALSE_DISCOVERY_RATE
) -> dict[K, Verdict]:
    """Verdict of each place with enough answers now (`least_n`) and usually (30); the others are left out."""
    tested = {
        key: p_value(now, usual)
        for key, (now, usual) in places.items()
        if now.n >= max(1, least_n) and usual.n >= LEAST_USUAL_N
    }
    real = discoveries(tested, rate)
    return {key: _direction(*places[key]) if key in real else "usual" for key in tested}


def _direction(now: Sample, usual: Sample) -> Verdict:
    return "below" if now.total / now.n < usual.total / usual.n else "above"
