"""What is remembered between two closings, unpacked: every watched segment with its detectors at work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection

from detectors import store
from detectors.budget import Budget
from detectors.listening import Listening
from detectors.opened import Yardstick
from detectors.protocol import Detector
from detectors.river_models import DETECTORS
from detectors.segments import Places, sort_key
from detectors.state import SegmentState
from detectors.usuals import Usuals
from detectors.watching import Seat
from streams.records import Segment
from streams.store.minutes import Kind

NO_USUALS = Usuals(0, 0, Budget(0.0))


@dataclass(slots=True)
class Memory:
    """Everything of one kind. `open` are segments with an anomaly, `noticed` those with a notice of drift."""

    names: tuple[str, ...]  # of the detectors of a segment
    usuals: Usuals = NO_USUALS
    seats: dict[Segment, Seat] = field(default_factory=dict)
    places: Places = field(default_factory=Places)
    open: set[Segment] = field(default_factory=set)
    noticed: set[Segment] = field(default_factory=set)
    silent: set[Segment] = field(default_factory=set)
    listening: Listening = field(default_factory=Listening)
    yardsticks: dict[Segment, Yardstick] = field(default_factory=dict)  # of the usuals that hold
    shares: dict[tuple[Segment, Segment, int], float] = field(default_factory=dict)  # of a rollup's places, by hour

    def seat(self, segment: Segment) -> Seat:
        """The segment's seat; a new one for a segment that was not known."""
        return self.seats.get(segment) or self._take(segment, SegmentState())

    def _take(self, segment: Segment, state: SegmentState) -> Seat:
        detectors: list[Detector] = []
        for name in self.names:
            version, numbers = state.detectors.get(name, (0, {}))
            detectors.append(DETECTORS[name].load(version, numbers))
        seat = self.seats[segment] = Seat(segment, state, detectors)
        if segment.channel is not None and segment.stage is not None:
            self.places.see(segment)
        return seat

    def listen(self, minute: int) -> None:
        """Work out anew when whose silence would be told."""
        self.listening.begin(self.seats, self.usuals, minute)

    @classmethod
    def load(cls, tx: Connection, names: tuple[str, ...], kind: Kind) -> Memory:
        """As it was saved."""
        memory = cls(names, store.load_usuals(tx, kind) or NO_USUALS)
        for segment, state in store.load_states(tx, kind).items():
            memory._take(segment, state)
            if state.open is not None:
                memory.open.add(segment)
            if state.noticed >= 0:
                memory.noticed.add(segment)
            if state.silent >= 0:
                memory.silent.add(segment)
        return memory

    def save(self, tx: Connection, changed: Iterable[Segment], kind: Kind) -> None:
        """Write the states of the segments that changed."""
        states = {}
        for segment in sorted(changed, key=sort_key):
            seat = self.seats[segment]
            seat.state.detectors = {d.name: (d.version, d.dump()) for d in seat.detectors}
            states[segment] = seat.state
        store.save_states(tx, states, kind)
