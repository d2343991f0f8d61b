"""The CX score stage by stage as a drawing: a step a stage, its interval as a bar, the weakest link in a frame."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from streams.cxscore import CxScore

WIDTH, TOP, BOTTOM = 1480, 34, 300
LEFT = 178
FRAME_TOP, FRAME_BOTTOM = 6, 322


@dataclass(frozen=True, slots=True)
class Step:
    """One stage with a score. All in units of the view box."""

    stage: str
    score: CxScore
    from_x: float
    to_x: float
    x: float
    y: float
    low_y: float
    high_y: float


@dataclass(frozen=True, slots=True)
class StageChart:
    """The drawing. `ticks` are (y, value); `joins` lead from one step to the next."""

    width: int
    height: int
    zero_y: float
    ticks: tuple[tuple[float, int], ...]
    steps: tuple[Step, ...]
    joins: tuple[tuple[float, float, float, float], ...]
    frame: tuple[float, float] | None  # x and width around the weakest link


def stage_chart(stages: Sequence[str], scores: Sequence[CxScore | None], weakest: str | None) -> StageChart | None:
    """The drawing of these stages in order; None where none of them has a score."""
    known = [score for score in scores if score is not None and score.mean is not None]
    if not known:
        return None
    reach = max(abs(bound) for score in known for bound in (score.low or 0.0, score.high or 0.0, score.mean or 0.0))
    most = _even(reach)
    column = (WIDTH - LEFT) / len(stages)

    def y_of(value: float) -> float:
        return round(TOP + (BOTTOM - TOP) * (most - value) / (2 * most), 1)

    steps = []
    frame = None
    for place, (stage, score) in enumerate(zip(stages, scores, strict=True)):
        start = LEFT + place * column
        if stage == weakest:
            frame = (round(start + 1, 1), round(column - 2, 1))
        if score is None or score.mean is None or score.low is None or score.high is None:
            continue
        steps.append(
            Step(
                stage,
                score,
                round(start + 8, 1),
                round(start + column - 8, 1),
                round(start + column * 0.48, 1),
                y_of(score.mean),
                y_of(score.low),
                y_of(score.high),
            )
        )
    return StageChart(
        WIDTH,
        FRAME_BOTTOM + 6,
        y_of(0),
        tuple((y_of(value), value) for value in range(-most, most + 1, max(1, most // 2))),
        tuple(steps),
        tuple((one.to_x, one.y, other.from_x, other.y) for one, other in itertools.pairwise(steps)),
        frame,
    )


def _even(reach: float) -> int:
    """Half the height of the axis, an even whole number."""
    return max(2, 2 * -int(-reach // 2))
