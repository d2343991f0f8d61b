"""River's detectors that look at whole hours and days: a seasonal forecast, half-space trees, and slow drift.

They corroborate what evidence found and name its character; chosen alone in the settings they point, and exact numbers
have the last word (`watching`). An hour in progress is judged as it stands against what the whole hour would bring.
Empty hours are zeros; many of them are a gap, which teaches nothing (`holding`).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import ClassVar, Literal, Self

from detectors.holding import Binned
from detectors.protocol import State, Usual, Value, numbers_of
from detectors.river_state import (
    dump_gaussian,
    dump_page_hinkley,
    dump_trees,
    dump_winters,
    fade_gaussian,
    load_gaussian,
    load_page_hinkley,
    load_trees,
    load_winters,
)
from streams.clock import MINUTES_PER_DAY, MINUTES_PER_HOUR

SCORE = 0.995
GRACE_HOURS = 48
MEMORY_HOURS = 28.0 * 24


def root(bad: float) -> float:
    """Counts on a scale on which they scatter alike at every level (Anscombe 1948)."""
    return 2 * sqrt(bad + 0.375)


class Forecast(Binned):
    """Holt-Winters (1960) on the hourly number of bad answers, additive, a season of a day; its residuals are scored.

    The forecast starts cold (River's raises IndexError then): for a day nothing is said. Hours that stand out are
    learned as forecast, so that an incident does not become the season.
    """

    name: ClassVar[str] = "forecast"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        super().__init__()
        self._model, self._residuals = load_winters([]), load_gaussian((), GRACE_HOURS)

    def _expected(self) -> float | None:
        return float(self._model.forecast(1)[0]) if self._model._initialized else None

    def _finish(self, _which: int, _n: int, bad: int, _usual: Usual) -> None:
        expected = self._expected()
        value = root(bad)
        if expected is not None:
            if self._surges(value - expected):
                value = expected
            else:
                self._residuals.learn_one(None, value - expected)
                fade_gaussian(self._residuals, MEMORY_HOURS)
        self._model.learn_one(value)

    def _gap(self, bins: int) -> None:
        for _ in range(bins % 24):  # the season goes on; whole days of it change nothing
            expected = self._expected()
            if expected is not None:
                self._model.learn_one(expected)

    def _surges(self, residual: float) -> bool:
        mean = self._residuals.gaussian.mu
        return bool(residual > mean + 1 and self._residuals.score_one(None, residual) > SCORE)

    def _stands_out(self, _usual: Usual) -> bool:
        expected = self._expected()
        return expected is not None and self._surges(root(self._bad) - expected)

    def dump(self) -> State:
        """Numbers of the forecast, of its residuals, and the hour in progress."""
        return {
            "bin": self._progress(),
            "model": dump_winters(self._model),
            "residuals": dump_gaussian(self._residuals),
        }

    @classmethod
    def load(cls, version: int, state: Mapping[str, Value]) -> Self:
        """As dumped; fresh where the version is another."""
        detector = cls()
        if version == cls.version:
            detector._resume(numbers_of(state["bin"]))
            detector._model = load_winters(numbers_of(state["model"]))
            detector._residuals = load_gaussian(numbers_of(state["residuals"]), GRACE_HOURS)
        return detector


class Shape(Binned):
    """Half-space trees (Tan, Ting and Liu 2011), five of height 5, on an hour's share and volume together.

    Small on purpose: River's default keeps 170 kB a segment. Scores are compared with those of earlier hours.
    """

    name: ClassVar[str] = "shape"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        super().__init__()
        self._trees, self._scores = load_trees(()), load_gaussian((), GRACE_HOURS)

    def _features(self, which: int, n: int, bad: int, usual: Usual) -> dict[str, float]:
        start = which * MINUTES_PER_HOUR
        surplus = root(bad) - root(usual.bad_between(start, start + MINUTES_PER_HOUR)) if usual.knows_volume else 0.0
        spread = sqrt(max(1, n) * usual.share * (1 - usual.share))
        excess = (bad - n * usual.share) / spread if spread > 0 else 0.0
        return {"share": _unit(excess), "volume": _unit(surplus)}

    def _finish(self, which: int, n: int, bad: int, usual: Usual) -> None:
        features = self._features(which, n, bad, usual)
        if not self._trees._first_window:
            score = self._trees.score_one(features)
            if self._odd(features, score):
                return
            self._scores.learn_one(None, score)
            fade_gaussian(self._scores, MEMORY_HOURS)
        self._trees.learn_one(features)

    def _odd(self, features: dict[str, float], score: float) -> bool:
        worse = features["share"] > 0.6 or features["volume"] > 0.6
        above = score > self._scores.gaussian.mu
        return bool(worse and above and self._scores.score_one(None, score) > SCORE)

    def _stands_out(self, usual: Usual) -> bool:
        if self._trees._first_window:
            return False
        features = self._features(self._bin, self._n, self._bad, usual)
        return self._odd(features, self._trees.score_one(features))

    def _signal(self, usual: Usual) -> Literal["share", "volume"]:
        if self._bin < 0:
            return "share"
        features = self._features(self._bin, self._n, self._bad, usual)
        return "volume" if features["volume"] > features["share"] else "share"

    def dump(self) -> State:
        """Masses of the trees (their cuts follow from the seed), scores seen, and the hour in progress."""
        return {"bin": self._progress(), "trees": dump_trees(self._trees), "scores": dump_gaussian(self._scores)}

    @classmethod
    def load(cls, version: int, state: Mapping[str, Value]) -> Self:
        """As dumped; fresh where the version is another."""
        detector = cls()
        if version == cls.version:
            detector._resume(numbers_of(state["bin"]))
            detector._trees = load_trees(numbers_of(state["trees"]))
            detector._scores = load_gaussian(numbers_of(state["scores"]), GRACE_HOURS)
        return detector


def _unit(score: float) -> float:
    """A standardised score from -5..5 as 0..1, which half-space trees expect."""
    return min(1.0, max(0.0, score / 10 + 0.5))


class Drift(Binned):
    """Page-Hinkley (Page 1954), upward, on standardised daily shares: a rise so slow that no day stands out.

    River's default threshold of 50 never fires on such scores. It says nothing about hours, and wakes nobody.
    """

    name: ClassVar[str] = "drift"
    version: ClassVar[int] = 1
    bin_minutes: ClassVar[int] = MINUTES_PER_DAY

    def __init__(self) -> None:
        super().__init__()
        self._model = load_page_hinkley(())

    def _finish(self, which: int, n: int, bad: int, usual: Usual) -> None:
        if n < 1:
            return
        spread = sqrt(n * usual.share * (1 - usual.share) * usual.dispersion)
        self._model.update(max(-4.0, min(4.0, (bad - n * usual.share) / spread)))
        if self._model.drift_detected:
            self._since = (which + 1) * self.bin_minutes

    def _stands_out(self, _usual: Usual) -> bool:
        return False

    def _signal(self, _usual: Usual) -> Literal["share", "volume"]:
        return "share"

    def restart(self) -> None:
        """Begin anew: the next drift is measured from here."""
        super().restart()
        self._model = load_page_hinkley(())

    def dump(self) -> State:
        """Numbers of the model and the day in progress."""
        return {"bin": self._progress(), "model": dump_page_hinkley(self._model)}

    @classmethod
    def load(cls, version: int, state: Mapping[str, Value]) -> Self:
        """As dumped; fresh where the version is another."""
        detector = cls()
        if version == cls.version:
            detector._resume(numbers_of(state["bin"]))
            detector._model = load_page_hinkley(numbers_of(state["model"]))
        return detector
