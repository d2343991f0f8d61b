"""What is over-represented, as lines of the page: counts, both shares, and where dot, interval and bar stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from alerting.masking import mask
from alerting.text import clean
from detectors.chance import wilson
from detectors.records import Cause

NAME_MAX = 60
LEFT, WIDTH = 4, 252  # of the scale 0..100 % in the drawing, which is 260 wide

Group = Literal["reason", "word", "touchpoint", "attribute"]
ORDER: tuple[Group, ...] = ("reason", "word", "touchpoint", "attribute")


@dataclass(frozen=True, slots=True)
class CauseLine:
    """One cause. Shares are 0..1; `about` names the attribute, empty for the other groups."""

    name: str
    about: str
    bad: int
    bad_of: int
    usual: int
    usual_of: int
    share: float
    low: float
    high: float
    usual_share: float
    times: float | None

    @property
    def dot_x(self) -> float:
        """Of the share now."""
        return _x(self.share)

    @property
    def low_x(self) -> float:
        """Of the interval's low end."""
        return _x(self.low)

    @property
    def high_x(self) -> float:
        """Of its high end."""
        return _x(self.high)

    @property
    def usual_x(self) -> float:
        """Of the usual share."""
        return _x(self.usual_share)


def cause_groups(causes: Sequence[Cause]) -> list[tuple[Group, list[CauseLine]]]:
    """Reasons, words, what happened before, then attributes; within each as the causes are ordered."""
    keyed = sorted(((group_of(cause), cause) for cause in causes), key=lambda pair: ORDER.index(pair[0]))
    return [(group, [_line(one) for _, one in members]) for group, members in groupby(keyed, key=lambda pair: pair[0])]


def group_of(cause: Cause) -> Group:
    """Where a cause is listed."""
    if cause.kind == "reason":
        return "reason"
    if cause.kind == "word":
        return "word"
    return "touchpoint" if cause.kind == "touchpoint" else "attribute"


def _line(cause: Cause) -> CauseLine:
    low, high = wilson(cause.bad, cause.bad_of)
    attribute = group_of(cause) == "attribute"
    return CauseLine(
        name=_readable(cause.name),
        about=_readable(cause.kind) if attribute else "",
        bad=cause.bad,
        bad_of=cause.bad_of,
        usual=cause.usual,
        usual_of=cause.usual_of,
        share=cause.bad / cause.bad_of,
        low=low,
        high=high,
        usual_share=cause.usual / cause.usual_of if cause.usual_of else 0.0,
        times=cause.times_usual,
    )


def _readable(name: str) -> str:
    return clean(mask(name.replace("_", " ")), NAME_MAX)


def _x(share: float) -> float:
    return round(LEFT + WIDTH * share, 1)
