"""/wall: one screen for the room, read from five metres; nothing to click, complete without script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response

from alerting.queue import count_queue, longest_due_ms
from dashboards import words
from dashboards.journey_readings import read_journey
from dashboards.pages.overview import DEFAULT_WINDOW, Choice, other_scores, read_board
from dashboards.pages.render import Pages
from streams.records import WindowSnapshot

INCIDENTS_MAX = 4  # on one screen; how many more there are is said
OTHERS_MAX = 3


def others_shown(rows: Sequence[WindowSnapshot], choice: Choice) -> list[WindowSnapshot]:
    """Other questions before the same one asked in another way, each once, as far as there is room."""
    scored = [row for row in rows if row.score is not None]
    scored.sort(key=lambda row: (row.metric == choice.metric, row.survey_kind != choice.kind))
    return list({row.metric: row for row in reversed(scored)}.values())[::-1][:OTHERS_MAX]


async def wall(request: Request[Any, Any, Any], pages: Pages) -> Response[str]:
    """The page. ?kiosk is what a bookmark on a screen says; it hides nothing."""
    desk, context = pages.desk, pages.context
    board = await read_board(pages, DEFAULT_WINDOW, {})
    choice, incidents = board.choice, board.incidents
    now_ms, settings = context.clock.now_ms(), pages.acting.settings
    counts = await desk.shared("queue counts", lambda conn: count_queue(conn, now_ms, settings))
    longest_ms = await desk.shared("longest overdue", lambda conn: longest_due_ms(conn, now_ms))
    journey = await read_journey(desk)
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
        main=board.main(context),
        others=others_shown(other_scores(board.rows, choice), choice),
        table=board.table,
        incidents=real[:INCIDENTS_MAX],
        more=len(real) - len(real[:INCIDENTS_MAX]),
        open_incidents=len(real),
        spam=sum(line.spam for line in incidents),
        counts=counts,
        longest_ms=longest_ms,
        cx=journey.journeys.scores.overall,
        on_time=pages.share(counts.on_time, counts.due_today),
        now_ms=now_ms,
        window=words.WINDOW_LABELS[DEFAULT_WINDOW],
        min_n=context.measure.min_n,
    )
