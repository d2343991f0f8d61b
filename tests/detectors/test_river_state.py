"""River's private attributes, named in one place: these fail when a release moves them."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from river import anomaly, drift

from detectors.river_state import dump_gaussian, dump_hddm_w, fade_gaussian, load_gaussian, load_hddm_w


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 400))
def test_hddm_w_goes_on_from_numbers_exactly_as_river_itself(seed, cut):
    draw = random.Random(seed)
    bits = [draw.random() < (0.2 if i < 200 else 0.7) for i in range(400)]
    whole = drift.binary.HDDMW(drift_confidence=0.05, warning_confidence=0.05)
    parted = load_hddm_w((), 0.05, 0.05)
    for i, bit in enumerate(bits):
        if i == cut:
            parted = load_hddm_w(dump_hddm_w(parted), 0.05, 0.05)
        whole.update(bit)
        parted.update(bit)
        assert whole.drift_detected == parted.drift_detected
    assert dump_hddm_w(whole) == dump_hddm_w(parted)


def test_hddm_w_looks_upward_only():
    model = load_hddm_w((), 0.05, 0.05)
    raised = []
    for bit in [True] * 300 + [False] * 300:
        model.update(bit)
        raised.append(model.drift_detected)
    assert not any(raised)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=60), st.integers(0, 60))
def test_a_gaussian_scorer_goes_on_from_numbers_exactly_as_river_itself(values, cut):
    whole, parted = anomaly.GaussianScorer(grace_period=5), load_gaussian((), 5)
    for i, value in enumerate(values):
        if i == cut:
            parted = load_gaussian(dump_gaussian(parted), 5)
        assert whole.score_one(None, value) == parted.score_one(None, value)
        whole.learn_one(None, value)
        parted.learn_one(None, value)


def test_fading_keeps_what_the_scorer_knows_and_bounds_its_age():
    model = load_gaussian((), 5)
    for value in [0.0, 1.0] * 500:
        model.learn_one(None, value)
    mu, sigma = model.gaussian.mu, model.gaussian.sigma
    fade_gaussian(model, 100.0)
    assert model.gaussian.n_samples == 100
    assert abs(model.gaussian.mu - mu) < 1e-12
    assert abs(model.gaussian.sigma - sigma) < 0.01
