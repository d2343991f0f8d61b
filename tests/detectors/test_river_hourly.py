"""Forecast, shape and drift: what each sees, and the traps of River's originals."""

import random

import pytest
from river import anomaly, drift, time_series

from detectors.protocol import Step
from detectors.river_hourly import Drift, Forecast, Shape
from detectors.river_state import dump_trees, load_page_hinkley, load_winters
from tests.detectors.test_evidence import START, Usual

HOUR, DAY = 60, 1_440


def quiet(days, usual, seed=1, share=lambda day: 0.15, per_hour=4):
    draw = random.Random(seed)
    for hour in range(days * 24):
        for _ in range(per_hour):
            minute = START + hour * HOUR + draw.randrange(HOUR)
            bad = int(draw.random() < share(hour // 24))
            yield Step(minute, 1, bad, bad, minute, usual)


def in_order(steps):
    return sorted(steps, key=lambda step: step.minute)


@pytest.mark.parametrize("kind", [Forecast, Shape])
def test_an_hour_that_stands_out_is_pointed_at_and_calm_ones_are_not(kind):
    usual, detector = Usual(), kind()
    detector.warm_up(in_order(quiet(10, usual)))
    now = START + 10 * DAY
    assert detector.step(Step(now, 4, 0, 0, now, usual)) is None
    found = [detector.step(Step(now + at, 2, 2, 2, now + at, usual)) for at in range(1, 20)]
    assert found[-1] is not None
    assert found[-1].since_minute > now


def test_a_slow_rise_is_drift_though_no_day_stands_out():
    usual, detector = Usual(), Drift()
    found = [detector.step(s) for s in in_order(quiet(40, usual, share=lambda day: 0.15 + 0.004 * day))]
    assert any(found)
    assert not any(detector.step(s) for s in in_order(quiet(3, usual, seed=5)) if s.minute < START)


def test_a_steady_share_is_no_drift():
    usual, detector = Usual(), Drift()
    assert not any(detector.step(s) for s in in_order(quiet(90, usual, seed=3)))


class TestTraps:
    def test_a_cold_forecast_says_nothing_where_rivers_own_raises(self):
        with pytest.raises(IndexError):
            time_series.HoltWinters(alpha=0.1, beta=0.1, gamma=0.1, seasonality=24).forecast(1)
        assert Forecast().step(Step(START, 5, 5, 5, START, Usual())) is None
        assert not load_winters([])._initialized

    def test_scoring_changes_nothing(self):
        """PredictiveAnomalyDetection's score_one learns; what is used here does not."""
        usual, detector = Usual(), Forecast()
        detector.warm_up(in_order(quiet(6, usual)))
        before = detector.dump()
        detector._stands_out(usual)
        assert detector.dump() == before

    def test_page_hinkley_fires_at_its_threshold_where_rivers_default_never_does(self):
        ours, default = load_page_hinkley(()), drift.PageHinkley(mode="up")
        fired = {"ours": False, "default": False}
        for at in range(60):
            value = 0.0 if at < 20 else 1.5
            for name, model in (("ours", ours), ("default", default)):
                model.update(value)
                fired[name] |= model.drift_detected
        assert fired == {"ours": True, "default": False}

    def test_the_trees_are_a_small_part_of_rivers_default(self):
        small = dump_trees(Shape()._trees)
        default = anomaly.HalfSpaceTrees(seed=1)
        default.learn_one({"share": 0.5, "volume": 0.5})
        nodes = sum(1 for tree in default.trees for _ in tree.iter_dfs())
        assert len(small) < nodes / 5

    def test_a_gap_teaches_no_zeros(self):
        usual, detector = Usual(), Forecast()
        detector.warm_up(in_order(quiet(6, usual)))
        expected = detector._expected()
        later = START + 16 * DAY
        detector.step(Step(later, 1, 0, 0, later, usual))
        assert detector._expected() == pytest.approx(expected, abs=0.6)

    def test_quiet_hours_age_what_was_learned(self):
        """TimeRolling never ages while nothing comes; here empty hours are zeros."""
        usual, detector = Usual(), Forecast()
        detector.warm_up(in_order(quiet(6, usual)))
        before = detector._expected()
        later = START + 6 * DAY + 40 * HOUR
        detector.step(Step(later, 1, 0, 0, later, usual))
        assert detector._expected() < before
