"""When the usual is learned anew: baselines are replaced, and who has one for the first time is shown its past."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from detectors import store
from detectors.baseline import HourTotal
from detectors.evidence import ShareAndVolume
from detectors.memory import Memory
from detectors.river_models import DETECTORS
from detectors.settings import DetectionSettings
from detectors.telling import Hours
from detectors.usuals import Usuals, learn_all, past_steps, span
from detectors.watching import Seat
from streams.records import Segment
from streams.store.minutes import Kind


def enter_period(
    tx: Connection, memory: Memory, hours: Hours, settings: DetectionSettings, kind: Kind, minute: int
) -> set[Segment]:
    """Learn what is usual from a minute on, and store it; the segments whose state changed with that."""
    start, end = span(minute)
    frozen = {
        segment: stretches for segment, seat in memory.seats.items() if (stretches := seat.state.stretches(minute))
    }
    memory.usuals, past = learn_all(hours(tx, start, end), minute, settings, frozen)
    memory.yardsticks.clear()
    memory.shares.clear()
    store.save_usuals(tx, memory.usuals, kind)
    changed = set()
    for segment in memory.usuals.baselines:
        seat = memory.seat(segment)
        if not seat.state.warmed:
            _warm_up(seat, past[segment].totals(), memory.usuals, minute, settings.detectors)
            changed.add(segment)
    memory.listen(minute)
    return changed


def _warm_up(seat: Seat, hours: Sequence[HourTotal], usuals: Usuals, minute: int, names: Sequence[str]) -> None:
    usual = usuals.baselines[seat.segment]
    seat.detectors = [DETECTORS[name]() for name in names]
    for detector in seat.detectors:
        if not isinstance(detector, ShareAndVolume):
            detector.warm_up(past_steps(hours, usual, minute))
    seat.state.warmed = True
