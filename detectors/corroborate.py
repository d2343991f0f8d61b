"""What River's detectors see in the numbers that evidence fired on: who agrees, and what kind of change it is.

They are shown the segment's last week and then its last day as it came, when evidence has fired: that costs nothing
while nothing happens, and gives what they would have said had they followed all along.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from detectors.baseline import Baseline
from detectors.protocol import Detector, Step
from detectors.records import Character
from detectors.river_hourly import Forecast, Shape
from detectors.river_models import BadVolume, ShareJump
from detectors.state import BIN_MINUTES, Bin

WITNESSES: tuple[type[Detector], ...] = (ShareJump, BadVolume, Forecast, Shape)


def agreeing(past: Iterable[Step], bins: Sequence[Bin], usual: Baseline, since: int) -> tuple[str, ...]:
    """The names of those whose finding falls into the time since the most likely start (a bin earlier allowed)."""
    warm = list(past)
    names = []
    for kind in WITNESSES:
        detector, found = kind(), False
        detector.warm_up(warm)
        for slot in bins:
            step = Step(slot.minute, slot.n, slot.bad, slot.bad, slot.minute, usual)
            evidence = detector.step(step) if slot.n else None
            found |= evidence is not None and evidence.since_minute >= since - BIN_MINUTES
        if found:
            names.append(kind.name)
    return tuple(names)


def character_of(names: Sequence[str], *, by_volume: bool) -> Character | None:
    """What kind of change it is: a jump of the share, more bad answers than usual, or both odd together."""
    volume = BadVolume.name in names or Forecast.name in names
    if by_volume and volume:
        return "volume"
    if ShareJump.name in names:
        return "jump"
    if volume:
        return "volume"
    return "shape" if Shape.name in names else None
