"""The content gate: does a surge look like spam or brigading rather than like customers?

Judged on the words of the bad answers since the start: many of them nearly the same, many with links or telephone
numbers, or most from very few customers. Says so in one line of numbers; people decide, and can appeal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

ANSWERS_MAX = 1_000  # newest bad answers read
TEXTS_MAX = 200  # of those looked at here
LEAST = 5  # answers that a judgement needs
PART = 0.6  # of the bad answers beyond the usual that must look alike
WORDS_MIN = 4  # shorter texts are alike by nature: "does not work"
ALIKE = 0.7  # Jaccard similarity of pairs of words
CUSTOMERS_PART = 0.34  # customers an answer, below which few people write much

_WORD = re.compile(r"\w+")
_LINK = re.compile(
    r"https?://|www\.|\bt\.me/|\b[\w-]+\.(?:com|net|org|ru|cn|info|biz|xyz|top|shop|io)\b", re.IGNORECASE
)
_PHONE = re.compile(r"(?:\+|\b00?)\d[\d\s()/.-]{6,}\d|\b\d{3}[\s.-]\d{3}[\s.-]\d{4}\b")


class Content(NamedTuple):
    """One bad answer: who gave it (None: nobody known), its words (None without), reasons, and attributes as text.

    `touchpoints` are what its customer lived through before it, None where that is not known.
    """

    customer: str | None
    text: str | None
    reasons: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    touchpoints: tuple[str, ...] | None = None


def spam_in(answers: Sequence[Content], usual_bad: float) -> str | None:
    """Why these bad answers look like spam, or None. `usual_bad` of them would have come anyway."""
    answers = answers[:TEXTS_MAX]
    n = len(answers)
    surge = n - usual_bad
    if n < LEAST or surge < LEAST:
        return None
    texts = [answer.text for answer in answers if answer.text]
    alike = most_alike(texts)
    if alike >= LEAST and alike >= PART * surge:
        return f"{alike} of {n} bad answers have nearly the same words"
    advertising = sum(1 for text in texts if _LINK.search(text) or _PHONE.search(text))
    if advertising >= LEAST and advertising >= PART * surge:
        return f"{advertising} of {n} bad answers hold links or telephone numbers"
    known = [answer.customer for answer in answers if answer.customer]
    if len(known) >= 2 * LEAST and len(known) >= PART * n and len(set(known)) <= CUSTOMERS_PART * len(known):
        return f"{len(known)} of {n} bad answers come from {len(set(known))} customers"
    return None


def most_alike(texts: Sequence[str]) -> int:
    """The size of the largest group of texts that are nearly the same as one of them."""
    prints = [pairs for text in texts if (pairs := _pairs(text))]
    largest = 0
    for one, count in Counter(prints).most_common(LEAST * 4):  # the most frequent wordings lead the groups
        group = sum(1 for other in prints if _similarity(one, other) >= ALIKE)
        largest = max(largest, group, count)
    return largest


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    words = [word for word in _WORD.findall(text.casefold()) if not word.isdigit()]
    return frozenset(pairwise(words)) if len(words) >= WORDS_MIN else frozenset()


def _similarity(one: frozenset[tuple[str, str]], other: frozenset[tuple[str, str]]) -> float:
    return len(one & other) / len(one | other)
