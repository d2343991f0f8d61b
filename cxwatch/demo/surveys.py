"""The shop's surveys: which is asked where, and what score a pleased or disappointed customer gives."""

from __future__ import annotations

from random import Random
from typing import Literal, NamedTuple

Mood = Literal["bad", "neutral", "good"]


class Survey(NamedTuple):
    """One questionnaire: its name in the settings, the metric it asks, and how many of those asked write a comment."""

    name: str
    metric: str


# stage -> surveys with their share; relationship questions are cold, all others hot (see settings.py)
ASKED: dict[str, tuple[tuple[Survey, float], ...]] = {
    "discover": ((Survey("page_helpful", "thumbs"), 1.0),),
    "buy": ((Survey("after_checkout", "ces"), 0.55), (Survey("after_checkout", "csat"), 0.45)),
    "deliver": ((Survey("after_delivery", "nps"), 0.55), (Survey("after_delivery", "csat"), 0.45)),
    "use": (
        (Survey("product_review", "stars"), 0.5),
        (Survey("relationship", "nps"), 0.4),
        (Survey("relationship", "csat"), 0.1),
    ),
    "support": ((Survey("after_contact", "csat"), 0.7), (Survey("after_contact", "ces"), 0.3)),
    "return": ((Survey("after_return", "ces"), 0.6), (Survey("after_return", "csat"), 0.4)),
}
_SCORES: dict[str, dict[Mood, tuple[int, ...]]] = {  # a score named twice is twice as likely
    "nps": {"bad": (0, 1, 2, 3, 4, 5, 5, 6, 6, 6), "neutral": (7, 8, 8), "good": (9, 9, 10, 10, 10)},
    "csat": {"bad": (1, 1, 2), "neutral": (3,), "good": (4, 4, 5, 5, 5)},
    "ces": {"bad": (1, 2, 3, 3), "neutral": (4,), "good": (5, 6, 6, 7, 7)},
    "stars": {"bad": (1, 1, 1, 2), "neutral": (3,), "good": (4, 5, 5, 5)},
    "thumbs": {"bad": (0,), "neutral": (1,), "good": (1,)},
}
_FURIOUS: dict[str, tuple[int, ...]] = {"nps": (0, 0, 1, 2, 3), "csat": (1, 1, 1, 2), "ces": (1, 1, 2)}


def mood(rng: Random, lived_through_bad: bool) -> Mood:
    """How somebody answers: what just went wrong decides most of it, the rest is people."""
    bad = 0.72 if lived_through_bad else 0.15
    at = rng.random()
    if at < bad:
        return "bad"
    return "neutral" if at < bad + 0.17 else "good"


def score(rng: Random, metric: str, felt: Mood, furious: bool = False) -> int:
    """A point on the metric's own scale; furious people, as in an incident, use its lowest end."""
    if furious and felt == "bad" and metric in _FURIOUS:
        return rng.choice(_FURIOUS[metric])
    return rng.choice(_SCORES[metric][felt])
