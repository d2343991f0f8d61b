from __future__ import annotations

import pytest

from dashboards import words
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS
from tests.support.dashboards import NOW_MS

BERLIN = words.Calendar("Europe/Berlin")


@pytest.mark.parametrize(
    ("value", "text"), [(35.4, "+35"), (-1.2, "\u22121"), (0.3, "0"), (-0.4, "0"), (34.5, "+35"), (-34.5, "\u221235")]
)
def test_nps_has_its_sign_and_a_real_minus(value: float, text: str) -> None:
    assert words.score("nps", value) == text


def test_shares_are_whole_per_cent_with_a_thin_space() -> None:
    assert words.score("csat", 58.06) == "58\u2009%"
    assert words.interval("csat", 41.2, 73.7) == "41..74\u2009%"
    assert words.interval("nps", -5, 27) == "\u22125..+27"


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (4_900, "4 s"),
        (11 * MINUTE_MS + 4_000, "11 min"),
        (97 * MINUTE_MS, "1 h 37 min"),
        (3 * HOUR_MS, "3 h"),
        (3 * DAY_MS, "3 days"),
        (-5, "0 s"),
    ],
)
def test_durations_read_like_speech(ms: int, text: str) -> None:
    assert words.duration(ms) == text


def test_times_are_in_the_zone_of_the_settings() -> None:
    assert BERLIN.full(NOW_MS) == "Tue 17 Nov 2026, 15:42 CET"
    assert BERLIN.near(NOW_MS - HOUR_MS, NOW_MS) == "14:42"
    assert BERLIN.near(NOW_MS - 14 * DAY_MS, NOW_MS) == "3 Nov 15:42"
    assert BERLIN.near(NOW_MS - 400 * DAY_MS, NOW_MS).startswith("13 Oct 2025")


def test_scales_have_names() -> None:
    assert [words.metric_label(name) for name in ("nps", "ces1", "csat_1_7")] == [
        "NPS",
        "Effort ok (CES 1)",
        "CSAT 1-7",
    ]
