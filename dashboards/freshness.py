"""Whether the numbers are live, or the data stopped: blind must never look like quiet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from streams.clock import HOUR_MS, MINUTE_MS, MINUTES_PER_HOUR, SECOND_MS, hour_start, minute_of
from streams.records import LeafMinute

STALE_AFTER_MIN_MS = 2 * MINUTE_MS
USUAL_GAPS = 20
REAL_SECONDS_MIN = 15  # of the machine's clock: a product day at 60x must not look stale between two commits
USUAL_GAP_DAYS = 7
BACK_SHOWN_MS = 15 * MINUTE_MS

State = Literal["waiting", "live", "stale"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Data was missing from `from_ms` on; it came back at `back_ms`."""

    from_ms: int
    back_ms: int


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the newest event is, by the product's clock, and what that means."""

    state: State
    now_ms: int
    newest_ms: int | None
    stale_after_ms: int
    usual_gap_ms: int | None
    back: Gap | None = None

    @property
    def age_ms(self) -> int:
        """Age of the newest event; 0 while there is none, or when it is ahead of the clock."""
        return 0 if self.newest_ms is None else max(0, self.now_ms - self.newest_ms)


def usual_gap_ms(hours: Iterable[LeafMinute], now_ms: int) -> int | None:
    """Usual time between two events at this time of day, from the totals of the past days' hours.

    Of this hour of the day and the one before, the quieter one counts: a slow start of the night is no outage.
    None while no such hour has passed yet.
    """
    this_hour = hour_start(minute_of(now_ms))
    totals: dict[int, int] = {}
    for hour in hours:
        totals[hour.minute] = totals.get(hour.minute, 0) + hour.n
    gaps = []
    for first in (this_hour, this_hour - MINUTES_PER_HOUR):
        day = 24 * MINUTES_PER_HOUR
        same = [n for minute, n in totals.items() if minute < this_hour and (first - minute) % day == 0]
        if same:
            gaps.append(HOUR_MS * len(same) // sum(same))
    return max(gaps) if gaps else None


def judge(now_ms: int, newest_ms: int | None, usual_ms: int | None, speed: float) -> Freshness:
    """Stale after the larger of 2 minutes and 20 usual gaps, and never before 15 real seconds without data."""
    limit = max(STALE_AFTER_MIN_MS, USUAL_GAPS * (usual_ms or 0), int(REAL_SECONDS_MIN * SECOND_MS * speed))
    if newest_ms is None:
        return Freshness("waiting", now_ms, None, limit, usual_ms)
    state: State = "stale" if now_ms - newest_ms > limit else "live"
    return Freshness(state, now_ms, newest_ms, limit, usual_ms)


class GapMemory:
    """Remembers the gap that was shown, so that one line can say when data came back. Kept in the process only."""

    def __init__(self) -> None:
        self._stale_from_ms: int | None = None
        self._back: Gap | None = None

    def observe(self, seen: Freshness) -> Freshness:
        """The same reading, with the gap that just ended for as long as it is worth saying."""
        if seen.state == "stale":
            self._stale_from_ms, self._back = seen.newest_ms, None
        elif self._stale_from_ms is not None:
            self._back, self._stale_from_ms = Gap(self._stale_from_ms, seen.now_ms), None
        if self._back is not None and seen.now_ms - self._back.back_ms > BACK_SHOWN_MS:
            self._back = None
        return Freshness(seen.state, seen.now_ms, seen.newest_ms, seen.stale_after_ms, seen.usual_gap_ms, self._back)


class LeaseMemory:
    """Whether nobody decides, told only once that has lasted: between two holders there may be nobody for a moment."""

    def __init__(self) -> None:
        self._since_s: float | None = None

    def observe(self, decided: bool, at_s: float) -> bool:
        """Whether nobody has decided for 15 s of real time, as far as this process saw."""
        if decided:
            self._since_s = None
            return False
        if self._since_s is None:
            self._since_s = at_s
        return at_s - self._since_s >= REAL_SECONDS_MIN
