"""The product's sentences of numbers in German: the same numbers, and no English word left."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.pages.german.sentences import in_german
from detectors.sentence import (
    Numbers,
    drift_sentence,
    heard_sentence,
    recovery_sentence,
    share_sentence,
    silence_sentence,
    volume_sentence,
)
from streams.store.minutes import KINDS

NOW = 29_915_562
ENGLISH = re.compile(
    r"\b(of|since|the|usual|times|as|rare|once|in the|late|came|them|contacts|interactions|answers|answer|back|to|no|"
    r"weeks?|days?|years?|bad|last|slowly|rising|out|left|same|by|more|than|at|least|earlier|silence|after|again)\b"
)

shares = st.floats(0, 1)
numbers = st.builds(
    Numbers,
    since=st.integers(NOW - 3_000, NOW),
    now=st.just(NOW),
    n=st.integers(1, 5_000),
    bad=st.integers(0, 1),
    usual_share=shares,
    usual_low=shares,
    usual_high=shares,
    assumed=st.booleans(),
    times_volume=st.none() | st.floats(0, 30),
    usual_bad=st.just(0.0) | st.floats(0.05, 300),
    usual_bad_low=st.floats(0, 300),
    usual_bad_high=st.floats(0, 300),
    weeks=st.none() | st.floats(0, 1e6),
    repeats=st.integers(0, 9),
    late=st.integers(0, 9),
    kind=st.sampled_from(KINDS),
)


def digits(text: str) -> list[str]:
    return re.findall(r"\d", text)


@given(numbers)
def test_sentences_of_alerts_keep_their_numbers_and_lose_their_english(of: Numbers) -> None:
    for said in (share_sentence(of, "Europe/Berlin"), volume_sentence(of, "Europe/Berlin")):
        german = in_german(said)
        assert not ENGLISH.search(german), (said, german)
        assert digits(german) == digits(said)


@given(st.integers(0, 9), st.integers(0, 400), st.sampled_from([60, 120, 1440]), shares, st.sampled_from(KINDS))
def test_sentences_of_returns_drift_and_silence_too(bad: int, n: int, minutes: int, usual: float, kind: str) -> None:
    for said in (
        recovery_sentence(min(bad, n), n, minutes, usual, kind),
        drift_sentence(bad, n + 9, usual, (usual / 2, usual)),
        silence_sentence(NOW - minutes, NOW, (9.0 + n, 4.0, 22.0), 3.0, "UTC", kind),
        heard_sentence(NOW, minutes, "UTC", kind),
    ):
        german = in_german(said)
        assert not ENGLISH.search(german), (said, german)
        assert digits(german) == digits(said)


@pytest.mark.parametrize(
    ("english", "german"),
    [
        (
            "18 of 31 bad since 14:05 (58\u2009%, 41..74\u2009%; usual 15\u2009%, 12..19\u2009%), "
            "2.9 times the usual volume; as rare as once in 210 weeks",
            "18 von 31 schlecht seit 14:05 (58\u2009%, 41..74\u2009%; üblich 15\u2009%, 12..19\u2009%), "
            "2,9-mal die übliche Menge; so selten wie einmal in 210 Wochen",
        ),
        ("Also web · buy: 9 of 14 bad since 3 Nov 14:05 (", "Auch web · buy: 9 von 14 schlecht seit 3. Nov. 14:05 ("),
        ("! Nobody has taken this for 16 min.", "! Seit 16 min hat das niemand übernommen."),
        ("! Nobody has taken this for 1 h 20 min.", "! Seit 1 h 20 min hat das niemand übernommen."),
        ("as rare as once in more than 1,000 years", "so selten wie einmal in mehr als 1.000 Jahren"),
        (
            "41 of 52 bad answers have nearly the same words",
            "41 von 52 schlechten Antworten haben fast dieselben Worte",
        ),
        ("what nobody has foreseen", "what nobody has foreseen"),
    ],
)
def test_they_read_like_the_reference(english: str, german: str) -> None:
    assert in_german(english) == german
