"""What is usual in a segment: its bad share and its hourly numbers, learned from its own past with a lag.

Today does not teach today: hours younger than 24 h are left out, so that an incident is not part of its own yardstick
and late events can no longer change it. Hours of known incidents are left out too, so are gaps in collecting and
first days that were only partly collected: what is missing is not zero. A young stream uses what there is up to an
hour ago. `learning` computes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from math import ceil
from typing import NamedTuple
from zoneinfo import ZoneInfo

from detectors.chance import wilson
from streams.clock import MINUTES_PER_DAY, MINUTES_PER_HOUR

DAYS = 28
LAG_MINUTES = MINUTES_PER_DAY
YOUNG_LAG_MINUTES = MINUTES_PER_HOUR
VOLUME_DAYS_MIN = 2  # before that, a morning after a night looks like an outage
WEEK_DAYS_MIN = 8  # before that, nobody knows what a weekend is like
ODDS_TOLERANCE = 1.25  # shares wander: up to a quarter more odds than usual is never beyond chance
VOLUME_TOLERANCE = 1.25  # likewise a quarter more bad answers
UNKNOWN_WEEK_TOLERANCE = 1.5
WITNESS_DAYS_MIN = 7
WITNESSES_MIN, WITNESSES_MAX = 3.0, 8.0
CLUSTERED = 0.5  # scatter beyond that of independent answers from which on clusters are certain


class HourTotal(NamedTuple):
    """One hour of one segment: first minute, answers without repeats, first bad ones."""

    minute: int
    answers: int
    bad: int


def on_grid(share: float) -> float:
    """A tolerated share, up to the next of some hundred values: what is computed for one serves many segments."""
    steps = 500.0 if share > 0.1 else 4_000.0
    return min(0.998, ceil(share * steps) / steps)


@lru_cache(maxsize=4096)
def local_hour(timezone: str, hour: int) -> tuple[int, int]:
    """(hour of the day, weekday) in a zone, of an hour counted from the epoch."""
    moment = datetime.fromtimestamp(hour * 3600, UTC).astimezone(ZoneInfo(timezone))
    return moment.hour, moment.weekday()


@dataclass(frozen=True)
class Baseline:
    """A segment's usual. Rates are answers an hour, by hour of the day, times the factor of the weekday.

    `n` and `bad` are answers as they count here: older ones count less. `odds_by_hour` are factors on the odds of the
    bad share, `dispersion` says how many times more bad counts of an hour scatter than independent answers would, given
    its answers, and `volume_dispersion` given the usual of that hour of the week: 1 or more.
    """

    n: float
    bad: float
    days: float
    answers_by_hour: tuple[float, ...]
    bad_by_hour: tuple[float, ...]
    weekday: tuple[float, ...]
    updates_week: float  # minutes with answers in an average week: how often the segment is tested
    timezone: str = "UTC"
    odds_by_hour: tuple[float, ...] = (1.0,) * 24
    dispersion: float = 1.0
    volume_dispersion: float = 1.0
    day_spread: float = 0.0  # standard deviation of whole days' volumes around the expected, as a share of it
    answers_dispersion: float = 1.0  # as `volume_dispersion`, of all answers

    @cached_property
    def share(self) -> float:
        """Usual bad share; half an answer each way keeps it off 0 and 1."""
        return (self.bad + 0.5) / (self.n + 1)

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the usual bad share, wider where answers come in clusters."""
        return wilson(self.bad / self.dispersion, self.n / self.dispersion)

    @cached_property
    def share_tolerated(self) -> float:
        """The bad share that evidence is measured against: the usual one at its worst."""
        return self._tolerated(1.0)

    @cached_property
    def _tolerated_by_hour(self) -> tuple[float, ...]:
        by_factor = {factor: self._tolerated(factor) for factor in set(self.odds_by_hour)}  # one where none is known
        return tuple(by_factor[factor] for factor in self.odds_by_hour)

    @cached_property
    def _worst(self) -> float:
        """The factor from the usual odds to those at their worst."""
        upper = min(0.999, self.interval[1])
        return float(max(ODDS_TOLERANCE, upper / (1 - upper) * (1 - self.share) / self.share))

    def _tolerated(self, factor: float) -> float:
        odds = self.odds * self._worst * factor
        return on_grid(odds / (1 + odds))

    def tolerated_at(self, minute: int) -> float:
        """`share_tolerated` at the hour of the day of a minute."""
        return self._tolerated_by_hour[self._hour_of_day(minute)]

    def tolerated_like(self, place: Baseline, minute: int) -> float:
        """What a place's usual share becomes with this (wider) segment's tolerance, at the hour of a minute."""
        odds = place.odds * place.odds_by_hour[self._hour_of_day(minute)] * self._worst
        return on_grid(odds / (1 + odds))

    @cached_property
    def odds(self) -> float:
        """Usual odds of a bad answer."""
        return self.share / (1 - self.share)

    def _hour_of_day(self, minute: int) -> int:
        return local_hour(self.timezone, minute // MINUTES_PER_HOUR)[0]

    @property
    def knows_volume(self) -> bool:
        """False while too few days were seen to say how many answers an hour usually brings."""
        return self.days >= VOLUME_DAYS_MIN

    @cached_property
    def volume_tolerance(self) -> float:
        """By how much bad answers may outnumber the usual before it counts: more where little was seen."""
        young = 1.0 if self.days >= WEEK_DAYS_MIN else UNKNOWN_WEEK_TOLERANCE
        level = max(VOLUME_TOLERANCE, 1 + self.day_spread)
        return float(level * young * (1 + (self.bad + 1) ** -0.5))

    @cached_property
    def witnesses(self) -> float:
        """Few where bad answers are known to come in clusters or nothing is known about it, else more."""
        if self.days < WITNESS_DAYS_MIN:
            return WITNESSES_MIN
        scatter = max(self.dispersion, self.volume_dispersion) - 1
        return max(WITNESSES_MIN, WITNESSES_MAX - scatter * (WITNESSES_MAX - WITNESSES_MIN) / CLUSTERED)

    def bad_between(self, from_minute: int, to_minute: int) -> float:
        """Usual number of bad answers in [from, to)."""
        return self._between(self.bad_by_hour, from_minute, to_minute)

    def answers_between(self, from_minute: int, to_minute: int) -> float:
        """Usual number of answers in [from, to)."""
        return self._between(self.answers_by_hour, from_minute, to_minute)

    def _between(self, rates: Sequence[float], from_minute: int, to_minute: int) -> float:
        total, minute = 0.0, from_minute
        while minute < to_minute:
            hour = minute // MINUTES_PER_HOUR
            until = min(to_minute, (hour + 1) * MINUTES_PER_HOUR)
            of_day, day = local_hour(self.timezone, hour)
            total += rates[of_day] * self.weekday[day] * (until - minute) / MINUTES_PER_HOUR
            minute = until
        return total
