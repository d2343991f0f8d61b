"""What is said where people expect an alert and there is none."""

import random

import pytest

from detectors.evidence import ShareAndVolume
from detectors.learning import learn
from detectors.waiting import answers_needed, not_yet
from tests.detectors.test_baseline import NOW, steady
from tests.detectors.test_evidence import Usual, step


@pytest.fixture
def usual():
    return learn(steady(28), NOW, "UTC", 30)


def test_it_says_how_many_answers_are_missing(usual):
    assert not_yet(7, 5, usual, 3_000.0, 30).startswith("not enough evidence yet (n = 7, needs about ")
    assert "within the usual" in not_yet(40, 10, usual, 3_000.0, 30)
    assert "30 answers are needed first" in not_yet(3, 3, None, 3_000.0, 30)


def test_more_evidence_needs_more_answers_and_a_clearer_rise_fewer(usual):
    assert answers_needed(0.6, usual, 10_000.0) > answers_needed(0.6, usual, 1_000.0)
    assert answers_needed(0.9, usual, 1_000.0) < answers_needed(0.6, usual, 1_000.0)
    assert answers_needed(0.2, usual, 1_000.0) is None


def test_it_takes_about_as_many_in_simulation():
    """Of the share alone: the usual here knows no volume, as in a young stream."""
    lengths, flat = [], Usual(share=0.1875, knows_volume=False)  # tolerated: 15.6 % and a quarter more odds
    baseline = learn(steady(28, per_hour=64, bad=10), NOW, "UTC", 30)
    for seed in range(40):
        draw, detector, n = random.Random(seed), ShareAndVolume(), 0
        while detector.strength < 3_000 and n < 1_000:
            n += 1
            detector.step(step(40 * n, 1, int(draw.random() < 0.55), flat))
        lengths.append(n)
    needed = answers_needed(0.55, baseline, 3_000.0)
    assert 0.6 * needed < sum(lengths) / len(lengths) < 1.5 * needed
