from __future__ import annotations

import math
import statistics
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cxscore import cx_scores
from tests.support.touches import DAY, T0, fed, interaction

NOW = T0 + 12 * 3_600_000


class Somebody:
    def __init__(self, sums: Mapping[str, int]) -> None:
        self.sums = sums

    def grade_sums(self, from_day: int, to_day: int) -> Mapping[str, int]:
        return self.sums


def people(**sums: list[int]) -> list[Somebody]:
    return [Somebody({stage: total}) for stage, totals in sums.items() for total in totals]


SUMS = st.dictionaries(st.sampled_from(["buy", "use", "deliver"]), st.integers(-50, 50), max_size=3)


@given(sums=st.lists(SUMS, max_size=30), data=st.data())
def test_scores_are_the_mean_and_its_interval_over_customers_in_any_order(
    sums: list[dict[str, int]], data: st.DataObject
):
    found = cx_scores([Somebody(s) for s in sums], NOW)
    assert found == cx_scores([Somebody(s) for s in data.draw(st.permutations(sums))], NOW)
    totals = [sum(s.values()) for s in sums if s]
    assert found.overall.n == len(totals)
    for stage in {stage for s in sums for stage in s}:
        values = [s[stage] for s in sums if stage in s]
        score = found.stages[stage]
        assert score.n == len(values)
        if len(values) < 10:
            assert (score.mean, score.low, score.high, score.verdict) == (None, None, None, None)
            continue
        half = 1.96 * statistics.stdev(values) / math.sqrt(len(values))
        assert score.mean == pytest.approx(statistics.mean(values))
        assert (score.low, score.high) == pytest.approx((score.mean - half, score.mean + half))


def test_delight_disappointment_and_neither_go_by_the_interval():
    found = cx_scores(people(buy=[1, 2] * 10, use=[-1, -2] * 10, deliver=[-3, 3] * 10), NOW)
    assert {stage: score.verdict for stage, score in found.stages.items()} == {
        "buy": "delight",
        "use": "disappointing",
        "deliver": "neutral",
    }


def test_the_weakest_link_is_the_lowest_stage_that_has_a_score():
    found = cx_scores(people(buy=[1] * 10, use=[-1] * 10, deliver=[-90] * 9), NOW)
    assert found.weakest == "use"
    assert cx_scores(people(deliver=[-90] * 9), NOW).weakest is None


def test_the_window_is_seven_utc_days_today_included():
    at = [T0, T0 + DAY - 1, T0 - 6 * DAY, T0 - 6 * DAY - 1]
    customers = [fed([interaction(1, moment, grade)])[0] for moment, grade in zip(at, (1, 2, 4, 8), strict=True)]
    found = cx_scores(customers, NOW, min_n=2)
    assert (found.overall.n, found.overall.mean) == (3, pytest.approx(7 / 3))


def test_nobody_met_is_no_score():
    found = cx_scores([], NOW)
    assert (found.overall.n, found.overall.mean, found.stages, found.weakest) == (0, None, {}, None)


def test_a_window_longer_than_the_states_hold_is_refused():
    with pytest.raises(ValueError, match="1 to 30 days, not 31"):
        cx_scores([], NOW, window_days=31)
