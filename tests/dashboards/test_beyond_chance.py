from __future__ import annotations

import random
from math import erfc, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.beyond_chance import Sample, compare, discoveries, p_value


def share(good: int, n: int) -> Sample:
    return Sample.of_worth({1.0: good, 0.0: n - good})


def test_for_shares_it_is_the_pooled_two_proportion_test() -> None:
    pooled = (15 + 90) / (50 + 150)
    z = (15 / 50 - 90 / 150) / sqrt(pooled * (1 - pooled) * (1 / 50 + 1 / 150))
    assert p_value(share(15, 50), share(90, 150)) == pytest.approx(erfc(abs(z) / sqrt(2)))


def test_benjamini_and_hochberg_1995_reject_four_of_their_fifteen() -> None:
    published = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    assert discoveries(dict(enumerate(published))) == {0, 1, 2, 3}


def test_a_clear_fall_is_below_and_a_clear_rise_above() -> None:
    verdicts = compare(
        {
            "fell": (share(20, 100), share(800, 1000)),
            "rose": (share(95, 100), share(600, 1000)),
            "same": (share(80, 100), share(800, 1000)),
        },
        least_n=10,
    )
    assert verdicts == {"fell": "below", "rose": "above", "same": "usual"}


def test_places_with_too_few_answers_get_no_verdict() -> None:
    assert compare({"quiet": (share(0, 9), share(800, 1000)), "new": (share(0, 90), share(20, 29))}, least_n=10) == {}


def test_answers_that_never_vary_are_as_usual() -> None:
    assert compare({"all good": (share(50, 50), share(500, 500))}, least_n=10) == {"all good": "usual"}


def test_one_place_that_is_a_little_low_is_not_coloured_among_many() -> None:
    places = {n: (share(80, 100), share(800, 1000)) for n in range(27)}
    lonely = {"low": (share(71, 100), share(800, 1000))}
    assert compare(lonely, least_n=10)["low"] == "below"
    assert compare(places | lonely, least_n=10)["low"] == "usual"


def test_where_nothing_changed_a_day_with_any_colour_is_rare() -> None:
    dice = random.Random(7)
    coloured = 0
    for _ in range(300):
        places = {}
        for place in range(28):
            now = sum(dice.random() < 0.8 for _ in range(60))
            places[place] = (share(now, 60), share(800, 1000))
        coloured += any(verdict != "usual" for verdict in compare(places, least_n=10).values())
    assert coloured <= 30  # 5 % of 300 are 15; a binomial exceeds 30 once in about 10,000 runs


@given(st.dictionaries(st.integers(), st.floats(0, 1), max_size=40))
def test_discoveries_are_the_smallest_of_all(p_values: dict[int, float]) -> None:
    found = discoveries(p_values)
    if found:
        worst = max(p_values[key] for key in found)
        assert all(p > worst for key, p in p_values.items() if key not in found)


@given(st.integers(1, 200), st.integers(1, 200), st.data())
def test_p_is_a_probability_and_the_same_both_ways(n: int, m: int, data: st.DataObject) -> None:
    one, other = share(data.draw(st.integers(0, n)), n), share(data.draw(st.integers(0, m)), m)
    assert 0 <= p_value(one, other) <= 1
    assert p_value(one, other) == pytest.approx(p_value(other, one))
