"""Simulated streams of answers: the table's generator, and what real streams have besides.

The table (seeded): hourly volume is Poisson with mean per_day / 24 x weekday x (1 + .7 sin(2 pi (h - 8) / 24)); an
answer is bad with logit p = logit(.15) + drift + day effect + .12 sin(2 pi (h - 20) / 24), drift_d = .97 drift_(d-1) +
N(0, .05), day effect N(0, .12). A spike adds to the share (at most .97) and multiplies the volume for three days.

Beyond the table: a fifth of the events in clusters of 3 to 8 of one cause (alike, within half an hour), gaps in
collecting of hours to days, spam waves, a first day that is only partly there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

START = 20_773 * 1_440  # Mon 16 Nov 2026, 00:00 UTC, in minutes
WEEKDAY = np.array([1, 1.05, 1, 1, 1.05, 0.75, 0.65])
SPIKE_DAYS = 3
Array = Any


@dataclass(frozen=True, slots=True)
class Spike:
    """What goes wrong: points of bad share more, and so many times the volume."""

    name: str
    delta: float
    times: float


SPIKES = (Spike("+20 pp", 0.2, 1), Spike("+40 pp", 0.4, 1), Spike("+10 pp, x2", 0.1, 2), Spike("+20 pp, x3", 0.2, 3))


@dataclass(frozen=True, slots=True)
class Trouble:
    """What real streams have besides; all of it off by default."""

    clusters: float = 0.0  # share of the events that come in clusters of one cause
    gaps_a_year: float = 0.0
    spam_a_year: float = 0.0
    partial_first_day: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """Answers of one place by time: minute (from START), whether bad, and whether they are spam."""

    minute: Array
    bad: Array
    spam: Array
    onset: int | None  # minute of the spike
    gaps: tuple[tuple[int, int], ...] = ()
    waves: tuple[tuple[int, int], ...] = ()


def stream(
    draw: np.random.Generator,
    per_day: float,
    days: int,
    spike: Spike | None = None,
    trouble: Trouble = Trouble(),
) -> Stream:
    """`days` of quiet, and with a spike its three days and one more after them."""
    total = days + (SPIKE_DAYS + 1 if spike else 0)
    hour = np.arange(total * 24)
    day = hour // 24
    drift = np.empty(total)
    level = draw.normal(0, 0.05 / np.sqrt(1 - 0.97**2))
    for at, step in enumerate(draw.normal(0, 0.05, total)):
        level = 0.97 * level + step
        drift[at] = level
    logit = np.log(0.15 / 0.85) + (drift + draw.normal(0, 0.12, total))[day]
    logit += 0.12 * np.sin(2 * np.pi * (hour % 24 - 20) / 24)
    share = 1 / (1 + np.exp(-logit))
    mean = per_day / 24 * WEEKDAY[day % 7] * (1 + 0.7 * np.sin(2 * np.pi * (hour % 24 - 8) / 24))
    onset = None
    if spike is not None:
        first = days * 24 + int(draw.integers(0, 24))
        hit = (hour >= first) & (hour < first + SPIKE_DAYS * 24)
        share = np.where(hit, np.minimum(0.97, share + spike.delta), share)
        mean = np.where(hit, mean * spike.times, mean)
        onset = first * 60
    minute, bad = _events(draw, mean, share, trouble.clusters)
    spam = np.zeros(len(minute), dtype=bool)
    minute, bad, spam, waves = _spam(draw, minute, bad, spam, total, trouble.spam_a_year, per_day)
    keep, gaps = _kept(draw, minute, total, trouble)
    minute, bad, spam = minute[keep], bad[keep], spam[keep]
    order = np.argsort(minute, kind="stable")
    return Stream(minute[order], bad[order], spam[order], onset, gaps, waves)


def _events(draw: np.random.Generator, mean: Array, share: Array, clusters: float) -> tuple[Array, Array]:
    single = draw.poisson(mean * (1 - clusters))
    hours = np.repeat(np.arange(len(mean)), single)
    minute = hours * 60 + draw.integers(0, 60, len(hours))
    bad = draw.random(len(hours)) < share[hours]
    if clusters:
        size_mean = 5.5
        hours = np.repeat(np.arange(len(mean)), draw.poisson(mean * clusters / size_mean))
        size = draw.integers(3, 9, len(hours))
        first = hours * 60 + draw.integers(0, 60, len(hours))
        alike = draw.random(len(hours)) < share[hours]
        at = np.repeat(first, size) + draw.integers(0, 30, int(size.sum()))
        at = np.minimum(at, len(mean) * 60 - 1)
        minute, bad = np.concatenate((minute, at)), np.concatenate((bad, np.repeat(alike, size)))
    return minute, bad


def _spam(
    draw: np.random.Generator, minute: Array, bad: Array, spam: Array, total: int, a_year: float, per_day: float
) -> tuple[Array, Array, Array, tuple[tuple[int, int], ...]]:
    """Waves of bad answers in one to three hours: a day's volume and at least thirty, all alike."""
    waves = []
    for _ in range(draw.poisson(a_year * total / 365)):
        first, length = int(draw.integers(0, total * 1_440)), int(draw.integers(60, 180))
        size = int(max(30, draw.integers(1, 3) * per_day / 2))
        at = np.minimum(first + draw.integers(0, length, size), total * 1_440 - 1)
        minute, bad = np.concatenate((minute, at)), np.concatenate((bad, np.ones(size, dtype=bool)))
        spam = np.concatenate((spam, np.ones(size, dtype=bool)))
        waves.append((first, first + length))
    return minute, bad, spam, tuple(waves)


def _kept(
    draw: np.random.Generator, minute: Array, total: int, trouble: Trouble
) -> tuple[Array, tuple[tuple[int, int], ...]]:
    keep = np.ones(len(minute), dtype=bool)
    gaps = []
    for _ in range(draw.poisson(trouble.gaps_a_year * total / 365)):
        first = int(draw.integers(0, total * 1_440))
        length = int(60 * np.exp(draw.uniform(np.log(3), np.log(96))))  # three hours to four days
        keep &= (minute < first) | (minute >= first + length)
        gaps.append((first, first + length))
    if trouble.partial_first_day:
        keep &= (minute >= 1_440) | (draw.random(len(minute)) < 0.1)
    return keep, tuple(gaps)
