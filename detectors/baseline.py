"""What is usual in a segment: the bad share and the hourly numbers of its last 28 days, learned with a lag.

Today does not teach today: hours younger than 24 h are left out, so that an incident is not part of its own yardstick
and late events can no longer change it. A young stream uses what there is up to an hour ago.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from detectors.chance import wilson
from streams.clock import MINUTES_PER_DAY, MINUTES_PER_HOUR, hour_start

DAYS = 28
LAG_MINUTES = MINUTES_PER_DAY
YOUNG_LAG_MINUTES = MINUTES_PER_HOUR
VOLUME_DAYS_MIN = 2  # before that, a morning after a night looks like an outage
WEEKDAY_DAYS_MIN = 14
WEEKDAY_PRIOR = 20.0  # answers that pull a weekday's factor to 1
ODDS_TOLERANCE = 1.25  # shares wander: up to a quarter more odds than usual is never beyond chance
VOLUME_TOLERANCE = 1.25  # likewise a quarter more bad answers


class HourTotal(NamedTuple):
    """One hour of one segment: first minute, answers without repeats, first bad ones."""

    minute: int
    answers: int
    bad: int


@lru_cache(maxsize=4096)
def local_hour(timezone: str, hour: int) -> tuple[int, int]:
    """(hour of the day, weekday) in a zone, of an hour counted from the epoch."""
    moment = datetime.fromtimestamp(hour * 3600, UTC).astimezone(ZoneInfo(timezone))
    return moment.hour, moment.weekday()


@lru_cache(maxsize=64)
def exposure(timezone: str, first_hour: int, end_hour: int) -> tuple[tuple[int, ...], ...]:
    """How many hours of each weekday (0 is Monday) and hour of the day lie in [first_hour, end_hour)."""
    counts = [[0] * 24 for _ in range(7)]
    for hour in range(first_hour, end_hour):
        of_day, day = local_hour(timezone, hour)
        counts[day][of_day] += 1
    return tuple(tuple(day) for day in counts)


@dataclass(frozen=True)
class Baseline:
    """A segment's usual. Rates are answers an hour, by hour of the day, times the factor of the weekday."""

    n: int
    bad: int
    days: float
    answers_by_hour: tuple[float, ...]
    bad_by_hour: tuple[float, ...]
    weekday: tuple[float, ...]
    updates_week: float  # minutes with answers in an average week: how often the segment is tested
    timezone: str = "UTC"

    @cached_property
    def share(self) -> float:
        """Usual bad share; half an answer each way keeps it off 0 and 1."""
        return (self.bad + 0.5) / (self.n + 1)

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the usual bad share."""
        return wilson(self.bad, self.n)

    @cached_property
    def share_tolerated(self) -> float:
        """The bad share that evidence is measured against: the usual one at its worst."""
        odds = self.share / (1 - self.share) * ODDS_TOLERANCE
        return min(0.999, max(odds / (1 + odds), self.interval[1]))

    @property
    def knows_volume(self) -> bool:
        """False while too few days were seen to say how many answers an hour usually brings."""
        return self.days >= VOLUME_DAYS_MIN

    @cached_property
    def volume_tolerance(self) -> float:
        """By how much bad answers may outnumber the usual before it counts: more where little was seen."""
        return float(VOLUME_TOLERANCE * (1 + (self.bad + 1) ** -0.5))

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


def learn(hours: Sequence[HourTotal], minute: int, timezone: str, least: int) -> Baseline | None:
    """The baseline that holds at `minute`, from a segment's hours in order; None under `least` answers."""
    now = hour_start(minute)
    lagged = [hour for hour in hours if now - LAG_MINUTES - DAYS * MINUTES_PER_DAY <= hour.minute < now - LAG_MINUTES]
    if _seen(lagged) >= least and now - LAG_MINUTES - lagged[0].minute >= LAG_MINUTES:
        return _learn(lagged, now - LAG_MINUTES, timezone)
    recent = [hour for hour in hours if hour.minute < now - YOUNG_LAG_MINUTES]
    return _learn(recent, now - YOUNG_LAG_MINUTES, timezone) if _seen(recent) >= least else None


def _seen(hours: Iterable[HourTotal]) -> int:
    return sum(hour.answers for hour in hours)


def _learn(hours: Sequence[HourTotal], end: int, timezone: str) -> Baseline:
    first = hours[0].minute
    days = (end - first) / MINUTES_PER_DAY
    known = exposure(timezone, first // MINUTES_PER_HOUR, end // MINUTES_PER_HOUR)
    by_hour = [sum(day[hour] for day in known) for hour in range(24)]
    answers, bad, weekday_answers = [0] * 24, [0] * 24, [0] * 7
    busy = 0.0  # minutes with answers, when an hour's answers fall anywhere in it
    for total in hours:
        of_day, day = local_hour(timezone, total.minute // MINUTES_PER_HOUR)
        answers[of_day] += total.answers
        bad[of_day] += total.bad
        weekday_answers[day] += total.answers
        busy += MINUTES_PER_HOUR * (1 - (1 - 1 / MINUTES_PER_HOUR) ** total.answers)
    rates = _rates(answers, by_hour)
    weekday = _weekdays(weekday_answers, rates, known) if days >= WEEKDAY_DAYS_MIN else (1.0,) * 7
    return Baseline(
        n=sum(answers),
        bad=sum(bad),
        days=days,
        answers_by_hour=rates,
        bad_by_hour=_rates(bad, by_hour),
        weekday=weekday,
        updates_week=busy * 7 / days,
        timezone=timezone,
    )


def _rates(counts: Sequence[int], hours_seen: Sequence[int]) -> tuple[float, ...]:
    """Answers an hour by hour of the day: smoothed over the neighbours, small exposures pulled to the mean."""
    mean = sum(counts) / max(1, sum(hours_seen))
    rates = []
    for hour in range(24):
        before, after = (hour - 1) % 24, (hour + 1) % 24
        count = counts[before] / 4 + counts[hour] / 2 + counts[after] / 4
        hours = hours_seen[before] / 4 + hours_seen[hour] / 2 + hours_seen[after] / 4
        rates.append((count + mean) / (hours + 1))
    return tuple(rates)


def _weekdays(seen: Sequence[int], rates: Sequence[float], known: Sequence[Sequence[int]]) -> tuple[float, ...]:
    """Each weekday's answers over what its hours would bring on any day, few answers pulled to 1."""
    factors = []
    for day in range(7):
        expected = sum(hours * rate for hours, rate in zip(known[day], rates, strict=True))
        factors.append((seen[day] + WEEKDAY_PRIOR) / (expected + WEEKDAY_PRIOR))
    return tuple(factors)
