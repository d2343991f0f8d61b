"""River's detectors as plain numbers and back.

River keeps its state in private attributes and offers pickles only, which tie a database to one release of a library
and can run code. The few attributes are named here and nowhere else; tests/detectors/test_river_state.py fails when a
release moves them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from river import anomaly, drift, time_series

UNSET = 1e9  # stands for HDDM_W's infinite first cut point: databases and JSON know no infinity


def dump_hddm_w(model: Any) -> list[float]:
    """Ten numbers of a one-sided `drift.binary.HDDMW`. What only its unused downward side needs is left out."""
    cut = model._incr_cutpoint
    numbers = [float(model.drift_detected), UNSET if cut == inf else float(cut)]
    for sample in (model._total, model._s1_incr, model._s2_incr):
        numbers += [float(sample.is_init), float(sample.ewma), float(sample.ibc)]
    return numbers


def load_hddm_w(numbers: Sequence[float], confidence: float, fading: float) -> Any:
    """The one-sided HDDM_W that `dump_hddm_w` wrote; a fresh one from no numbers."""
    model = drift.binary.HDDMW(
        drift_confidence=confidence, warning_confidence=confidence, lambda_val=fading, two_sided_test=False
    )
    if not numbers:
        return model
    model._drift_detected = bool(numbers[0])
    model._incr_cutpoint = inf if numbers[1] >= UNSET else numbers[1]
    for position, sample in enumerate((model._total, model._s1_incr, model._s2_incr)):
        started, mean, bound = numbers[2 + 3 * position : 5 + 3 * position]
        if started:
            sample._ewma.update(mean)  # a mean's first value is the mean
            sample._is_init = True
        sample._ibc = bound
    return model


def dump_gaussian(model: Any) -> list[float]:
    """n, mean and sum of squared differences of an `anomaly.GaussianScorer` without window."""
    var = model.gaussian._var
    return [float(var.mean.n), float(var.mean._mean), float(var._S)]


def load_gaussian(numbers: Sequence[float], grace: int) -> Any:
    """The scorer that `dump_gaussian` wrote. (River's own _from_state takes a variance and loses the last digit.)"""
    model = anomaly.GaussianScorer(grace_period=grace)
    if numbers:
        var = model.gaussian._var
        var.mean.n, var.mean._mean, var._S = numbers
    return model


def fade_gaussian(model: Any, n_max: float) -> None:
    """Let the scorer stand for at most `n_max` values, so that it never grows too old to learn."""
    var = model.gaussian._var
    if var.mean.n > n_max:
        var._S *= n_max / var.mean.n
        var.mean.n = n_max


SEASON_HOURS = 24
WINTERS_LISTS = 4  # first values, levels, trends, seasons


def dump_winters(model: Any) -> list[float]:
    """An additive `time_series.HoltWinters`: the length of each of its lists, then the lists."""
    lists = [model._first_values if not model._initialized else [], model.level, model.trend, model.season]
    return [float(len(one)) for one in lists] + [float(value) for one in lists for value in one]


def load_winters(numbers: Sequence[float]) -> Any:
    """The forecaster that `dump_winters` wrote; a fresh one from no numbers."""
    model = time_series.HoltWinters(alpha=0.05, beta=0.001, gamma=0.1, seasonality=SEASON_HOURS)
    if numbers:
        lists, at = [], WINTERS_LISTS
        for length in numbers[:WINTERS_LISTS]:
            lists.append(list(numbers[at : at + int(length)]))
            at += int(length)
        model._first_values = lists[0]
        for into, values in zip((model.level, model.trend, model.season), lists[1:], strict=True):
            into.extend(values)
        model._initialized = bool(lists[1])
    return model


TREES, HEIGHT, WINDOW, SEED = 5, 5, 72, 7


def dump_trees(model: Any) -> list[float]:
    """Masses of `anomaly.HalfSpaceTrees`, node by node; where its cuts are follows from the seed."""
    masses = [float(mass) for nodes in model._tree_nodes for node in nodes for mass in (node.r_mass, node.l_mass)]
    return [float(model.counter), float(model._first_window), *masses]


def load_trees(numbers: Sequence[float]) -> Any:
    """The trees that `dump_trees` wrote, over share and volume; fresh ones from no numbers."""
    model = anomaly.HalfSpaceTrees(n_trees=TREES, height=HEIGHT, window_size=WINDOW, seed=SEED)
    model.learn_one({"share": 0.5, "volume": 0.5})  # builds the trees
    masses = iter(numbers[2:] if numbers else ())
    for nodes in model._tree_nodes:
        for node in nodes:
            node.r_mass, node.l_mass = int(next(masses, 0)), int(next(masses, 0))
    model.counter = int(numbers[0]) if numbers else 0
    model._first_window = bool(numbers[1]) if numbers else True
    return model


def dump_page_hinkley(model: Any) -> list[float]:
    """Six numbers of an upward `drift.PageHinkley`."""
    low = UNSET if model._min_increase == inf else float(model._min_increase)
    mean = model._x_mean
    return [
        float(mean.n),
        float(mean._mean),
        float(model._sum_increase),
        float(model._sum_decrease),
        low,
        float(model._max_decrease),
        float(model.drift_detected),
    ]


def load_page_hinkley(numbers: Sequence[float]) -> Any:
    """The detector that `dump_page_hinkley` wrote; a fresh one from no numbers."""
    model = drift.PageHinkley(min_instances=7, delta=0.2, threshold=8.0, alpha=1.0, mode="up")
    if numbers:
        model._x_mean.n, model._x_mean._mean, model._sum_increase, model._sum_decrease, low, high, found = numbers
        model._min_increase = inf if low >= UNSET else low
        model._max_decrease, model._drift_detected = high, bool(found)
    return model
