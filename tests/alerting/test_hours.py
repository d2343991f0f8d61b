"""Business hours against a plain count of minutes, over the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as hyp_settings
from hypothesis import strategies as st

from alerting.hours import BusinessHours
from streams.clock import HOUR_MS, MINUTE_MS

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
OFFICE = ((480, 720), (780, 1_080))
WEEKS = {
    "office": (OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, ((600, 840),), ()),
    "nights": (((0, 360), (1_320, 1_440)),) * 7,
    "whole days": (((0, 1_440),),) * 7,
    "mondays": (((600, 660),), (), (), (), (), (), ()),
}
HOLIDAYS = frozenset({date(2026, 12, 25), date(2026, 10, 26)})
# Around the days of 2026 on which clocks change in one of these zones.
STARTS = [datetime(2026, m, d, tzinfo=UTC) for m, d in ((3, 6), (3, 27), (4, 3), (10, 23), (10, 30), (12, 23))]


def at(text: str, zone: str = "Europe/Berlin") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1_000)


def hours(week: str, zone: str) -> BusinessHours:
    return BusinessHours(zone, WEEKS[week], HOLIDAYS, always=False)


@cache
def is_open(week: str, zone: str, minute_ms: int) -> bool:
    """By the wall clock, as somebody would say who looks at it."""
    local = datetime.fromtimestamp(minute_ms / 1_000, ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    if local.fold:  # the hour that comes again: openings that begin or end in it meant its first time
        first = int(local.replace(fold=0).timestamp() * 1_000)
        return is_open(week, zone, first) and any(s <= minute < e for s, e in WEEKS[week][local.weekday()])
    return local.date() not in HOLIDAYS and any(s <= minute < e for s, e in WEEKS[week][local.weekday()])


CASES = st.tuples(
    st.sampled_from(sorted(WEEKS)),
    st.sampled_from(ZONES),
    st.sampled_from(STARTS),
    st.integers(0, 5 * 1_440),
    st.integers(0, 3 * 1_440),
)


@hyp_settings(max_examples=60, deadline=None)
@given(CASES)
def test_time_between_is_the_number_of_open_minutes(case):
    week, zone, day, ahead, length = case
    start_ms = int((day + timedelta(minutes=ahead)).timestamp() * 1_000)
    end_ms = start_ms + length * MINUTE_MS
    counted = sum(is_open(week, zone, at_ms) for at_ms in range(start_ms, end_ms, MINUTE_MS))
    assert hours(week, zone).between(start_ms, end_ms) == counted * MINUTE_MS


@hyp_settings(max_examples=60, deadline=None)
@given(CASES, st.integers(1, 2_000))
def test_so_many_minutes_later_exactly_so_many_minutes_have_passed(case, minutes):
    week, zone, day, ahead, _ = case
    start_ms = int((day + timedelta(minutes=ahead)).timestamp() * 1_000)
    opening = hours(week, zone)
    due_ms = opening.add(start_ms, minutes)
    assert opening.between(start_ms, due_ms) == minutes * MINUTE_MS
    assert opening.between(start_ms, due_ms - 1) < minutes * MINUTE_MS


def test_what_comes_on_friday_evening_is_due_on_monday_and_a_holiday_does_not_count():
    office = hours("office", "Europe/Berlin")
    assert office.add(at("2026-11-20T17:30"), 90) == at("2026-11-21T11:00")  # Saturday opens at ten
    assert office.add(at("2026-11-21T13:30"), 90) == at("2026-11-23T09:00")
    assert office.add(at("2026-12-24T17:30"), 60) == at("2026-12-26T10:30")


def test_an_office_day_has_its_nine_hours_also_when_the_clocks_change_and_a_whole_day_has_one_more_or_less():
    sundays = BusinessHours("Europe/Berlin", (((480, 1_020),),) * 7, always=False)
    whole = hours("whole days", "Europe/Berlin")
    for day, length in (("2026-03-29", 23), ("2026-10-25", 25)):
        start, end = at(f"{day}T00:00"), at(f"{day}T00:00") + 25 * HOUR_MS
        assert sundays.between(start, end) == 9 * HOUR_MS
        assert whole.between(start, start + length * HOUR_MS) == length * HOUR_MS
        assert whole.add(start, length * 60) == at(day + "T00:00") + length * HOUR_MS


def test_round_the_clock_is_the_default():
    assert BusinessHours().add(1_000, 90) == 1_000 + 90 * MINUTE_MS
    assert BusinessHours().between(1_000, 61_000) == 60_000
    assert BusinessHours().between(61_000, 1_000) == 0


@pytest.mark.parametrize("zone", ZONES)
def test_an_opening_in_the_hour_that_is_jumped_over_begins_when_the_clocks_have_jumped(zone):
    early = BusinessHours(zone, (((150, 240),),) * 7, always=False)
    for month, day in ((3, 29), (3, 8), (10, 4)):
        start = int(datetime(2026, month, day, tzinfo=ZoneInfo(zone)).timestamp() * 1_000)
        open_ms = early.between(start, start + 12 * HOUR_MS)
        assert 60 * MINUTE_MS <= open_ms <= 90 * MINUTE_MS
