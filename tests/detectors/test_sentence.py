"""The sentence of numbers, character by character."""

import pytest

from detectors.sentence import (
    Numbers,
    clock_time,
    percent,
    rarity,
    recovery_sentence,
    share_sentence,
    volume_sentence,
)

DAY = 24 * 60
NOON = 20_774 * DAY + 14 * 60 + 40  # Tue 17 Nov 2026, 14:40 UTC
NUMBERS = Numbers(
    since=NOON - 35,
    now=NOON,
    n=31,
    bad=18,
    usual_share=0.15,
    usual_low=0.12,
    usual_high=0.19,
    assumed=False,
    times_volume=2.9,
    usual_bad=6.2,
    usual_bad_low=2.1,
    usual_bad_high=11.9,
    weeks=210.0,
)


def test_the_sentence_of_the_invented_day():
    assert share_sentence(NUMBERS, "UTC") == (
        "18 of 31 bad since 14:05 (58\u2009%, 41..74\u2009%; usual 15\u2009%, 12..19\u2009%), "
        "2.9 times the usual volume; as rare as once in 210 weeks"
    )


def test_the_sentence_of_a_surge_sets_the_number_against_the_usual_number():
    assert volume_sentence(NUMBERS, "UTC") == (
        "18 bad since 14:05, 2.9 times the usual 6.2 (2..12); "
        "18 of 31 bad (58\u2009%; usual 15\u2009%, 12..19\u2009%); as rare as once in 210 weeks"
    )


def test_times_are_in_the_configured_zone_with_the_day_only_when_it_is_another():
    assert clock_time(NOON, NOON, "Europe/Berlin") == "15:40"
    assert clock_time(NOON - 14 * DAY, NOON, "Europe/Berlin") == "3 Nov 15:40"


@pytest.mark.parametrize(
    ("weeks", "words"),
    [
        (0.1, "once a day"),
        (9 / 7, "once in 9 days"),
        (6.2, "once in 6 weeks"),
        (210, "once in 210 weeks"),
        (1_000, "once in 19 years"),
        (1e6, "once in more than 1,000 years"),
    ],
)
def test_rarity_is_told_in_words_of_time(weeks, words):
    assert rarity(weeks) == words


def test_small_shares_are_not_called_none():
    assert percent(0.001) == "<1\u2009%"
    assert percent(0) == "0\u2009%"


def test_what_people_count_and_the_sentence_does_not_is_said():
    line = share_sentence(
        Numbers(**{**{s: getattr(NUMBERS, s) for s in NUMBERS.__slots__}, "repeats": 4, "late": 3}), "UTC"
    )
    assert line.endswith("; 4 repeated by the same customers left out; 3 of them came late")


def test_a_recovery_says_what_it_rests_on():
    assert (
        recovery_sentence(1, 14, 60, 0.15) == "1 of 14 bad in the last 60 min (7\u2009%); back to the usual 15\u2009%"
    )
    assert recovery_sentence(0, 0, 240, 0.15) == "no bad answer in the last 4 h; back to the usual 15\u2009%"
