"""The detector that may wake people: e-processes of the Shiryaev-Roberts kind on bad share and bad volume.

Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential change detection" (New England
Journal of Statistics in Data Science, 2023). Each alternative is a bet: its factor L has expectation 1 or less while
the usual holds. R <- (R + 1) L sums the bets begun at every update; the mean R of all alternatives is what is compared
with a threshold A. While the usual holds, R minus the number of updates is a supermartingale, so that on average at
least A updates pass before R reaches A, whatever the data are like. An update is a minute in which the segment changed.

Share: an answer bad with probability at most p0 is bet on odds a times as high. Volume: bad answers that come at most
as a Poisson process of the usual rate are bet on theta times the rate, over all time since the last update: an empty
minute costs no work, but counts.

Answers of one cause come in clusters, which are no independent witnesses. Two things keep a cluster from winning a
bet by itself. Of half an hour's bad answers only as many count fully as the alternative expects, or a few beyond the
usual (`Baseline.witnesses`); those beyond count an eighth, as if eight were one. What lowers a bet's gain can only
lower its expectation. And where hourly bad counts scatter D times as much as independent ones in the segment's past,
each bet is weakened to its D-th root: for a cluster of up to D alike answers the expectation stays at most 1 (Jensen).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import exp, log
from typing import ClassVar, NamedTuple, Self

from detectors.protocol import Evidence, Part, State, Step, Usual, Value, numbers_of

ODDS = (1.6, 2.5, 4.0, 8.0)  # alternatives: times the odds of a bad answer
TIMES = (1.6, 2.5, 4.0, 8.0)  # alternatives: times the usual number of bad answers
VOLUME_BETS = tuple((log(times), times - 1) for times in TIMES)
EXPONENT_MAX = 300.0
CEILING = 1e12  # beyond it evidence means nothing more
SLOT_MINUTES = 30  # of which a cluster may fill one
CLUSTER = 8  # bad answers beyond what counts fully that count as one
WORTH_TELLING = 30.0
GAP_EXPECTED = 8.0  # answers to be expected in a silence after which what comes first may be a backlog
CATCH_UP_MINUTES = 60
EXPOSURE_DAYS_MAX = 8  # of silence counted; bets are over long before


class Factors(NamedTuple):
    """For each alternative, the logarithms of what a bad and a good answer multiply its bet by, and its share."""

    for_bad: tuple[float, ...]
    for_good: tuple[float, ...]
    share: tuple[float, ...]


@lru_cache(maxsize=65_536)
def share_factors(usual: float, dispersion: float) -> Factors:
    """What bets on a share are multiplied by where `usual` is the tolerated one."""
    odds = usual / (1 - usual)
    shares = tuple(odds * times / (1 + odds * times) for times in ODDS)
    return Factors(
        tuple(log(share / usual) / dispersion for share in shares),
        tuple(log((1 - share) / (1 - usual)) / dispersion for share in shares),
        shares,
    )


def multiplied(bets: Sequence[float], exponents: Sequence[float]) -> list[float]:
    """R <- (R + 1) L for every alternative, L being e to its exponent; kept within what a number can hold.

    Written out for four bets: this is what a changed segment-minute costs most for.
    """
    a, b, c, d = exponents
    if a > EXPONENT_MAX or b > EXPONENT_MAX or c > EXPONENT_MAX or d > EXPONENT_MAX:
        a, b, c, d = (min(EXPONENT_MAX, exponent) for exponent in exponents)
    r, s, t, u = bets
    r, s, t, u = (r + 1) * exp(a), (s + 1) * exp(b), (t + 1) * exp(c), (u + 1) * exp(d)
    if r > CEILING or s > CEILING or t > CEILING or u > CEILING:
        return [min(CEILING, r), min(CEILING, s), min(CEILING, t), min(CEILING, u)]
    return [r, s, t, u]


class _Slot:
    """The half hour in progress: what is to be expected of it, and how many bad answers were counted in it."""

    __slots__ = ("at", "expected", "share_taken", "usual", "volume", "volume_taken", "witnesses")

    def __init__(self) -> None:
        self.at = -1  # number of the slot since the epoch
        self.witnesses = 0.0  # bad answers beyond the usual that count fully, whatever the alternative expects
        self.usual = 0.0  # bad answers among those that came, as usual
        self.volume = 0.0  # bad answers of the whole slot, as usual
        self.expected = [0.0] * len(ODDS)  # bad answers among those that came, under each alternative
        self.share_taken = [0.0] * len(ODDS)
        self.volume_taken = [0.0] * len(TIMES)

    @classmethod
    def begun(cls, at: int, usual: Usual) -> _Slot:
        slot = cls()
        slot.at, slot.witnesses = at, usual.witnesses
        if usual.knows_volume:
            start = at * SLOT_MINUTES
            slot.volume = usual.bad_between(start, start + SLOT_MINUTES) * usual.volume_tolerance
        return slot

    def admit_share(self, bet: int, bad: int) -> float:
        """For how many these bad answers count towards the share under an alternative."""
        room = max(self.expected[bet], self.usual + self.witnesses) - self.share_taken[bet]
        counted = min(float(bad), max(0.0, room))
        self.share_taken[bet] += counted
        return counted + (bad - counted) / CLUSTER

    def admit_volume(self, bet: int, bad: int) -> float:
        """Likewise for the volume."""
        room = max(self.volume * TIMES[bet], self.volume + self.witnesses) - self.volume_taken[bet]
        counted = min(float(bad), max(0.0, room))
        self.volume_taken[bet] += counted
        return counted + (bad - counted) / CLUSTER

    def dump(self) -> list[float]:
        return [
            float(self.at),
            self.witnesses,
            self.usual,
            self.volume,
            *self.expected,
            *self.share_taken,
            *self.volume_taken,
        ]

    @classmethod
    def load(cls, numbers: Sequence[float]) -> _Slot:
        slot, bets = cls(), len(ODDS)
        at, slot.witnesses, slot.usual, slot.volume = numbers[:4]
        slot.at = int(at)
        slot.expected = list(numbers[4 : 4 + bets])
        slot.share_taken = list(numbers[4 + bets : 4 + 2 * bets])
        slot.volume_taken = list(numbers[4 + 2 * bets :])
        return slot


def _over_parts(parts: Sequence[Part], dispersion: float, slot: _Slot) -> tuple[list[float], list[float], int]:
    """What a rollup's places bring: the exponents of their bad and of their good answers, and how many were bad."""
    bad, usual = 0, slot.usual
    b0 = b1 = b2 = b3 = g0 = g1 = g2 = g3 = 0.0
    e0, e1, e2, e3 = slot.expected
    for answers, wrong, share, _ in parts:  # written out: a rollup has many places
        usual += answers * share
        factors = share_factors(share, dispersion)
        good = answers - wrong
        if wrong:
            bad += wrong
            f0, f1, f2, f3 = factors.for_bad
            b0, b1, b2, b3 = b0 + wrong * f0, b1 + wrong * f1, b2 + wrong * f2, b3 + wrong * f3
        f0, f1, f2, f3 = factors.for_good
        g0, g1, g2, g3 = g0 + good * f0, g1 + good * f1, g2 + good * f2, g3 + good * f3
        f0, f1, f2, f3 = factors.share
        e0, e1, e2, e3 = e0 + answers * f0, e1 + answers * f1, e2 + answers * f2, e3 + answers * f3
    slot.usual, slot.expected = usual, [e0, e1, e2, e3]
    return [b0, b1, b2, b3], [g0, g1, g2, g3], bad


class ShareAndVolume:
    """The e-detector of one segment. Its evidence carries its strength, to be compared with the segment's threshold."""

    name: ClassVar[str] = "evidence"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self._share = [0.0] * len(ODDS)
        self._volume = [0.0] * len(TIMES)
        self._covered = -1  # first minute whose exposure has not been counted
        self._quiet_from = -1  # first minute after the last answer
        self._hold_until = -1  # volume is not believed before: a backlog may be coming in
        self._slot = _Slot()
        self._since = -1  # last update at which there was nothing worth telling

    def warm_up(self, steps: Iterable[Step]) -> None:
        """Nothing: what is usual is learned elsewhere, and bets begin with the first live answer."""

    def step(self, step: Step) -> Evidence | None:
        """Bet on a changed minute; evidence when it holds a bad answer and there is something to tell."""
        usual = step.usual
        if usual is None:
            return None
        if step.minute // SLOT_MINUTES != self._slot.at:
            self._slot = _Slot.begun(step.minute // SLOT_MINUTES, usual)
        self._bet_on_share(step, usual)
        self._bet_on_volume(step, usual)
        strength = self.strength
        if strength < WORTH_TELLING or self._since < 0:
            self._since = step.minute
        if strength < WORTH_TELLING or not step.bad_first:
            return None
        by_volume = sum(self._volume) / len(TIMES) > sum(self._share) / len(ODDS)
        return Evidence("volume" if by_volume else "share", self._since, strength)

    @property
    def strength(self) -> float:
        """R: the mean over all bets; shares and volumes have half each."""
        return sum(self._share) / (2 * len(ODDS)) + sum(self._volume) / (2 * len(TIMES))

    def _bet_on_share(self, step: Step, usual: Usual) -> None:
        slot, dispersion, bad = self._slot, usual.dispersion, step.bad_first
        if step.parts:
            for_bad, exponents, bad = _over_parts(step.parts, dispersion, slot)
        else:
            share = usual.tolerated_at(step.own_minute)
            answers = step.n - step.bad + bad
            slot.usual += answers * share
            by_bad, by_good, shares = share_factors(share, dispersion)
            good, (e0, e1, e2, e3), (s0, s1, s2, s3) = answers - bad, slot.expected, shares
            slot.expected = [e0 + answers * s0, e1 + answers * s1, e2 + answers * s2, e3 + answers * s3]
            a, b, c, d = by_good
            exponents = [good * a, good * b, good * c, good * d]
            for_bad = [bad * factor for factor in by_bad] if bad else []
        if bad:
            for bet in range(len(ODDS)):
                exponents[bet] += for_bad[bet] * slot.admit_share(bet, bad) / bad
        self._share = multiplied(self._share, exponents)

    def _bet_on_volume(self, step: Step, usual: Usual) -> None:
        end = step.minute + 1
        if self._covered < 0:
            self._covered = self._quiet_from = step.minute
        start = max(min(self._covered, end), end - EXPOSURE_DAYS_MAX * 24 * 60)
        late = step.own_minute < step.minute
        quiet, self._quiet_from = self._quiet_from, end
        self._covered = max(self._covered, end)
        if not usual.knows_volume:
            return
        if end - quiet > CATCH_UP_MINUTES // 2 and usual.answers_between(max(quiet, start), end) >= GAP_EXPECTED:
            self._hold_until = end + CATCH_UP_MINUTES
        expected = usual.bad_between(start, end) * usual.volume_tolerance if start < end else 0.0
        held = late or end <= self._hold_until
        bad = 0 if held or not step.bad_first else step.bad_first - sum(p.bad for p in step.parts if p.catching_up)
        dispersion = usual.volume_dispersion
        if bad:
            slot = self._slot
            exponents = [
                (slot.admit_volume(bet, bad) * log_times - more * expected) / dispersion
                for bet, (log_times, more) in enumerate(VOLUME_BETS)
            ]
        else:
            exponents = [-more * expected / dispersion for _, more in VOLUME_BETS]
        self._volume = multiplied(self._volume, exponents)

    @property
    def catching_up(self) -> bool:
        """Whether what came last may be a backlog after a gap."""
        return self._quiet_from <= self._hold_until

    def restart(self) -> None:
        """An incident is over: all bets begin anew, from the next minute that comes."""
        self._share, self._volume = [0.0] * len(ODDS), [0.0] * len(TIMES)
        self._covered = self._quiet_from = self._since = -1
        self._slot = _Slot()

    def dump(self) -> State:
        """The bets and how far time has been counted."""
        return {
            "share": list(self._share),
            "volume": list(self._volume),
            "slot": self._slot.dump(),
            "time": [float(self._covered), float(self._quiet_from), float(self._hold_until), float(self._since)],
        }

    @classmethod
    def load(cls, version: int, state: Mapping[str, Value]) -> Self:
        """As dumped; fresh where the version is another."""
        detector = cls()
        if version == cls.version:
            detector._share = list(numbers_of(state["share"]))
            detector._volume = list(numbers_of(state["volume"]))
            detector._slot = _Slot.load(numbers_of(state["slot"]))
            covered, quiet, hold, since = (int(value) for value in numbers_of(state["time"]))
            detector._covered, detector._quiet_from = covered, quiet
            detector._hold_until, detector._since = hold, since
        return detector
