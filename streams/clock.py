"""Product time: what "now" means to windows, clocks of cases and the closing of minutes.

All times inside cxwatch are integers: milliseconds since 1970-01-01 UTC (names end in ``_ms``), and minutes
are numbers of whole minutes since then. Text with offsets exists only at the borders.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
MINUTES_PER_HOUR = 60
MINUTES_PER_DAY = 24 * 60
SECONDS_PER_DAY = 24 * 60 * 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Says what time it is for the product. `demo` and `backtest` bring one of their own."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch, UTC."""


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class ManualClock:
    """A clock that stands where it was put: for tests and for `backtest`, which runs by event time."""

    def __init__(self, at_ms: int) -> None:
        self._at_ms = at_ms

    def now_ms(self) -> int:
        return self._at_ms

    def set(self, at_ms: int) -> None:
        """Move the clock; it never runs backwards."""
        self._at_ms = max(self._at_ms, at_ms)


def minute_of(time_ms: int) -> int:
    """The minute, counted from the epoch, that a time falls into."""
    return time_ms // MINUTE_MS


def hour_start(minute: int) -> int:
    """First minute of the hour that a minute falls into."""
    return minute - minute % MINUTES_PER_HOUR


def to_ms(moment: datetime) -> int:
    """Milliseconds since the epoch of a moment with an offset; fractions below one are cut."""
    since = moment - EPOCH
    return (since.days * SECONDS_PER_DAY + since.seconds) * SECOND_MS + since.microseconds // 1_000


def rfc3339(time_ms: int) -> str:
    """A time as the API writes it: UTC, milliseconds only where there are any."""
    moment = datetime.fromtimestamp(time_ms // 1_000, UTC)
    fraction = time_ms % 1_000
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction:03d}" if fraction else "") + "Z"
