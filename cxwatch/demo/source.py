"""A file instead of the shop: its events, played in their own time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import msgspec

from cxwatch.backtest import Timed as RawEvent
from cxwatch.demo.shop import Timed
from streams.clock import MINUTE_MS, SECOND_MS

SPEED_MIN, SPEED_MAX = 60.0, 3_600.0
EVENTS_A_SECOND = 2.0  # what is pleasant to watch


class FileSource:
    """What the feeder is fed from. `events` are ordered by time and at least one."""

    def __init__(self, events: Sequence[RawEvent]) -> None:
        self._events = events
        self._times = [event.time_ms for event in events]
        self.live_ms = self._times[0] - self._times[0] % MINUTE_MS

    @property
    def ends_ms(self) -> int:
        """Time of the last event."""
        return self._times[-1]

    @property
    def fitting_speed(self) -> float:
        """How fast it should be played to bring about two events a second, within what the clock can do."""
        seconds = max(1, (self._times[-1] - self._times[0]) / SECOND_MS)
        return min(SPEED_MAX, max(SPEED_MIN, float(round(seconds * EVENTS_A_SECOND / len(self._times)))))

    def stream(self, from_ms: int) -> Iterator[Timed]:
        """The events from a time on."""
        for event in self._events[bisect_left(self._times, from_ms) :]:
            yield event.time_ms, msgspec.json.decode(event.raw)

    def history(self, until_ms: int, days: int, events: int) -> Iterator[Timed]:
        """None: the file is all there is."""
        del until_ms, days, events
        return iter(())
