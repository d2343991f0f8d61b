"""What teaches the usual, and what is left out of it."""

import random

import pytest

from detectors.baseline import HourTotal
from detectors.learning import learn
from tests.detectors.test_baseline import DAY, NOW, steady

END = NOW - DAY  # what is younger does not teach


def hours_of(rate, days=28, draw=None, share=0.15):
    """Hours with about `rate(day, hour)` answers."""
    draw = draw or random.Random(1)
    rows = []
    for hour in range(days * 24):
        n = sum(draw.random() < rate(hour // 24, hour % 24) / 60 for _ in range(60))
        bad = sum(draw.random() < share for _ in range(n))
        if n:
            rows.append(HourTotal(NOW - days * DAY + hour * 60, n, bad))
    return rows


def usual_of(hours, **more):
    found = learn(hours, NOW, "UTC", 30, **more)
    assert found is not None
    return found


def test_a_gap_in_collecting_is_missing_and_not_zero():
    whole = steady(28)
    gap = [h for h in whole if not END - 6 * DAY <= h.minute < END - 3 * DAY]
    assert usual_of(gap).answers_between(NOW, NOW + DAY) == pytest.approx(
        usual_of(whole).answers_between(NOW, NOW + DAY)
    )
    assert usual_of(gap).days < usual_of(whole).days


def test_quiet_nights_are_no_gaps():
    hours = hours_of(lambda day, hour: 10 if 8 <= hour < 20 else 0)
    night = usual_of(hours).answers_between(END + 2 * 60, END + 4 * 60)
    assert night < 1
    assert usual_of(hours).days > 26


def test_first_days_that_were_only_partly_collected_do_not_count():
    whole = steady(20, per_hour=10)
    partial = [h._replace(answers=1, bad=0) if h.minute < NOW - 18 * DAY else h for h in whole]
    assert usual_of(partial).answers_between(NOW, NOW + 60) == pytest.approx(10, rel=0.05)


def test_hours_of_incidents_do_not_teach():
    start, end = END - 3 * DAY, END - 2 * DAY
    spiked = [h._replace(answers=12, bad=9) if start <= h.minute < end else h for h in steady(28)]
    assert usual_of(spiked).share > 0.3
    frozen = usual_of(spiked, frozen=[(start, end)])
    assert frozen.share == pytest.approx(0.25, abs=0.01)
    assert frozen.answers_between(NOW, NOW + 60) == pytest.approx(4, rel=0.02)


def test_a_small_segment_is_pulled_to_its_parent_and_a_large_one_is_not():
    parent = usual_of(steady(28, per_hour=40, bad=4))
    small = [HourTotal(NOW - 20 * DAY + at * 12 * 60, 1, 1) for at in range(36)]
    alone, pulled = usual_of(small), usual_of(small, parent=parent)
    assert alone.share > 0.9
    assert 0.4 < pulled.share < 0.75
    assert usual_of(steady(28), parent=parent).share == pytest.approx(0.25, abs=0.01)


def test_a_share_that_is_worse_at_night_is_expected_at_night():
    hours = [h._replace(answers=20, bad=8 if h.minute // 60 % 24 < 6 else 2) for h in steady(28)]
    usual = usual_of(hours)
    assert usual.tolerated_at(NOW + 3 * 60) > 1.8 * usual.tolerated_at(NOW + 15 * 60)


def test_clusters_of_one_cause_are_seen_as_scatter():
    draw = random.Random(5)
    single = hours_of(lambda day, hour: 6, draw=draw)
    clustered = [
        h if draw.random() < 0.8 else h._replace(answers=h.answers + 6, bad=h.bad + 6 * (draw.random() < 0.15))
        for h in single
    ]
    assert usual_of(single).dispersion < 1.15
    assert usual_of(clustered).dispersion > 1.4


def test_days_that_differ_widen_what_is_tolerated():
    draw = random.Random(6)
    busy = [draw.choice((4, 12, 30)) for _ in range(29)]
    steady_days = usual_of(hours_of(lambda day, hour: 12))
    wild = usual_of(hours_of(lambda day, hour: busy[day]))
    assert steady_days.volume_tolerance < 1.5
    assert wild.volume_tolerance > 1.5


def test_older_days_count_less():
    rising = [h._replace(bad=1 if h.minute < END - 10 * DAY else 2) for h in steady(28)]
    assert usual_of(rising).share > 0.25 + 0.25 * 10 / 27
