"""The content gate: what looks like spam is held back with a reason, what customers write is not."""

import random

import pytest

from detectors.gate import Content, most_alike, spam_in
from detectors.watch import Watch
from tests.detectors.conftest import World

BUY = ("web", "buy")
COMPLAINTS = (
    "I waited two weeks and nobody answered my letters",
    "The parcel came broken and the glass is all over the box",
    "Checkout fails with an error since this morning, three times now",
    "Delivery was promised for Tuesday, today is Friday",
    "Die Lieferung kam zu spät und der Karton war offen",
    "Seit dem Update stürzt die App beim Bezahlen ab",
    "Charged twice for one order, please refund me",
    "Customer service hung up on me after forty minutes",
)
WAVE = "This company is a scam do not trust them ever, number {} on my list"


def real(n):
    return [Content(f"c{i}", COMPLAINTS[i % len(COMPLAINTS)] + f" order {i}" * (i // 8)) for i in range(n)]


def test_what_customers_write_about_one_outage_is_no_spam():
    assert spam_in(real(8), 1.0) is None
    assert spam_in([Content(f"c{i}", "does not work") for i in range(40)], 1.0) is None
    assert spam_in([Content(f"c{i}", None) for i in range(40)], 1.0) is None


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (
            [*real(6), *(Content(f"s{i}", WAVE.format(i)) for i in range(20))],
            "20 of 26 bad answers have nearly the same",
        ),
        ([Content(f"s{i}", f"{COMPLAINTS[i % 8]} t.me/win{i}") for i in range(9)], "links or telephone numbers"),
        ([Content(f"s{i}", f"{COMPLAINTS[i % 8]} +49 30 1234 {i}567") for i in range(9)], "links or telephone numbers"),
        ([Content(f"s{i % 3}", COMPLAINTS[i % 8]) for i in range(24)], "24 of 24 bad answers come from 3 customers"),
    ],
)
def test_what_looks_like_spam_says_why_in_numbers(answers, reason):
    assert reason in (spam_in(answers, 1.0) or "")


def test_a_little_spam_beside_a_real_surge_holds_nothing_back():
    spam = [Content(f"s{i}", WAVE.format(i)) for i in range(5)]
    assert spam_in([*real(16), *spam], 1.0) is None


def test_word_order_case_and_numbers_do_not_hide_that_texts_are_alike():
    texts = [f"BUY gold now at our shop {i}" if i % 2 else f"buy Gold NOW at our shop! {i * 31}" for i in range(10)]
    assert most_alike(texts) == 10
    assert most_alike(COMPLAINTS) == 1


class TestInTheWatch:
    def run(self, engine, contents):
        world = World().past().answers(BUY, 0, 600, 4, 0.15).answers(BUY, 600, 900, 20, 0.8)
        watch, found = Watch(world.settings, world.hours, "answers", contents), []
        for start in range(0, 900, 60):
            with engine.begin() as tx:
                found += watch.advance(tx, world.closing(start, start + 60)).anomalies
        return [a for a in found if a.segment == BUY]

    def test_a_wave_of_spam_pages_nobody_and_says_so(self, engine):
        found = self.run(engine, lambda *_: [Content(f"s{i}", WAVE.format(i)) for i in range(30)])
        assert [a.page for a in found] == [False]
        assert "nearly the same words" in found[0].spam

    def test_an_outage_that_began_under_spam_pages_when_customers_words_prevail(self, engine):
        draw = random.Random(1)
        calls = []

        def contents(*_):
            calls.append(1)
            if len(calls) <= 2:
                return [Content(f"s{i}", WAVE.format(i)) for i in range(30)]
            words = [[draw.choice("abcdefghij") * 3 for _ in range(8)] for _ in range(60)]
            return [Content(f"c{i}", " ".join(text)) for i, text in enumerate(words)]

        found = self.run(engine, contents)
        assert [a.page for a in found] == [False, True]
        assert found[1].spam is None
        assert found[1].detected_ms > found[0].detected_ms
