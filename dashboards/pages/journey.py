"""/journey: the CX score by stage and channel, the weakest link, and what the way costs customers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from litestar import Request, Response

from dashboards.alert_readings import read_incidents
from dashboards.journey_readings import WINDOW_DAYS, read_journey
from dashboards.pages.journey_rows import blind_spots, cell_of, channel_names, read_stages, stage_names
from dashboards.pages.render import Pages
from dashboards.pages.stage_chart import stage_chart

DAYS: Mapping[str, int] = {"1d": 1, "7d": WINDOW_DAYS, "30d": 30}


async def journey_page(request: Request[Any, Any, Any], pages: Pages) -> Response[str]:
    """The page."""
    desk, measure = pages.desk, pages.context.measure
    asked = str(request.query_params.get("window", ""))
    window = asked if asked in DAYS else "7d"
    board = await read_journey(desk, DAYS[window])
    lines = await desk.shared("open incidents", partial(read_incidents, open_only=True))
    incidents = {line.segment: line.number for line in lines if line.open and not line.spam}
    alive = {(hour.channel, hour.stage) for hour in await desk.hours()}
    names, channels = stage_names(measure.stages, board), channel_names(measure.channels, board)
    stages = read_stages(board, names)
    scores = board.journeys.scores
    return await pages.answer(
        request,
        "journey.html",
        "journey",
        stream="/api/v1/stream?window=7d",
        window=window,
        windows=tuple(DAYS),
        days=board.days,
        journeys=board.journeys,
        overall=scores.overall,
        weakest=next((stage for stage in stages if stage.name == scores.weakest), None),
        stages=stages,
        rows=[(channel, [cell_of(board, (channel, name), alive, incidents) for name in names]) for channel in channels],
        chart=stage_chart(names, [stage.score for stage in stages], scores.weakest),
        blind=blind_spots(board, measure.channels, measure.stages),
        silent=pages.share(board.journeys.silent, board.journeys.customers),
        hidden=pages.share(board.journeys.hidden, board.journeys.answered),
        min_n=measure.min_n,
        minutes=lambda seconds: int(seconds * 1_000),
    )
