"""/wall: one screen for the room, read from five metres; nothing to click, complete without script."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response

from alerting.queue import count_queue
from dashboards import words
from dashboards.alert_readings import read_incidents
from dashboards.pages.overview import DEFAULT_WINDOW, main_score, other_scores, read_choice
from dashboards.pages.render import Pages
from dashboards.places import build_table, leaf_rows
from streams.scales import scale_named

INCIDENTS_MAX = 4  # on one screen; how many more there are is said
OTHERS_MAX = 3


async def wall(request: Request[Any, Any, Any], pages: Pages) -> Response[str]:
    """The page. ?kiosk is what a bookmark on a screen says; it hides nothing."""
    desk, context = pages.desk, pages.context
    rows = await desk.windows((DEFAULT_WINDOW,))
    choice = read_choice({}, context.kpi, rows)
    here = leaf_rows(rows, choice.metric, choice.kind)
    usual = leaf_rows(await desk.usual(DEFAULT_WINDOW, choice.metric), choice.metric, choice.kind)
    incidents = await desk.shared("open incidents", partial(read_incidents, open_only=True))
    now_ms, settings = context.clock.now_ms(), pages.acting.settings
    counts = await desk.shared("queue counts", lambda conn: count_queue(conn, now_ms, settings))
    real = sorted(
        (line for line in incidents if not line.spam),
        key=lambda line: (line.acknowledged_ms is not None, -line.since_ms),
    )
    return await pages.answer(
        request,
        "wall.html",
        "wall",
        stream="/api/v1/stream?" + urlencode({"window": DEFAULT_WINDOW}),
        choice=choice,
        main=main_score(choice, here, usual),
        others=[row for row in other_scores(rows, choice) if row.score is not None][:OTHERS_MAX],
        table=build_table(
            context.measure,
            scale_named(choice.metric),
            now=here,
            usual=usual,
            hours=await desk.hours(),
            incidents=incidents,
        ),
        incidents=real[:INCIDENTS_MAX],
        more=len(real) - len(real[:INCIDENTS_MAX]),
        open_incidents=len(real),
        spam=sum(line.spam for line in incidents),
        counts=counts,
        on_time=pages.share(counts.on_time, counts.due_today),
        now_ms=now_ms,
        window=words.WINDOW_LABELS[DEFAULT_WINDOW],
        min_n=context.measure.min_n,
    )
