"""The shop's rhythm: how busy a minute is against the average one, by hour of the day and day of the week (UTC)."""

from __future__ import annotations

from math import pi, sin
from random import Random

from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS, MINUTES_PER_DAY

_WEEKDAYS = (1.02, 1.07, 1.02, 1.02, 1.07, 0.95, 0.85)  # Monday first; mean 1
_SWING = 0.65  # 3 in the morning has about a fifth of what 3 in the afternoon has
_PEAK = 1 + _SWING
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_TRIES = 8


def busy(minute: int) -> float:
    """How busy a minute is, 1 on average over a week. Smooth: no step at an hour, so nothing looks like a jump."""
    day, of_day = divmod(minute, MINUTES_PER_DAY)
    today = _WEEKDAYS[(day + _EPOCH_WEEKDAY) % 7]
    tomorrow = _WEEKDAYS[(day + 1 + _EPOCH_WEEKDAY) % 7]
    part = of_day / MINUTES_PER_DAY
    return (today + (tomorrow - today) * part) * hour_factor(minute * MINUTE_MS)


def hour_factor(time_ms: int) -> float:
    """The daily part of the rhythm: highest at 15:00, lowest at 3:00."""
    hour = time_ms % DAY_MS / HOUR_MS
    return 1 + _SWING * sin(2 * pi * (hour - 9) / 24)


def by_day(rng: Random, low_ms: int, high_ms: int) -> int:
    """A time between two times, rather in busy hours than at night: parcels and calls come when people are awake."""
    at = low_ms
    for _ in range(_TRIES):
        at = rng.randint(low_ms, high_ms)
        if rng.random() * _PEAK < hour_factor(at):
            break
    return at
