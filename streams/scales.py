"""Scales of answers, and the scores that counts on them amount to.

A score is never without its n and its 95 % interval. Sources: NPS with the adjusted Wald interval of Sauro and Lewis
(measuringu.com/nps-confidence-intervals: 3 answers are added, 3/4 of them promoters and 3/4 detractors); shares with
Wilson's interval (1927; as in Newcombe, Statistics in Medicine 17, 1998).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from streams.settings import Survey

Outcome = Literal["bad", "neutral", "good"]

Z_95 = 1.96
POINT_MAX = 100  # highest point a declared scale may have

_NAMED = re.compile(r"csat_(\d{1,3})_(\d{1,3})")
_DECLARED = re.compile(r"\s*(\d{1,3})\s*-\s*(\d{1,3})\s*")


class ScaleError(ValueError):
    """There is no such scale; the message names what was asked for and what to do."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The points people answer on, and which of them mean disappointed, neutral, delighted.

    `name` is also the metric of the panes that count on this scale. `best` is the most delighted point: the highest,
    except where effort was asked the old way (ces1).
    """

    name: str
    metric: str
    low: int
    high: int
    outcomes: Mapping[int, Outcome]
    best: int

    @property
    def label(self) -> str:
        """How people read it: "NPS", "CSAT", "CES", "stars", "thumbs"."""
        return self.metric.upper() if self.metric in ("nps", "csat", "ces") else self.metric


@dataclass(frozen=True, slots=True)
class Score:
    """What counts amount to. NPS is -100..100, everything else the share of good answers, 0..100.

    `mean` is in points of the scale, `top_box` the share (0..100) of the single best point: satisfied is not
    delighted. Under the smallest n that a score is allowed for, everything but `n` is None.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    mean: float | None
    top_box: float | None


def _scale(name: str, metric: str, ends: tuple[int, int], *, bad_to: int, good_from: int) -> Scale:
    low, high = ends
    outcomes: dict[int, Outcome] = {
        point: "bad" if point <= bad_to else "good" if point >= good_from else "neutral"
        for point in range(low, high + 1)
    }
    return Scale(name, metric, low, high, MappingProxyType(outcomes), high)


def _effort_the_old_way() -> Scale:
    outcomes: dict[int, Outcome] = {1: "good", 2: "good", 3: "neutral", 4: "bad", 5: "bad"}
    return Scale("ces1", "ces", 1, 5, MappingProxyType(outcomes), best=1)


_STANDARD: Mapping[str, Scale] = {
    "nps": _scale("nps", "nps", (0, 10), bad_to=6, good_from=9),
    "csat": _scale("csat", "csat", (1, 5), bad_to=2, good_from=4),
    "ces": _scale("ces", "ces", (1, 7), bad_to=3, good_from=5),
    "ces1": _effort_the_old_way(),
    "stars": _scale("stars", "stars", (1, 5), bad_to=2, good_from=4),
    "thumbs": _scale("thumbs", "thumbs", (0, 1), bad_to=0, good_from=1),
}
METRICS = ("nps", "csat", "ces", "stars", "thumbs")


@lru_cache(maxsize=1024)
def scale_of(metric: str, survey: Survey | None) -> Scale:
    """The scale that answers to `metric` in this survey are on.

    A declared scale moves CSAT. NPS and thumbs have one scale by definition, so that a survey may ask them beside a
    CSAT question of its own. Effort and stars on a scale other than their own raise ScaleError rather than be
    measured wrongly.
    """
    if metric not in METRICS:
        raise ScaleError(f"metric {metric!r} is not known: use one of {', '.join(METRICS)}")
    name = "ces1" if metric == "ces" and survey is not None and survey.ces_version == 1 else metric
    if survey is None or survey.scale is None or metric in ("nps", "thumbs"):
        return _STANDARD[name]
    declared = _DECLARED.fullmatch(survey.scale)
    if declared is None:
        raise ScaleError(f"scale {survey.scale!r} is not one: write its lowest and highest point, such as 1-7")
    low, high = int(declared[1]), int(declared[2])
    own = _STANDARD[name]
    if (low, high) == (own.low, own.high):
        return own
    if metric != "csat":
        way_out = "set ces_version = 1 for 1-5" if name == "ces" else "leave scale out of this survey's settings"
        raise ScaleError(f"{metric} is asked on {own.low}-{own.high}, not on {low}-{high}: {way_out}")
    return scale_named(f"csat_{low}_{high}")


@lru_cache(maxsize=1024)
def scale_named(name: str) -> Scale:
    """The scale behind a pane's metric: "nps", "ces1", "csat_1_7". Raises ScaleError for any other name.

    CSAT on a declared scale is split by the fractions of 1-5: the lowest two fifths of the points are bad, the
    highest two fifths good, each rounded to the nearest point (2k/5 never lies half way): 1-7 is 1-3 / 4 / 5-7,
    1-10 is 1-4 / 5-6 / 7-10, 0-10 is 0-3 / 4-6 / 7-10.
    """
    standard = _STANDARD.get(name)
    if standard is not None:
        return standard
    declared = _NAMED.fullmatch(name)
    if declared is None:
        raise ScaleError(f"there is no scale named {name!r}")
    low, high = int(declared[1]), int(declared[2])
    if not low < high <= POINT_MAX:
        raise ScaleError(f"scale {low}-{high} must rise and end at {POINT_MAX} at most, such as 1-7")
    fifths = round((high - low + 1) * 2 / 5)
    return _scale(name, "csat", (low, high), bad_to=low + fifths - 1, good_from=high - fifths + 1)


def score_of(scale_name: str, counts: Mapping[int, int], min_n: int) -> Score:
    """The score of answers counted per point. Raises ScaleError for a count off the scale: nothing is clamped."""
    scale = scale_named(scale_name)
    n = bad = good = total = 0
    for point, count in counts.items():
        outcome = scale.outcomes.get(point)
        if outcome is None:
            raise ScaleError(f"{point} is not on the scale {scale.name}, {scale.low}-{scale.high}")
        n += count
        total += point * count
        if outcome == "bad":
            bad += count
        elif outcome == "good":
            good += count
    if n < max(min_n, 1):
        return Score(None, None, None, n, None, None)
    if scale.metric == "nps":
        value = 100 * (good - bad) / n
        low, high = nps_interval(good, bad, n)
    else:
        value = 100 * good / n
        low, high = share_interval(good, n)
    return Score(value, low, high, n, total / n, 100 * counts.get(scale.best, 0) / n)


def nps_interval(promoters: int, detractors: int, n: int) -> tuple[float, float]:
    """95 % interval of an NPS, adjusted Wald, in -100..100.

    The formula may pass the ends of the scale; a bound there is not a possible score, so the interval ends with it.
    From two answers on the score lies within; one alone is drawn to the middle (98.5 for a promoter).
    """
    p, d = (promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3)
    half = Z_95 * math.sqrt((p + d - (p - d) ** 2) / (n + 3))
    return max(-100.0, 100 * (p - d - half)), min(100.0, 100 * (p - d + half))


def share_interval(successes: int, n: int) -> tuple[float, float]:
    """95 % interval of a share, Wilson's, in 0..100. `n` must be above 0."""
    share, z2 = successes / n, Z_95 * Z_95
    centre = share + z2 / (2 * n)
    half = Z_95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    low, high = (centre - half) / (1 + z2 / n), (centre + half) / (1 + z2 / n)
    # At 0 and n the formula gives exactly 0 and 1; floating point would leave a trace.
    return 100 * low if successes else 0.0, 100 * high if successes < n else 100.0
