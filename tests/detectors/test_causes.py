"""What stands out among bad answers, in German and English, and what chance alone makes stand out."""

import random

import pytest

from detectors.causes import causes_of, words_of, z_of
from detectors.gate import Content

VERSIONS = ("3.1", "3.2", "3.3")


def usual(n=200, seed=1):
    draw = random.Random(seed)
    texts = ("Lieferung zu spät", "support never answers", "price is too high", "checkout slow today")
    return [
        Content(f"c{i}", draw.choice(texts), (draw.choice(("price", "delay")),), (("app", draw.choice(VERSIONS)),))
        for i in range(n)
    ]


def test_the_app_version_the_reason_and_the_word_of_an_outage_are_named():
    outage = [Content(f"o{i}", "Absturz beim Bezahlen", ("crash",), (("app", "3.4"),)) for i in range(12)]
    found = {(cause.kind, cause.name): cause for cause in causes_of([*outage, *usual(6, seed=2)], usual())}
    assert {("app", "3.4"), ("reason", "crash"), ("word", "absturz")} <= set(found)
    cause = found["app", "3.4"]
    assert (cause.bad, cause.bad_of, cause.usual, cause.usual_of) == (12, 18, 0, 200)
    assert ("app", "3.1") not in found


def test_chance_alone_names_nothing_nineteen_times_of_twenty():
    named = sum(bool(causes_of(usual(30, seed=100 + seed), usual())) for seed in range(60))
    assert named <= 6


def test_two_answers_name_nothing():
    assert causes_of([Content("a", "Totalausfall"), Content("b", "Totalausfall")], usual()) == ()
    assert causes_of(usual(20), []) == ()


def test_words_are_whole_ones_of_either_language_without_the_empty_ones():
    assert words_of("Die Größe passt NICHT, und der Händler antwortet nicht 123!") == {
        "größe",
        "passt",
        "händler",
        "antwortet",
    }
    assert words_of("I can't log in since the update; it's the app's fault") == {"log", "update", "app", "fault"}
    assert words_of("a_b <script>alert(1)</script>") == {"script", "alert"}


def test_it_is_symmetric_and_stronger_with_more_answers():
    assert z_of(5, 50, 5, 50) == pytest.approx(0)
    assert z_of(20, 40, 10, 100) > z_of(10, 20, 10, 100) > z_of(5, 10, 10, 100) > 0
    assert z_of(0, 40, 30, 100) < 0
