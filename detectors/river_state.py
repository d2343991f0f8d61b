"""River's detectors as plain numbers and back.

River keeps its state in private attributes and offers pickles only, which tie a database to one release of a library
and can run code. The few attributes are named here and nowhere else; tests/detectors/test_river_state.py fails when a
release moves them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from river import anomaly, drift

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
