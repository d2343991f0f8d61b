"""The e-detector: equal to a plain recompute, every bet fair or worse while the usual holds, the promise simulated."""

import random
from math import comb, exp, factorial, log

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from detectors.evidence import CATCH_UP_MINUTES, ODDS, TIMES, VOLUME_BETS, ShareAndVolume, multiplied, share_factors
from detectors.protocol import Part, Step

START = 20_775 * 24 * 60


class Usual:
    """A flat usual; 4 answers an hour, 15 % bad."""

    volume_tolerance = 1.0
    volume_dispersion = 1.0
    witnesses = 3.0

    def __init__(self, share=0.15, per_hour=4.0, dispersion=1.0, knows_volume=True):
        self.share, self.per_hour, self.dispersion, self.knows_volume = share, per_hour, dispersion, knows_volume

    def tolerated_at(self, minute):
        return self.share

    def bad_between(self, start, end):
        return self.share * self.per_hour * (end - start) / 60

    def answers_between(self, start, end):
        return self.per_hour * (end - start) / 60


def step(minute, n, bad, usual, **more):
    return Step(START + minute, n, bad, bad, START + minute, usual, **more)


changes = st.lists(st.tuples(st.integers(31, 400), st.integers(1, 3), st.integers(0, 3)), min_size=1, max_size=25)


@settings(max_examples=60, deadline=None)
@given(changes)
def test_it_sums_the_bets_begun_at_every_update(rows):
    """R as the definition has it: over all starts, the product of the factors since."""
    usual, detector = Usual(), ShareAndVolume()
    minute, covered, logs = 0, None, []
    for wait, n, most in rows:
        minute, bad = minute + wait, min(n, most)
        detector.step(step(minute, n, bad, usual))
        expected = usual.bad_between(minute if covered is None else covered, minute + 1)
        held = covered is not None and minute + 1 - covered > 30 and usual.answers_between(covered, minute + 1) >= 8
        hold_until = minute + 1 + CATCH_UP_MINUTES if held else (logs[-1][3] if logs else -1)
        counted = 0 if minute + 1 <= hold_until else bad
        share = [bad * b + (n - bad) * g for b, g, _ in zip(*share_factors(0.15, 1.0), strict=True)]
        logs.append((share, [counted * log(t) - (t - 1) * expected for t in TIMES], minute, hold_until))
        covered = minute + 1
    total = 0.0
    for kind, count in ((0, len(ODDS)), (1, len(TIMES))):
        for bet in range(count):
            sums = sum(exp(sum(entry[kind][bet] for entry in logs[start:])) for start in range(len(logs)))
            total += sums / count / 2
    assume(total < 1e9)  # far from the ceiling
    assert detector.strength == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("usual", [0.02, 0.15, 0.6])
@pytest.mark.parametrize("below", [0.3, 0.8, 1.0])
def test_no_bet_on_the_share_gains_on_average_while_the_usual_holds(usual, below):
    share = usual * below
    for bad, good, _ in zip(*share_factors(usual, 1.0), strict=True):
        assert share * exp(bad) + (1 - share) * exp(good) <= 1 + 1e-12


@pytest.mark.parametrize("expected", [0.01, 0.5, 5.0])
def test_no_bet_on_the_volume_gains_on_average_while_the_usual_holds(expected):
    for log_times, more in VOLUME_BETS:
        chances = (exp(-expected) * expected**k / factorial(k) for k in range(120))
        mean = sum(chance * exp(k * log_times - more * expected) for k, chance in enumerate(chances))
        assert mean == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_cluster_of_one_cause_gains_nothing_where_counts_are_known_to_scatter(size):
    """All of a cluster are bad or none is: weakened by the dispersion, the bet stays fair."""
    for bad, good, _ in zip(*share_factors(0.15, 4.0), strict=True):
        assert 0.15 * exp(size * bad) + 0.85 * exp(size * good) <= 1 + 1e-12


def test_answers_of_one_minute_count_as_independent_ones():
    for bad, good, _ in zip(*share_factors(0.15, 1.0), strict=True):
        mean = sum(comb(6, k) * 0.15**k * 0.85 ** (6 - k) * exp(k * bad + (6 - k) * good) for k in range(7))
        assert mean == pytest.approx(1)


def test_the_promise_holds_in_simulation_on_average_at_least_a_updates_pass_before_a_is_reached():
    """Exactly the usual, the worst that the promise allows for; runs are cut at 20 A, which only shortens the mean."""
    threshold, usual, lengths = 40.0, Usual(), []
    for seed in range(60):
        draw, detector, minute, updates = random.Random(seed), ShareAndVolume(), 0, 0
        while updates < 20 * threshold:
            minute += 1 + int(draw.expovariate(4 / 60))
            updates += 1
            detector.step(step(minute, 1, int(draw.random() < 0.15), usual))
            if detector.strength >= threshold:
                break
        lengths.append(updates)
    assert sum(lengths) / len(lengths) >= threshold


def test_empty_minutes_cost_no_step_but_count_as_time():
    often, seldom = ShareAndVolume(), ShareAndVolume()
    usual = Usual(per_hour=1)
    for detector, between in ((often, 31), (seldom, 600)):
        for number in range(8):
            detector.step(step(number * between, 1, 1, usual))
    assert sum(often.dump()["volume"]) > 100 * sum(seldom.dump()["volume"])
    assert often.dump()["share"] == seldom.dump()["share"]


def test_a_rollup_whose_traffic_moves_to_a_place_that_always_was_worse_is_not_worse():
    """Nine of ten answers used to come from the good place; now they come from the bad one, as bad as ever."""
    blind, fair = ShareAndVolume(), ShareAndVolume()
    usual = Usual(share=0.10, knows_volume=False)
    draw = random.Random(3)
    for minute in range(400):
        bad = int(draw.random() < 0.5)
        blind.step(step(minute, 1, bad, usual))
        fair.step(step(minute, 1, bad, usual, parts=(Part(1, bad, 0.5),)))
    assert blind.strength > 1e6
    assert fair.strength < 400


def test_a_backlog_after_a_gap_is_no_surge():
    """Twelve silent hours, then what was missed arrives within minutes."""
    usual = Usual()
    for gap, surges in ((12 * 60, False), (5, True)):
        detector = ShareAndVolume()
        for minute in range(0, 300, 15):
            detector.step(step(minute, 1, 0, usual))
        for late in range(20):
            detector.step(step(285 + gap + late, 4, 2 * (late % 2), usual))
        assert (sum(detector.dump()["volume"]) > 1_000) is surges


def test_what_comes_late_counts_for_the_share_and_not_as_volume():
    detector, usual = ShareAndVolume(), Usual()
    detector.step(step(600, 1, 0, usual))
    before = detector.dump()
    detector.step(Step(START + 601, 8, 8, 8, START + 200, usual))
    after = detector.dump()
    assert sum(after["share"]) > 100 * sum(before["share"])
    assert sum(after["volume"]) < 2 * sum(before["volume"]) + len(TIMES)


def test_it_says_where_it_began_to_suspect():
    detector, usual = ShareAndVolume(), Usual()
    for minute in range(0, 600, 15):
        detector.step(step(minute, 1, int(minute % 105 == 0), usual))
    found = [detector.step(step(600 + 10 * number, 1, 1, usual)) for number in range(12)]
    assert found[-1] is not None
    assert abs(found[-1].since_minute - (START + 600)) <= 30
    assert found[-1].strength == pytest.approx(detector.strength)


def test_a_burst_of_one_cause_does_not_win_by_itself_and_the_same_number_over_hours_does():
    """Eight alike within half an hour at a quiet time; then the same eight, an hour between them."""
    usual = Usual(per_hour=1)
    burst, spread = ShareAndVolume(), ShareAndVolume()
    for number in range(8):
        burst.step(step(600 + 3 * number, 1, 1, usual))
        spread.step(step(600 + 60 * number, 1, 1, usual))
    assert burst.strength < 1_000
    assert spread.strength > 20 * burst.strength


def test_numbers_stay_numbers_whatever_comes():
    assert multiplied([1e12] * 4, [1e6, 0.0, -1e6, 1e6]) == [1e12, 1e12, 0.0, 1e12]
    assert multiplied([0.0] * 4, [-1e6] * 4) == [0.0] * 4
