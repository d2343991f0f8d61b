"""River's detectors on one segment: a jump of the bad share, and a surge of bad answers.

Both are set loose on purpose: they say where to look and name the character of a change. What wakes somebody is
decided on exact numbers afterwards (`watching`), so that a loose threshold costs nothing but a second look.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import ClassVar, Self

from detectors.evidence import ShareAndVolume
from detectors.holding import Holding
from detectors.protocol import Detector, Evidence, State, Step, Usual, Value, number_of, numbers_of
from detectors.river_hourly import Drift, Forecast, Shape
from detectors.river_state import dump_gaussian, dump_hddm_w, fade_gaussian, load_gaussian, load_hddm_w

SAMPLES_MAX = 32  # answers of one minute shown to HDDM_W; more are thinned evenly


class ShareJump(Holding):
    """HDDM_W (Frias-Blanco et al. 2015) on the bad share of answers without repeats, upward only."""

    name: ClassVar[str] = "share_jump"
    version: ClassVar[int] = 1
    CONFIDENCE: ClassVar[float] = 0.05
    FADING: ClassVar[float] = 0.05  # the recent share is a mean of about the last 20 answers

    def __init__(self) -> None:
        super().__init__()
        self._model = load_hddm_w((), self.CONFIDENCE, self.FADING)
        self._owed = 0.0  # bad answers that thinning has not shown yet, < 1

    def step(self, step: Step) -> Evidence | None:
        """Show a minute's answers, bad ones spread evenly among them; evidence for a day after a jump."""
        n = step.answers
        shown = min(n, SAMPLES_MAX)
        if shown:
            share = step.bad_first / n
            for _ in range(shown):
                self._owed += share
                bad = self._owed >= 1 - 1e-9
                self._owed -= bad
                self._model.update(bad)
                if self._model.drift_detected:
                    self._since = step.minute
        return Evidence("share", self._since) if self._holds(step.minute) else None

    def restart(self) -> None:
        """Forget what was seen: the next jump is measured from here."""
        self._model, self._owed, self._since = load_hddm_w((), self.CONFIDENCE, self.FADING), 0.0, -1

    def dump(self) -> State:
        """Numbers of the model, and when it signalled last."""
        return {"model": dump_hddm_w(self._model), "owed": self._owed, "since": self._since}

    @classmethod
    def load(cls, version: int, state: Mapping[str, Value]) -> Self:
        """As dumped; fresh where the version is another."""
        detector = cls()
        if version == cls.version:
            detector._model = load_hddm_w(numbers_of(state["model"]), cls.CONFIDENCE, cls.FADING)
            detector._owed, detector._since = number_of(state["owed"]), int(number_of(state["since"]))
        return detector


class BadVolume(Holding):
    """GaussianScorer on the bad answers of 15 minutes, standardised by the usual number at that hour of the week.

    The residual 2 (sqrt(k + 3/8) - sqrt(usual + 3/8)) (Anscombe 1948) has about the same spread at every hour, so a
    morning is no surprise. Empty bins count as zeros; bins that look wrong do not teach.
    """

    name: ClassVar[str] = "bad_volume"
    version: ClassVar[int] = 1
    BIN: ClassVar[int] = 15
    SCORE: ClassVar[float] = 0.99
    GRACE: ClassVar[int] = 96  # bins: a day
    MEMORY: ClassVar[float] = 28.0 * 96
    GAP_MAX: ClassVar[int] = 14 * 96  # empty bins learned after a silence

    def __init__(self) -> None:
        super().__init__()
        self._model = load_gaussian((), self.GRACE)
        self._bin = -1
        self._bad = 0

    def step(self, step: Step) -> Evidence | None:
        """Count into the bin in progress and judge it as it stands; evidence for a day after a surge."""
        usual = step.usual
        if usual is None or not usual.knows_volume:
            return None
        self._move_to(step.minute // self.BIN, usual)
        self._bad += step.bad_first
        if step.bad_first and self._surges(self._residual(self._bin, self._bad, usual)):
            self._since = step.minute
        return Evidence("volume", self._since) if self._holds(step.minute) else None

    def _move_to(self, current: int, usual: Usual) -> None:
        if self._bin < 0:
            self._bin = current
        if current <= self._bin:
            return
        residual = self._residual(self._bin, self._bad, usual)
        if not self._surges(residual):
            self._model.learn_one(None, residual)
        empty = max(self._bin + 1, current - self.GAP_MAX)
        while empty < current:  # an hour's empty bins are alike: learned at once, by weight
            until = min(current, empty - empty % 4 + 4)
            self._model.gaussian.update(self._residual(empty, 0, usual), w=until - empty)
            empty = until
        fade_gaussian(self._model, self.MEMORY)
        self._bin, self._bad = current, 0

    def _residual(self, which: int, bad: int, usual: Usual) -> float:
        expected = usual.bad_between(which * self.BIN, (which + 1) * self.BIN)
        return 2 * (sqrt(bad + 0.375) - sqrt(expected + 0.375))

    def _surges(self, residual: float) -> bool:
        # The score is two-sided: a quiet night would score as high as an outage.
        return bool(residual > self._model.gaussian.mu and self._model.score_one(None, residual) > self.SCORE)

    def restart(self) -> None:
        """Drop the signal and the bin in progress; the spread of normal bins stays."""
        self._bin, self._bad, self._since = -1, 0, -1

    def dump(self) -> State:
        """Numbers of the model, the bin in progress, and when it signalled last."""
        return {"model": dump_gaussian(self._model), "bin": self._bin, "bad": self._bad, "since": self._since}

    @classmethod
    def load(cls, version: int, state: Mapping[str, Value]) -> Self:
        """As dumped; fresh where the version is another."""
        detector = cls()
        if version == cls.version:
            detector._model = load_gaussian(numbers_of(state["model"]), cls.GRACE)
            detector._bin, detector._bad = int(number_of(state["bin"])), int(number_of(state["bad"]))
            detector._since = int(number_of(state["since"]))
        return detector


DETECTORS: Mapping[str, type[Detector]] = {
    kind.name: kind for kind in (ShareAndVolume, ShareJump, BadVolume, Forecast, Shape, Drift)
}
