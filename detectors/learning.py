"""How a baseline is learned from a segment's hours.

Answers count less with age (half after ten days). Left out, as if they had not been: hours of known incidents, runs of
empty hours in which many answers were to be expected (a gap in collecting, not silence), and the first days while
they hold less than half of what days hold later (collecting had begun in the middle).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import ceil
from typing import Any, NamedTuple

import numpy as np

from detectors.baseline import DAYS, LAG_MINUTES, YOUNG_LAG_MINUTES, Baseline, HourTotal, local_hour
from streams.clock import MINUTES_PER_DAY, MINUTES_PER_HOUR, hour_start

Array = Any  # numpy's arrays: one number an hour unless said otherwise

HALF_LIFE_HOURS = 10 * 24
GAP_EXPECTED = 8.0  # answers to be expected in a run of empty hours that counts as a gap: chance once in 3,000
WEEKDAY_DAYS_MIN = 14
WEEKDAY_PRIOR = 20.0  # answers that pull a weekday's factor to 1
SEASON_DAYS_MIN = 14
SEASON_PRIOR = 100.0  # answers that pull an hour's bad share to the day's
PARENT_PRIOR = 20.0  # answers that pull a small segment's bad share to its parent's
DISPERSION_MAX = 8.0
SCATTER_MAX = 40.0
DISPERSION_PRIOR = 50.0  # bad answers that pull the scatter of bad counts to the parent's, or to none
DAY_SPREAD_MAX = 2.0
DAYS_FOR_SPREAD = 7

BEFORE, AFTER = (np.arange(24) - 1) % 24, (np.arange(24) + 1) % 24
Stretch = tuple[int, int]  # minutes [from, to)


class Series(NamedTuple):
    """Hours of one segment, in order: first minutes, answers without repeats, first bad ones; one array each."""

    minute: Array
    answers: Array
    bad: Array

    @classmethod
    def of(cls, hours: Sequence[HourTotal]) -> Series:
        """From hour totals."""
        table = np.array(hours, dtype=np.int64).reshape(len(hours), 3)
        return cls(table[:, 0], table[:, 1], table[:, 2])

    @classmethod
    def sum(cls, several: Sequence[Series]) -> Series:
        """Of several segments together."""
        minute, answers, bad = (np.concatenate(columns) for columns in zip(*several, strict=True))
        first = int(minute.min()) // MINUTES_PER_HOUR
        at = minute // MINUTES_PER_HOUR - first
        held = np.nonzero(np.bincount(at))[0]
        sums = (np.bincount(at, weights=column)[held].astype(np.int64) for column in (answers, bad))
        return cls((held + first) * MINUTES_PER_HOUR, *sums)

    def between(self, start: int, end: int) -> Series:
        """The hours that begin in minutes [start, end)."""
        a, b = np.searchsorted(self.minute, (start, end))
        return Series(self.minute[a:b], self.answers[a:b], self.bad[a:b])

    def totals(self) -> list[HourTotal]:
        """As hour totals."""
        return list(map(HourTotal, self.minute.tolist(), self.answers.tolist(), self.bad.tolist()))


def learn(
    hours: Sequence[HourTotal] | Series,
    minute: int,
    timezone: str,
    least: int,
    *,
    frozen: Iterable[Stretch] = (),
    parent: Baseline | None = None,
) -> Baseline | None:
    """The baseline that holds at `minute`, from a segment's hours in order; None under `least` answers.

    `frozen` stretches belong to incidents and do not teach. `parent` is the usual of a wider segment.
    """
    now = hour_start(minute)
    series = hours if isinstance(hours, Series) else Series.of(hours)
    end = now - LAG_MINUTES
    lagged = series.between(end - DAYS * MINUTES_PER_DAY, end)
    if lagged.answers.sum() >= least and end - lagged.minute[0] >= LAG_MINUTES:
        return _learn(lagged, end, timezone, tuple(frozen), parent)
    end = now - YOUNG_LAG_MINUTES
    recent = series.between(0, end)
    return _learn(recent, end, timezone, tuple(frozen), parent) if recent.answers.sum() >= least else None


@lru_cache(maxsize=64)
def _calendar(timezone: str, first_hour: int, end_hour: int) -> tuple[Array, Array]:
    """Hour of the day and weekday of each hour."""
    pairs = np.array([local_hour(timezone, hour) for hour in range(first_hour, end_hour)], dtype=np.int64)
    return pairs[:, 0], pairs[:, 1]


def _learn(hours: Series, end: int, timezone: str, frozen: Sequence[Stretch], parent: Baseline | None) -> Baseline:
    first = int(hours.minute[0]) // MINUTES_PER_HOUR
    size = end // MINUTES_PER_HOUR - first
    answers, bad = np.zeros(size), np.zeros(size)
    at = hours.minute // MINUTES_PER_HOUR - first
    answers[at], bad[at] = hours.answers, hours.bad
    of_day, day = _calendar(timezone, first, first + size)
    weight = 0.5 ** ((size - 1 - np.arange(size)) / HALF_LIFE_HOURS)
    known = _not_frozen(first, size, frozen)
    known &= _whole_days(answers, known)
    counted, weekday = weight * known, np.ones(7)
    for last in (False, True):  # what a gap is depends on the rates, and the other way round: twice is enough
        rates = _rates(answers, counted, of_day)
        if size >= WEEKDAY_DAYS_MIN * 24:
            weekday = _weekdays(answers, counted, rates[of_day], day)
        if not last:
            known &= ~_gaps(answers, _plain_rates(answers, counted, of_day)[of_day] * weekday[day])
            counted = weight * known
    days = float(known.sum()) / 24
    n, n_bad = float((answers * counted).sum()), float((bad * counted).sum())
    if n <= 0:  # all of it is frozen or partial: better that than nothing
        counted, n, n_bad = weight, float((answers * weight).sum()), float((bad * weight).sum())
    if parent is not None:
        n, n_bad = n + PARENT_PRIOR, n_bad + PARENT_PRIOR * parent.share
    share = (n_bad + 0.5) / (n + 1)
    expected = rates[of_day] * weekday[day]
    bad_rates = _rates(bad, counted, of_day)
    bad_expected = bad_rates[of_day] * weekday[day]
    scatter = (1.0, 1.0, 1.0)
    if parent is not None:
        scatter = (parent.dispersion, parent.volume_dispersion, parent.answers_dispersion)
    busy = MINUTES_PER_HOUR * (1 - (1 - 1 / MINUTES_PER_HOUR) ** answers)  # minutes with answers, fallen anywhere
    return Baseline(
        n=n,
        bad=n_bad,
        days=days,
        answers_by_hour=_floats(rates),
        bad_by_hour=_floats(bad_rates),
        weekday=_floats(weekday),
        updates_week=float((busy * known).sum()) * 7 / max(days, 1 / 24) if days else float(busy.sum()),
        timezone=timezone,
        odds_by_hour=_season(answers, bad, counted, of_day, share) if days >= SEASON_DAYS_MIN else (1.0,) * 24,
        dispersion=_dispersion(
            bad, answers * share, answers * (share * (1 - share)), known & (answers > 1), scatter[0]
        ),
        volume_dispersion=_dispersion(bad, bad_expected, bad_expected, known.copy(), scatter[1]),
        day_spread=_day_spread(answers, expected, known),
        answers_dispersion=_dispersion(answers, expected, expected, known.copy(), scatter[2]),
    )


def _floats(values: Array) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _not_frozen(first_hour: int, size: int, frozen: Sequence[Stretch]) -> Array:
    known = np.ones(size, dtype=bool)
    for start, stop in frozen:
        a, b = start // MINUTES_PER_HOUR - first_hour, -(-stop // MINUTES_PER_HOUR) - first_hour
        known[max(0, a) : max(0, b)] = False
    return known


def _whole_days(answers: Array, known: Array) -> Array:
    """Without the first days (24 h from the first answer) that hold less than half of what later ones do."""
    whole = np.ones(len(answers), dtype=bool)
    if len(answers) > 1:
        whole[0] = False  # nobody knows in which minute of it collecting began
    days = len(answers) // 24
    if days < 3:
        return whole
    totals = (answers * known)[: days * 24].reshape(days, 24).sum(axis=1)
    usual = float(np.median(totals[days // 2 :]))
    leading = 0
    while leading < days - 2 and totals[leading] < usual / 2:
        leading += 1
    whole[: leading * 24] = False
    return whole


def _gaps(answers: Array, expected: Array) -> Array:
    """Runs of empty hours in which together at least GAP_EXPECTED answers were to be expected."""
    gaps = np.zeros(len(answers), dtype=bool)
    empty = np.concatenate(([0], (answers == 0).astype(np.int8), [0]))
    edges = np.diff(empty)
    sums = np.concatenate(([0.0], np.cumsum(expected)))
    for start, stop in zip(np.nonzero(edges == 1)[0], np.nonzero(edges == -1)[0], strict=True):
        if sums[stop] - sums[start] >= GAP_EXPECTED:
            gaps[start:stop] = True
    return gaps


def _plain_rates(counts: Array, weight: Array, of_day: Array) -> Array:
    """Counts an hour by hour of the day as they were: an hour that is always empty is no gap."""
    seen = np.bincount(of_day, weights=counts * weight, minlength=24)
    return seen / np.maximum(np.bincount(of_day, weights=weight, minlength=24), 1e-9)


def _rates(counts: Array, weight: Array, of_day: Array) -> Array:
    """Counts an hour by hour of the day: smoothed over the neighbours, small exposures pulled to the mean."""
    seen = _smooth(np.bincount(of_day, weights=counts * weight, minlength=24))
    exposure = _smooth(np.bincount(of_day, weights=weight, minlength=24))
    mean = float((counts * weight).sum()) / max(1.0, float(weight.sum()))
    return (seen + mean) / (exposure + 1)


def _smooth(by_hour: Array) -> Array:
    return (by_hour[BEFORE] + 2 * by_hour + by_hour[AFTER]) / 4


def _weekdays(answers: Array, weight: Array, expected: Array, day: Array) -> Array:
    """Each weekday's answers over what its hours would bring on any day, few answers pulled to 1."""
    seen = np.bincount(day, weights=answers * weight, minlength=7)
    usual = np.bincount(day, weights=expected * weight, minlength=7)
    return (seen + WEEKDAY_PRIOR) / (usual + WEEKDAY_PRIOR)


def _season(answers: Array, bad: Array, weight: Array, of_day: Array, share: float) -> tuple[float, ...]:
    """Factors on the odds of a bad answer by hour of the day, few answers pulled to 1."""
    n = _smooth(np.bincount(of_day, weights=answers * weight, minlength=24))
    k = _smooth(np.bincount(of_day, weights=bad * weight, minlength=24))
    shares = (k + SEASON_PRIOR * share) / (n + SEASON_PRIOR)
    return _floats(shares / (1 - shares) / (share / (1 - share)))


def _dispersion(counts: Array, expected: Array, variance: Array, use: Array, prior: float) -> float:
    """How many times more hourly counts scatter than independent answers: what clusters of one cause do.

    Pearson's statistic over its degrees of freedom (sums before the quotient, so that nearly empty hours do not
    dominate), pulled to the parent's: a small segment sees too few clusters to know. Terms are bounded: an unknown
    incident in the past is not scatter.
    """
    use &= variance > 0
    terms = np.minimum((counts[use] - expected[use]) ** 2, SCATTER_MAX * np.maximum(variance[use], 1.0))
    scatter = float(terms.sum()) + DISPERSION_PRIOR * prior
    found = scatter / (float(variance[use].sum()) + DISPERSION_PRIOR)
    return min(DISPERSION_MAX, max(1.0, ceil(found * 20) / 20))


def _day_spread(answers: Array, expected: Array, known: Array) -> float:
    """How much whole days differ from what was expected of them, beyond chance: a share of the expected."""
    days = len(answers) // 24
    if days < DAYS_FOR_SPREAD:
        return 0.0
    tail = slice(len(answers) - days * 24, None)
    seen = (answers * known)[tail].reshape(days, 24).sum(axis=1)
    usual = (expected * known)[tail].reshape(days, 24).sum(axis=1)
    whole = usual > 0
    if whole.sum() < DAYS_FOR_SPREAD:
        return 0.0
    ratio = (seen[whole] - usual[whole]) / usual[whole]
    beyond = float(np.median(ratio**2 / 0.455)) - float(np.median(1 / usual[whole]))  # robust: .455 = median of chi2(1)
    return float(min(DAY_SPREAD_MAX, max(0.0, beyond) ** 0.5))
