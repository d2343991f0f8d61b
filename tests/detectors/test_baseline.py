"""What is usual, and what must not teach it."""

import pytest

from detectors.baseline import HourTotal
from detectors.budget import Budget, severity
from detectors.learning import learn
from detectors.segments import Places, by_segment
from detectors.settings import DetectionSettings
from detectors.state import SEVERITIES
from streams.records import LeafMinute, Segment

DAY = 24 * 60
NOW = 20_775 * DAY


def steady(days, per_hour=4, bad=1, end=NOW):
    return [HourTotal(minute, per_hour, bad) for minute in range(end - days * DAY, end, 60)]


def test_today_does_not_teach_today():
    calm = steady(14)
    awful = [h._replace(bad=4) if h.minute >= NOW - DAY else h for h in calm]
    assert learn(calm, NOW, "UTC", 30) == learn(awful, NOW, "UTC", 30)


def test_a_young_stream_uses_what_there_is_up_to_an_hour_ago():
    usual = learn(steady(1, per_hour=10, bad=2), NOW, "UTC", 30)
    assert usual is not None
    assert 200 < usual.n < 230  # of 230 answers, the younger ones counting more
    assert not usual.knows_volume


def test_there_is_no_usual_under_the_least_evidence():
    assert learn(steady(1, per_hour=1, bad=0), NOW, "UTC", 30) is None
    assert learn([], NOW, "UTC", 30) is None


def test_a_steady_stream_has_a_flat_usual():
    usual = learn(steady(28), NOW, "UTC", 30)
    assert usual.share == pytest.approx(0.25, abs=0.01)
    assert usual.answers_between(NOW, NOW + 120) == pytest.approx(8)
    assert usual.bad_between(NOW + 15, NOW + 45) == pytest.approx(0.5)


def test_a_morning_is_expected_where_mornings_are_busy():
    busy = [h._replace(answers=20, bad=5) if 8 <= h.minute // 60 % 24 < 11 else h for h in steady(28)]
    usual = learn(busy, NOW, "UTC", 30)
    assert usual.bad_between(NOW + 9 * 60, NOW + 10 * 60) > 4.5
    assert usual.bad_between(NOW + 2 * 60, NOW + 3 * 60) < 1.1


def test_hours_of_the_day_are_the_shops_own():
    busy = [h._replace(answers=20, bad=5) if h.minute // 60 % 24 == 23 else h for h in steady(28)]
    berlin = learn(busy, NOW, "Europe/Berlin", 30)
    assert berlin.answers_by_hour.index(max(berlin.answers_by_hour)) == 0


def test_weekends_are_expected_to_be_quiet_after_two_weeks():
    hours = [h if (h.minute // DAY + 3) % 7 < 5 else h._replace(answers=1, bad=0) for h in steady(28)]
    usual = learn(hours, NOW, "UTC", 30)
    assert max(usual.weekday[5:]) < 0.5 < min(usual.weekday[:5])


def test_the_budget_is_spread_over_all_tests_and_no_segment_may_take_more_than_a_tenth():
    usual = learn(steady(28), NOW, "UTC", 30)
    wide, alone = Budget(usual.updates_week * 200), Budget(usual.updates_week)
    settings = DetectionSettings()
    assert wide.tail_max(settings, usual) * 2 * wide.updates_week == pytest.approx(2.0)
    assert alone.tail_max(settings, usual) * 2 * usual.updates_week == pytest.approx(0.1)
    assert wide.weeks(wide.tail_max(settings, usual)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("signal", "weeks", "bad", "excess", "times", "name"),
    [
        (0, 210, 18, 0.43, 2.9, "critical"),
        (0, 210, 9, 0.43, 2.9, "major"),
        (0, 50, 18, 0.43, 2.9, "major"),
        (1, 300, 40, 0.02, 4.5, "critical"),
        (1, 5, 40, 0.02, 4.5, "minor"),
        (0, 300, 40, 0.10, 1.2, "minor"),
        (2, 300, 40, 0.60, 0.0, "major"),
    ],
)
def test_severity_needs_effect_and_rarity(signal, weeks, bad, excess, times, name):
    assert SEVERITIES[severity(signal, weeks, bad, excess, times)] == name


def test_a_rollup_is_watched_when_it_says_more_than_one_of_its_parts():
    places = Places([Segment("web", "buy"), Segment("web", "use")])
    assert places.watched(Segment("web", "buy"))
    assert places.watched(Segment("web", None))
    assert not places.watched(Segment(None, "buy"))
    places.see(Segment("app", "buy"))
    assert places.watched(Segment(None, "buy"))
    assert places.watched(Segment(None, None))
    assert not places.watched(Segment("app", None))


def test_rollups_are_the_sums_of_their_leaves():
    places = Places([Segment("web", "buy"), Segment("app", "buy")])
    rows = [LeafMinute(NOW, "web", "buy", 3, 2, 1), LeafMinute(NOW, "app", "buy", 5, 1, 1)]
    sums = by_segment(rows, places)
    assert sums[Segment(None, "buy")].total == (8, 3, 2)
    assert dict(sums[Segment(None, "buy")].places)[Segment("app", "buy")] == (5, 1, 1)
    assert set(sums) == {Segment(None, "buy"), Segment("web", "buy"), Segment("app", "buy")}
