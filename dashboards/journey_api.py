"""GET /api/v1/journey: the CX score by stage, from what customers lived through rather than what they were asked."""

from __future__ import annotations

from typing import Any

from litestar import Request, Router, get
from litestar.exceptions import HTTPException
from msgspec import Struct

from dashboards.context import DashboardContext
from dashboards.journey_readings import WINDOW_DAYS, read_journey
from dashboards.problems import BadParameter, bad_parameter_response, http_problem_response
from dashboards.readings import Desk
from dashboards.window_filter import single_values
from streams.cxscore import CxScore


class ScoreRow(Struct, frozen=True):
    """Mean of customers' grade sums with its 95 % interval; null where too few customers were met."""

    stage: str | None
    n: int
    score: float | None
    low: float | None
    high: float | None
    verdict: str | None


class JourneyAnswer(Struct, frozen=True):
    """The journey in order of the settings' stages; `weakest` is the stage with the lowest score."""

    window_days: int
    overall: ScoreRow
    stages: list[ScoreRow]
    weakest: str | None


def journey_router(context: DashboardContext, desk: Desk) -> Router:
    """The route, behind the context's guards."""

    @get("/api/v1/journey", summary="CX score by stage, over 7 days", tags=["read"])
    async def journey(request: Request[Any, Any, Any]) -> JourneyAnswer:
        single_values(request, ())
        found = (await read_journey(desk)).journeys.scores
        known = [stage for stage in context.measure.stages if stage in found.stages]
        others = [stage for stage in found.stages if stage not in known]
        rows = [_row(stage, found.stages[stage]) for stage in [*known, *others]]
        return JourneyAnswer(WINDOW_DAYS, _row(None, found.overall), rows, found.weakest)

    return Router(
        path="/",
        route_handlers=[journey],
        guards=list(context.guards),
        exception_handlers={BadParameter: bad_parameter_response, HTTPException: http_problem_response},
    )


def _row(stage: str | None, score: CxScore) -> ScoreRow:
    return ScoreRow(stage, score.n, score.mean, score.low, score.high, score.verdict)
