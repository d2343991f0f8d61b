"""Simulated streams keep what quiet days were like, and spikes are as big as they say."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.bootstrap import SHARE_MAX, Spike, draw_day, hours_of_day, quiet_days, spiked, weekday_of
from streams.clock import MINUTES_PER_DAY
from streams.records import LeafMinute

MONDAY = (4 + 7 * 2_900) * MINUTES_PER_DAY
PLACE = ("web", "buy")


def hour(day: int, of_day: int, n: int, bad: int, first: int) -> LeafMinute:
    return LeafMinute(MONDAY + day * MINUTES_PER_DAY + 60 * of_day, *PLACE, n, bad, first)


def totals(rows: list[LeafMinute]) -> tuple[int, int, int]:
    return sum(r.n for r in rows), sum(r.bad for r in rows), sum(r.bad_first for r in rows)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30)), min_size=14, max_size=14))
def test_a_drawn_day_is_a_day_of_the_same_weekday_with_its_hours_sums(counts: list[tuple[int, int, int]]) -> None:
    hours = [hour(day, 9, n, min(bad, n), min(first, bad, n)) for day, (n, bad, first) in enumerate(counts)]
    days = quiet_days({"answers": [h for h in hours if h.n]}, {}, [MONDAY + d * MINUTES_PER_DAY for d in range(14)])
    start = MONDAY + 70 * MINUTES_PER_DAY + 3 * MINUTES_PER_DAY
    rows = draw_day(days, start, np.random.default_rng(1))["answers"]
    assert totals(rows) in [(h.n, h.bad, h.bad_first) for h in (hours[3], hours[10])]
    assert all(start + 540 <= row.minute < start + 600 and row.bad_first <= row.bad <= row.n for row in rows)
    assert [row.minute for row in rows] == sorted(row.minute for row in rows)
    assert totals(hours_of_day(rows)) == totals(rows)


def test_minutes_that_are_known_stay_as_they_were_and_others_are_drawn() -> None:
    known = [LeafMinute(MONDAY + 545, *PLACE, 3, 2, 1), LeafMinute(MONDAY + 546, *PLACE, 1, 0, 0)]
    hours = [hour(0, 9, 4, 2, 1), hour(0, 10, 50, 5, 5)]
    (day,) = quiet_days({"answers": hours}, {"answers": [*known, hour(0, 10, 2, 0, 0)]}, [MONDAY])
    drawn = [draw_day([day], MONDAY, np.random.default_rng(seed))["answers"] for seed in (1, 2)]
    for rows in drawn:
        assert rows[:2] == known
        assert totals(rows) == (54, 7, 6)
    assert drawn[0] != drawn[1]
    assert drawn[0] == draw_day([day], MONDAY, np.random.default_rng(1))["answers"]


@pytest.mark.parametrize(("delta", "times"), [(0.2, 1.0), (0.4, 1.0), (0.1, 2.0), (0.0, 3.0), (0.97, 1.0)])
def test_a_spike_is_as_big_as_it_says_and_touches_nothing_else(delta: float, times: float) -> None:
    usual, draw = 0.15, np.random.default_rng(7)
    wrong = [int(draw.random() < usual) for _ in range(4_000)]
    rows = [LeafMinute(MONDAY + at, *PLACE, 1, bad, bad) for at, bad in enumerate(wrong)]
    rows += [LeafMinute(MONDAY + at, "app", "buy", 1, 0, 0) for at in range(4_000)]
    found = spiked(rows, Spike(("answers", *PLACE), MONDAY + 1_000, MONDAY + 3_000, delta, times), usual, draw)
    inside = [r for r in found if r.channel == "web" and MONDAY + 1_000 <= r.minute < MONDAY + 3_000]
    n, bad, _ = totals(inside)
    assert n == pytest.approx(2_000 * times, rel=0.06)
    assert bad / n == pytest.approx(min(SHARE_MAX, usual + delta), abs=0.03)
    untouched = Counter(set(found) & set(rows))
    assert len(untouched) >= len(rows) - 2_000


def test_weekdays_begin_on_monday() -> None:
    assert [weekday_of(MONDAY + day * MINUTES_PER_DAY) for day in range(8)] == [0, 1, 2, 3, 4, 5, 6, 0]
