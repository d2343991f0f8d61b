"""A small picture of one score: its interval and its usual on the whole scale. Geometry only; colour is by class."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards import words
from dashboards.beyond_chance import Verdict
from streams.records import WindowSnapshot

WIDTH = 560
MARGIN = 30


@dataclass(frozen=True, slots=True)
class Ruler:
    """Positions in the picture's own units, 560 wide."""

    verdict: str
    from_x: float
    to_x: float
    band_x: float
    band_width: float
    dot_x: float
    usual_x: float | None
    usual: str
    target_x: float | None
    target: str
    low_label: str
    high_label: str


def ruler(
    metric: str,
    now: WindowSnapshot,
    usual: WindowSnapshot | None,
    verdict: Verdict | None,
    target: float | None = None,
) -> Ruler | None:
    """The picture, None under the smallest n. `target` is where the company wants the score to be."""
    if now.score is None or now.low is None or now.high is None:
        return None
    least = -100.0 if words.is_signed(metric) else 0.0

    def x(value: float) -> float:
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (value - least) / (100.0 - least), 1)

    before = None if usual is None else usual.score
    return Ruler(
        verdict=verdict or "usual",
        from_x=x(least),
        to_x=x(100.0),
        band_x=x(now.low),
        band_width=round(x(now.high) - x(now.low), 1),
        dot_x=x(now.score),
        usual_x=None if before is None else x(before),
        usual="" if before is None else words.score(metric, before),
        target_x=None if target is None else x(max(least, min(100.0, target))),
        target="" if target is None else words.score(metric, target),
        low_label=words.score(metric, least),
        high_label=words.score(metric, 100.0),
    )
