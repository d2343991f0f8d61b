"""Alerts against marks."""

from detectors.backtest import Alerted, Mark, score
from streams.clock import DAY_MS, HOUR_MS
from streams.records import Segment

WEB = Segment("web", "buy")


def test_false_alerts_are_counted_on_quiet_stretches_alone():
    marks = [Mark(0, 14 * DAY_MS, None, None, "quiet"), Mark(DAY_MS, 2 * DAY_MS, "web", "buy", "ignore")]
    alerts = [Alerted(WEB, HOUR_MS), Alerted(WEB, DAY_MS + 1), Alerted(WEB, 15 * DAY_MS), Alerted(WEB, 2, page=False)]
    result = score(alerts, marks)
    assert (result.false_alerts, result.quiet_weeks, result.false_alerts_per_week) == (1, 2.0, 0.5)


def test_quiet_stretches_that_overlap_count_once():
    marks = [Mark(0, 7 * DAY_MS, "web", None, "quiet"), Mark(3 * DAY_MS, 7 * DAY_MS, "app", None, "quiet")]
    assert score([], marks).quiet_weeks == 1.0


def test_there_is_no_rate_without_a_quiet_stretch():
    assert score([Alerted(WEB, 5)], []).false_alerts_per_week is None


def test_the_delay_of_an_event_is_told_in_hours_and_a_miss_as_none():
    marks = [Mark(DAY_MS, 2 * DAY_MS, "web", "buy", "event"), Mark(5 * DAY_MS, 6 * DAY_MS, None, None, "event")]
    alerts = [Alerted(Segment("app", "buy"), DAY_MS + HOUR_MS), Alerted(Segment("web", None), DAY_MS + 3 * HOUR_MS)]
    assert [delay.hours for delay in score(alerts, marks).delays] == [3.0, None]
