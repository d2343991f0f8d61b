"""Local times get the offset of the file's time zone; the two hours a year in which that is a choice are counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.clock import rfc3339, to_ms
from streams.events import Feedback, Refused
from streams.files.times import LocalTimes, Moment
from tests.files.conftest import Reads


def placed(text: str, zone: str | None, *, date_only: bool = False) -> Moment:
    moment = LocalTimes(zone, date_only).read("time", text)
    assert isinstance(moment, Moment)
    return moment


@pytest.mark.parametrize(
    ("text", "zone", "utc", "ambiguous"),
    [
        ("2022-07-11 14:16:40", "UTC", "2022-07-11T14:16:40+00:00", False),
        ("2022-07-11T14:16", "Europe/Berlin", "2022-07-11T12:16:00+00:00", False),
        (" 2022-01-11 14:16:40.25 ", "Europe/Berlin", "2022-01-11T13:16:40.250000+00:00", False),
        ("2022-01-11 14:16:40,5", "Europe/Berlin", "2022-01-11T13:16:40.500000+00:00", False),
        ("2022-10-30 02:30:00", "Europe/Berlin", "2022-10-30T00:30:00+00:00", True),  # twice: summer time's
        ("2022-03-27 02:30:00", "Europe/Berlin", "2022-03-27T01:30:00+00:00", True),  # never: winter time's
        ("2022-10-30 01:59:59", "Europe/Berlin", "2022-10-29T23:59:59+00:00", False),
        ("2022-10-30 03:00:00", "Europe/Berlin", "2022-10-30T02:00:00+00:00", False),
        ("2022-07-11T14:16:40+05:00", "Europe/Berlin", "2022-07-11T14:16:40+05:00", False),  # keeps its own
        ("2022-07-11T14:16:40Z", "Europe/Berlin", "2022-07-11T14:16:40Z", False),
        ("2022-07-11 14:16:40", None, "2022-07-11 14:16:40", False),  # left to be refused
        ("2022-07-11", "UTC", "2022-07-11", False),
        ("11.07.2022", "UTC", "11.07.2022", False),
    ],
)
def test_a_local_time_gets_its_offset(text: str, zone: str | None, utc: str, ambiguous: bool) -> None:
    assert placed(text, zone) == Moment(utc, ambiguous)


@pytest.mark.parametrize(
    ("zone", "utc", "ambiguous"),
    [
        (None, "2022-07-11T00:00:00+00:00", False),
        ("Europe/Berlin", "2022-07-10T22:00:00+00:00", False),
        ("America/New_York", "2022-07-11T04:00:00+00:00", False),
    ],
)
def test_a_date_alone_is_the_start_of_that_day(zone: str | None, utc: str, ambiguous: bool) -> None:
    assert placed("2022-07-11", zone, date_only=True) == Moment(utc, ambiguous)


def test_a_day_that_does_not_start_at_midnight_is_counted() -> None:
    assert placed("2018-11-04", "America/Sao_Paulo", date_only=True).ambiguous


@pytest.mark.parametrize("text", ["2022-13-01 10:00:00", "2022-02-30 10:00:00", "2022-01-01 25:00:00"])
def test_a_time_that_does_not_exist_is_refused(text: str) -> None:
    assert isinstance(LocalTimes("UTC", False).read("time", text), Refused)


@given(
    ms=st.integers(0, 4_000_000_000_000),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
)
def test_a_local_time_comes_back_unless_it_is_ambiguous(ms: int, zone: str) -> None:
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    local = datetime.fromtimestamp(ms // 1000, UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    found = placed(local.isoformat(" "), zone)
    back_ms = to_ms(datetime.fromisoformat(found.text))
    assert back_ms == ms // 1000 * 1000 or (found.ambiguous and back_ms < ms)


def test_every_time_of_a_row_is_placed_and_the_row_says_if_one_is_ambiguous(read: Reads) -> None:
    content = "id,time,promised_at\nc1,2025-10-26 02:30:00,2025-10-26 09:00\nc2,2025-10-26 04:30:00,\n"
    sets = ["type=interaction", "interaction=delivery", "source=shop", "channel=web", "stage=deliver"]
    first, second = read(content, sets=sets, timezone="Europe/Berlin")
    assert not isinstance(first.event, Refused)
    assert rfc3339(first.event.time_ms) == "2025-10-26T00:30:00Z"
    assert (first.ambiguous, second.ambiguous) == (True, False)


def test_a_refused_row_is_not_counted_as_ambiguous(read: Reads) -> None:
    content = "id,time,score\nr1,2025-10-26 02:30:00,9\nr2,2025-10-26 02:30:00,5\n"
    refused, accepted = read(content, timezone="Europe/Berlin")
    assert isinstance(refused.event, Refused)
    assert isinstance(accepted.event, Feedback)
    assert (refused.ambiguous, accepted.ambiguous) == (False, True)
