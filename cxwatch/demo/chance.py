"""Seeded chance: the same numbers always give the same draw, on every machine and in whatever order they are asked.

A plain `random.Random` shared by everything would make an event depend on all that was drawn before it. Here each
small thing (one minute, one journey, one customer) has a generator of its own, made from numbers that name it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from random import Random
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1


def mix(*numbers: int) -> int:
    """64 well spread bits out of a few numbers (the finaliser of SplitMix64, applied once a number)."""
    state = 0x9E3779B97F4A7C15
    for number in numbers:
        state = (state ^ (number & _MASK)) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return state


def generator(*numbers: int) -> Random:
    """A generator that belongs to what the numbers name."""
    return Random(mix(*numbers))


def share(*numbers: int) -> float:
    """A draw in [0, 1) that belongs to what the numbers name."""
    return mix(*numbers) / (_MASK + 1)


def poisson(rng: Random, mean: float) -> int:
    """A Poisson draw (Knuth's product method, exact; meant for means below 50)."""
    limit, product, count = exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def pick(rng: Random, choices: Sequence[tuple[T, float]]) -> T:
    """One of the choices, by weights that add up to 1; the last one takes what rounding leaves."""
    at = rng.random()
    for choice, weight in choices:
        at -= weight
        if at < 0:
            return choice
    return choices[-1][0]
