"""What River's detectors share: a finding holds for a day, and some of them judge whole bins of time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from detectors.protocol import Evidence, Step, Usual
from streams.clock import MINUTES_PER_DAY, MINUTES_PER_HOUR

HOLD_MINUTES = MINUTES_PER_DAY  # how long a finding asks for the second look
GAP_HOURS = 48


class Holding:
    """Remembers the minute of the last finding."""

    def __init__(self) -> None:
        self._since = -1

    def warm_up(self, steps: Iterable[Step]) -> None:
        """Learn from the past and raise nothing about it."""
        for step in steps:
            self.step(step)
        self._since = -1

    def step(self, step: Step) -> Evidence | None:
        """Take in one changed minute."""
        raise NotImplementedError

    def _holds(self, minute: int) -> bool:
        return self._since >= 0 and minute - self._since <= HOLD_MINUTES


class Binned(Holding):
    """Counts a bin of time in progress; finished ones are learned."""

    bin_minutes: ClassVar[int] = MINUTES_PER_HOUR

    def __init__(self) -> None:
        super().__init__()
        self._bin, self._n, self._bad = -1, 0, 0

    def step(self, step: Step) -> Evidence | None:
        """Count into the bin in progress and judge it as it stands; evidence for a day after a finding."""
        usual = step.usual
        if usual is None:
            return None
        current = step.minute // self.bin_minutes
        if self._bin < 0 or current < self._bin:
            self._bin = current
        if current > self._bin:
            self._finish(self._bin, self._n, self._bad, usual)
            empty = current - self._bin - 1
            for missed in range(self._bin + 1, current if empty <= GAP_HOURS else self._bin + 1):
                self._finish(missed, 0, 0, usual)
            if empty > GAP_HOURS:
                self._gap(empty)
            self._bin, self._n, self._bad = current, 0, 0
        self._n += step.answers
        self._bad += step.bad_first
        if step.bad_first and self._stands_out(usual):
            self._since = step.minute
        return Evidence(self._signal(usual), self._since) if self._holds(step.minute) else None

    def _finish(self, which: int, n: int, bad: int, usual: Usual) -> None:
        raise NotImplementedError

    def _gap(self, bins: int) -> None:
        """Nothing is known about so many bins."""

    def _stands_out(self, usual: Usual) -> bool:
        raise NotImplementedError

    def _signal(self, _usual: Usual) -> Literal["share", "volume"]:
        return "volume"

    def restart(self) -> None:
        """Drop the finding and the bin in progress; what is normal stays."""
        self._bin, self._n, self._bad, self._since = -1, 0, 0, -1

    def _progress(self) -> list[float]:
        return [float(self._bin), float(self._n), float(self._bad), float(self._since)]

    def _resume(self, numbers: list[float]) -> None:
        self._bin, self._n, self._bad, self._since = (int(number) for number in numbers)
