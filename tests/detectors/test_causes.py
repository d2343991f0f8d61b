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


def test_a_customer_counts_once_however_often_they_complain():
    loud = [Content("a", "Totalausfall", ("outage",)) for _ in range(9)]
    assert causes_of([*loud, *usual(4, seed=3)], usual()) == ()
    three = [Content(name, "Totalausfall", ("outage",)) for name in "abc" for _ in range(3)]
    (first, *_) = causes_of([*three, *usual(4, seed=3)], usual())
    assert (first.bad, first.bad_of) == (3, 7)


def test_nobodys_own_word_is_ever_a_cause():
    """Not even where a customer's key is that of an answer without one."""
    texts = [Content("0", "Bergmann"), Content(None, "Bergmann"), *[Content(f"c{i}", "kaputt") for i in range(20)]]
    assert {cause.name for cause in causes_of(texts, usual())} == {"kaputt"}


def test_what_happened_before_is_counted_among_those_of_whom_it_is_known():
    failed = [Content(f"o{i}", None, touchpoints=("payment: failed",)) for i in range(8)]
    unknown = [Content(f"u{i}", None) for i in range(5)]
    before = [Content(f"b{i}", None, touchpoints=("payment: ok",)) for i in range(90)]
    before += [Content(f"f{i}", None, touchpoints=("payment: failed",)) for i in range(10)]
    (cause,) = causes_of([*failed, *unknown], [*before, *usual()])
    assert (cause.kind, cause.name) == ("touchpoint", "payment: failed")
    assert (cause.bad, cause.bad_of, cause.usual, cause.usual_of) == (8, 8, 10, 100)
    assert cause.times_usual == pytest.approx(10)


def test_no_kind_crowds_out_the_others_and_no_text_is_an_attribute():
    words = "alpha bravo charlie delta echo foxtrot golf hotel"
    outage = [Content(f"o{i}", words, ("crash",), (("app", "3.4"), ("note", "x" * 81))) for i in range(12)]
    found = causes_of(outage, usual())
    assert [cause.kind for cause in found].count("word") == 3
    assert {"reason", "app"} <= {cause.kind for cause in found}
    assert "note" not in {cause.kind for cause in found}
