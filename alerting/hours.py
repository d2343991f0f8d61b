"""Business hours: when somebody is there to call a customer, and how much of that lies between two moments. Pure.

Hours are local wall times, so an opening of eight hours has eight hours also on a day on which the clocks change, and
only one that is open at night has one more or one less. A local time that does not exist counts as the moment at
which the clocks jump over it; of one that occurs twice, the first is meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from streams.clock import DAY_MS, MINUTE_MS

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY = 1_440
AHEAD_DAYS_MAX = 800  # searched for the end of a clock: settings are refused that leave no hours in a year

Opening = tuple[int, int]  # minutes since local midnight, end after start, 1,440 is midnight


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """Openings by weekday (Monday first), none on holidays. `always` is round the clock, whatever the rest says."""

    timezone: str = "UTC"
    week: tuple[tuple[Opening, ...], ...] = ((),) * 7
    holidays: frozenset[date] = field(default_factory=frozenset)
    always: bool = True

    def add(self, start_ms: int, minutes: int) -> int:
        """The moment at which so many business minutes have passed since `start_ms`."""
        left_ms = minutes * MINUTE_MS
        if self.always:
            return start_ms + left_ms
        for open_ms, close_ms in self._from(start_ms):
            begin_ms = max(open_ms, start_ms)
            if close_ms - begin_ms >= left_ms:
                return begin_ms + left_ms
            left_ms -= close_ms - begin_ms
        return start_ms + AHEAD_DAYS_MAX * DAY_MS  # not reached with settings that were checked

    def between(self, start_ms: int, end_ms: int) -> int:
        """Business time from one moment to a later one, in ms; 0 if it is not later."""
        if end_ms <= start_ms:
            return 0
        if self.always:
            return end_ms - start_ms
        total_ms = 0
        for open_ms, close_ms in self._from(start_ms):
            if open_ms >= end_ms:
                break
            total_ms += max(0, min(close_ms, end_ms) - max(open_ms, start_ms))
        return total_ms

    def _from(self, start_ms: int) -> Iterator[tuple[int, int]]:
        """Openings that end after a moment, in order; each minute once, also where local days overlap."""
        first = datetime.fromtimestamp(start_ms / 1_000, ZoneInfo(self.timezone)).date() - timedelta(days=1)
        reached_ms = start_ms
        for ahead in range(AHEAD_DAYS_MAX + 2):
            for open_ms, close_ms in _openings(self, first + timedelta(days=ahead)):
                begin_ms = max(open_ms, reached_ms)
                if close_ms > begin_ms:
                    reached_ms = close_ms
                    yield begin_ms, close_ms


@lru_cache(maxsize=4_096)
def _openings(hours: BusinessHours, day: date) -> tuple[tuple[int, int], ...]:
    """A local day's openings as moments."""
    if day in hours.holidays:
        return ()
    zone = ZoneInfo(hours.timezone)
    return tuple((_moment(day, start, zone), _moment(day, end, zone)) for start, end in hours.week[day.weekday()])


def _moment(day: date, minute: int, zone: ZoneInfo) -> int:
    whole, rest = divmod(minute, MINUTES_A_DAY)
    local = datetime.combine(day + timedelta(days=whole), time(rest // 60, rest % 60), zone)
    there = datetime.fromtimestamp(local.timestamp(), zone)
    if there.replace(tzinfo=None) != local.replace(tzinfo=None):  # jumped over: the moment of the jump
        gap = local.replace(fold=1).utcoffset() or timedelta()
        before = local.utcoffset() or timedelta()
        jump = (local.replace(tzinfo=UTC) - max(gap, before)).timestamp()
        return _jump_in(zone, int(jump * 1_000), int(local.timestamp() * 1_000))
    return int(local.timestamp() * 1_000)


def _jump_in(zone: ZoneInfo, low_ms: int, high_ms: int) -> int:
    """The moment between two at which the zone's offset changes."""
    before = datetime.fromtimestamp(low_ms / 1_000, zone).utcoffset()
    while high_ms - low_ms > 1_000:
        middle_ms = (low_ms + high_ms) // 2_000 * 1_000
        if datetime.fromtimestamp(middle_ms / 1_000, zone).utcoffset() == before:
            low_ms = middle_ms
        else:
            high_ms = middle_ms
    return high_ms
