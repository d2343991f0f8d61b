"""Scores equal published worked examples; each test names its source."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scales import ScaleError, nps_interval, scale_named, scale_of, score_of, share_interval
from streams.settings import Survey


def split(name: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {"bad": [], "neutral": [], "good": []}
    for point, outcome in scale_named(name).outcomes.items():
        found[outcome].append(point)
    return found


@pytest.mark.parametrize(
    ("name", "bad", "neutral", "good"),
    [  # the table of scores in the method paper
        ("nps", range(7), (7, 8), (9, 10)),
        ("csat", (1, 2), (3,), (4, 5)),
        ("ces", (1, 2, 3), (4,), (5, 6, 7)),
        ("ces1", (4, 5), (3,), (1, 2)),
        ("stars", (1, 2), (3,), (4, 5)),
        ("thumbs", (0,), (), (1,)),
        ("csat_1_5", (1, 2), (3,), (4, 5)),
        ("csat_1_7", (1, 2, 3), (4,), (5, 6, 7)),
        ("csat_1_10", (1, 2, 3, 4), (5, 6), (7, 8, 9, 10)),
        ("csat_0_10", (0, 1, 2, 3), (4, 5, 6), (7, 8, 9, 10)),
        ("csat_1_3", (1,), (2,), (3,)),
        ("csat_0_1", (0,), (), (1,)),
    ],
)
def test_points_are_split_into_disappointed_neutral_and_delighted(name, bad, neutral, good):
    assert split(name) == {"bad": list(bad), "neutral": list(neutral), "good": list(good)}


@given(low=st.integers(0, 9), points=st.integers(2, 90))
def test_any_declared_scale_is_split_evenly_and_every_point_belongs(low, points):
    parts = split(f"csat_{low}_{low + points - 1}")
    assert parts["bad"] + parts["neutral"] + parts["good"] == list(range(low, low + points))
    assert len(parts["bad"]) == len(parts["good"])
    assert abs(len(parts["bad"]) - points * 0.4) < 0.5


def test_the_survey_decides_the_scale():
    assert scale_of("csat", None).name == "csat"
    assert scale_of("csat", Survey()).name == "csat"
    assert scale_of("csat", Survey(scale="1-5")).name == "csat"
    assert scale_of("csat", Survey(scale=" 1 - 7 ")).name == "csat_1_7"
    assert scale_of("ces", Survey(ces_version=1)).name == "ces1"
    assert scale_of("ces", Survey(ces_version=1, scale="1-5")).name == "ces1"
    assert scale_of("ces", Survey(scale="1-7")).name == "ces"
    assert scale_of("csat", Survey(ces_version=1)).name == "csat"


def test_a_survey_may_ask_nps_beside_a_csat_question_on_its_own_scale():
    survey = Survey(scale="1-7")
    assert (scale_of("nps", survey).name, scale_of("csat", survey).name) == ("nps", "csat_1_7")


@pytest.mark.parametrize(
    ("metric", "survey", "says"),
    [
        ("happiness", None, "'happiness' is not known: use one of nps, csat, ces, stars, thumbs"),
        ("csat", Survey(scale="five"), "'five' is not one: write its lowest and highest point, such as 1-7"),
        ("csat", Survey(scale="5-1"), "scale 5-1 must rise"),
        ("csat", Survey(scale="0-101"), "end at 100 at most"),
        ("stars", Survey(scale="1-10"), "stars is asked on 1-5, not on 1-10: leave scale out"),
        ("ces", Survey(scale="1-5"), "ces is asked on 1-7, not on 1-5: set ces_version = 1"),
    ],
)
def test_a_scale_that_would_be_measured_wrongly_is_refused_with_the_way_out(metric, survey, says):
    with pytest.raises(ScaleError, match=says):
        scale_of(metric, survey)


def test_what_is_off_the_scale_is_refused_not_clamped():
    assert 11 not in scale_of("nps", None).outcomes
    with pytest.raises(ScaleError, match="11 is not on the scale nps, 0-10"):
        score_of("nps", {11: 20}, 10)
    with pytest.raises(ScaleError, match="no scale named"):
        score_of("interaction", {1: 20}, 10)


@pytest.mark.parametrize(("n", "half"), [(30, 26.6), (100, 15.1), (400, 7.6)])
def test_half_widths_of_nps_intervals_are_those_of_the_method_paper(n, half):
    """cx-method.md, Scores: p = .5, d = .2, 95 %, adjusted Wald (MeasuringU)."""
    low, high = nps_interval(n // 2, n // 5, n)
    assert round((high - low) / 2, 1) == half


def test_the_nps_interval_adds_three_answers_by_hand():
    """MeasuringU's recipe by hand: 10 answers, 5 promoters, 3 detractors -> n 13, p 5.75/13, d 3.75/13."""
    low, high = nps_interval(5, 3, 10)
    p, d = 5.75 / 13, 3.75 / 13
    margin = 1.96 * math.sqrt((p + d - (p - d) ** 2) / 13)
    assert (low, high) == pytest.approx((100 * (2 / 13 - margin), 100 * (2 / 13 + margin)))
    assert score_of("nps", {10: 5, 8: 2, 0: 3}, 10).value == 20.0


def test_a_fall_of_nps_from_46_to_39_at_90_answers_is_noise():
    """cx-method.md, Scores."""
    before, after = score_of("nps", {10: 53, 8: 25, 0: 12}, 10), score_of("nps", {10: 50, 8: 25, 0: 15}, 10)
    assert (round(before.value), round(after.value)) == (46, 39)
    assert before.low < after.value < before.value < after.high


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998), table I, method 3 (Wilson's score without correction)
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_newcombes(successes, n, low, high):
    assert share_interval(successes, n) == pytest.approx((100 * low, 100 * high), abs=0.006)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # codegolf.stackexchange.com/questions/105389, test cases at z = 1.96
        (0, 1, 0.0, 0.7934567085261071),
        (1, 2, 0.09452865480086611, 0.905471345199134),
        (1, 11, 0.016231752262825982, 0.3773646254862038),
        (10, 100, 0.05522854161313612, 0.1743673043676654),
        (75, 100, 0.6569535362992417, 0.8245490599627573),
        (100, 100, 0.9630051925239981, 1.0),
    ],
)
def test_wilson_intervals_are_those_published_to_the_last_digit(successes, n, low, high):
    assert share_interval(successes, n) == pytest.approx((100 * low, 100 * high), abs=1e-11)


def test_csat_is_the_top_two_boxes_with_the_top_one_beside_it():
    score = score_of("csat", {5: 30, 4: 20, 3: 25, 1: 25}, 10)
    assert (score.value, score.top_box, score.n) == (50.0, 30.0, 100)
    assert score.mean == pytest.approx((150 + 80 + 75 + 25) / 100)
    assert (score.low, score.high) == pytest.approx((40.382982859014716, 59.61701714098528))


def test_effort_asked_the_old_way_is_good_when_low():
    score = score_of("ces1", {1: 6, 2: 2, 5: 2}, 10)
    assert (score.value, score.top_box) == (80.0, 60.0)


def test_too_few_answers_have_no_score_but_their_n():
    score = score_of("nps", {10: 9}, 10)
    assert (score.n, score.value, score.low, score.high, score.mean, score.top_box) == (9, None, None, None, None, None)
    assert score_of("nps", {10: 9}, 9).value == 100.0
    assert score_of("nps", {}, 0).value is None


@given(
    name=st.sampled_from(["nps", "csat", "ces", "ces1", "stars", "thumbs", "csat_1_10"]),
    data=st.data(),
)
def test_a_score_lies_within_its_interval_and_the_interval_within_the_scale(name, data):
    # From two answers on: the adjusted Wald interval of a single promoter ends at 98.5.
    points = st.sampled_from(list(scale_named(name).outcomes))
    counts = data.draw(st.dictionaries(points, st.integers(2, 10_000), min_size=1))
    score = score_of(name, counts, 1)
    assert score.n == sum(counts.values())
    floor = -100 if name == "nps" else 0
    assert floor <= score.low <= score.value <= score.high <= 100
