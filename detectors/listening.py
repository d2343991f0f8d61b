"""Which of the watched segments have stopped speaking. Costs a look when a silence could be told, and nothing before.

Every segment that can be heard waits in a heap at the minute at whose end its silence would be evidence; answers that
come meanwhile move that minute, which is noticed when it has come. A wider place that is silent explains the narrower.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from heapq import heapify, heappop, heappush

from detectors.baseline import HourTotal
from detectors.records import Anomaly
from detectors.segments import sort_key
from detectors.silence import (
    LOOK_MINUTES,
    WEEK,
    WEEKS,
    Told,
    can_be_heard,
    due_minute,
    needed,
    next_look,
    quietest,
    silence_of,
)
from detectors.state import SegmentState
from detectors.usuals import Usuals, hours_of
from detectors.watching import Seat
from streams.clock import hour_start
from streams.records import LeafMinute, Segment

Hours = Callable[[int, int], Sequence[LeafMinute]]  # all leaf hours in [from, to)
Seats = Mapping[Segment, Seat]
Due = tuple[int, tuple[str, str], Segment]


class Listening:
    """The segments of one kind, by when a silence of theirs would have to be told."""

    def __init__(self) -> None:
        self._due: list[Due] = []
        self._waiting: set[Segment] = set()
        self._audible: set[Segment] = set()

    def begin(self, seats: Seats, usuals: Usuals, minute: int) -> None:
        """Everything anew, from a minute on: after a start, and when the usual was learned."""
        need, self._due = needed(usuals.budget), []
        self._audible = {segment for segment, usual in usuals.baselines.items() if can_be_heard(usual, need)}
        for segment in self._audible:
            if segment in seats and _listens(seats[segment].state):
                at = due_minute(seats[segment].state.spoke, usuals.baselines[segment], need)
                self._due.append((max(next_look(minute), at), sort_key(segment), segment))
        heapify(self._due)
        self._waiting = {segment for _, _, segment in self._due}

    def hear(self, segment: Segment, state: SegmentState, usuals: Usuals) -> None:
        """A segment has spoken: from now on it is listened to."""
        if segment in self._audible and segment not in self._waiting:
            self._wait(due_minute(state.spoke, usuals.baselines[segment], needed(usuals.budget)), segment)

    @property
    def next(self) -> int | None:
        """The minute after which there may be something to look at, None while there is nothing."""
        return self._due[0][0] if self._due else None

    def due(self, minute: int, seats: Seats, usuals: Usuals) -> bool:
        """Whether a silence has to be judged at the end of a minute; who has spoken meanwhile waits on."""
        while self._due and self._due[0][0] <= minute:
            segment = self._due[0][2]
            state = seats[segment].state
            at = due_minute(state.spoke, usuals.baselines[segment], needed(usuals.budget))
            if at <= minute and _listens(state):
                return True
            self._drop()
            if _listens(state):
                self._wait(at, segment)
        return False

    def look(self, minute: int, seats: Seats, usuals: Usuals, hours: Hours, by: Told) -> list[Anomaly]:
        """Silences to be told at the end of a minute; their segments are noted as silent."""
        found: list[Anomaly] = []
        while self.due(minute, seats, usuals):
            segment = self._drop()
            state, usual = seats[segment].state, usuals.baselines[segment]
            explained = any(seats[wide].state.silent >= 0 for wide in segment.rollups() if wide in seats)
            least = None if explained or state.in_batches else _least(segment, state.spoke + 1, minute + 1, hours)
            anomaly = None if least is None else silence_of(segment, state, minute, usual, least, by)
            if anomaly is None:
                self._wait(minute + LOOK_MINUTES, segment)
                continue
            state.silent = minute
            found.append(anomaly)
        return found

    def _wait(self, minute: int, segment: Segment) -> None:
        heappush(self._due, (next_look(minute), sort_key(segment), segment))
        self._waiting.add(segment)

    def _drop(self) -> Segment:
        segment = heappop(self._due)[2]
        self._waiting.discard(segment)
        return segment


def _listens(state: SegmentState) -> bool:
    return state.spoke >= 0 and state.silent < 0


def _least(segment: Segment, start: int, end: int, hours: Hours) -> float | None:
    weeks: list[list[HourTotal] | None] = []
    for back in range(1, WEEKS + 1):
        rows = hours(hour_start(start - back * WEEK), end - back * WEEK)
        weeks.append(hours_of(rows, segment) if rows else None)
    return quietest(weeks, start, end)
