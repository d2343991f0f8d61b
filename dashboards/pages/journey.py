"""/journey: the CX score by stage, from what customers lived through; the weakest link is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response

from dashboards.journey_api import WINDOW_DAYS, read_scores, stages_of
from dashboards.pages.render import Pages
from streams.cxscore import CxScore

LEFT, RIGHT, TOP, BOTTOM = 60, 1_000, 40, 240
WIDEST = 2.0  # the scale reaches at least this far on both sides of 0


@dataclass(frozen=True, slots=True)
class Step:
    """One stage in the drawing; `score` has no mean where too few customers were met there."""

    stage: str
    score: CxScore
    x: float
    width: float
    y: float
    low_y: float
    high_y: float


def steps_of(scores: list[tuple[str, CxScore]]) -> tuple[list[Step], float]:
    """The stages from left to right, and how far the scale reaches. Every interval lies within it."""
    ends = [abs(end) for _, score in scores for end in (score.low, score.high) if end is not None]
    reach = max([WIDEST, *ends])

    def y(value: float | None) -> float:
        return round((TOP + BOTTOM) / 2 - (value or 0.0) * (BOTTOM - TOP) / 2 / reach, 1)

    width = (RIGHT - LEFT) / max(1, len(scores))
    steps = [
        Step(stage, score, round(LEFT + place * width, 1), round(width, 1), y(score.mean), y(score.low), y(score.high))
        for place, (stage, score) in enumerate(scores)
    ]
    return steps, reach


async def journey_page(request: Request[Any, Any, Any], pages: Pages) -> Response[str]:
    """The page."""
    found = await read_scores(pages.context, pages.desk)
    empty = CxScore(0, None, None, None, None)
    order = list(dict.fromkeys([*pages.context.measure.stages, *stages_of(found, pages.context.measure.stages)]))
    steps, reach = steps_of([(stage, found.stages.get(stage, empty)) for stage in order])
    return await pages.answer(
        request,
        "journey.html",
        "journey",
        steps=steps,
        reach=reach,
        overall=found.overall,
        weakest=found.weakest,
        weak=found.stages[found.weakest] if found.weakest is not None else None,
        days=WINDOW_DAYS,
        min_n=pages.context.measure.min_n,
    )
