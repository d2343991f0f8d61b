"""/wall: one screen for the room, read from five metres; nothing to click, complete without script."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response

from alerting.queue import count_queue
from dashboards import words
from dashboards.pages.overview import DEFAULT_WINDOW, main_score, other_scores, read_board
from dashboards.pages.render import Pages

INCIDENTS_MAX = 4  # on one screen; how many more there are is said
OTHERS_MAX = 3


async def wall(request: Request[Any, Any, Any], pages: Pages) -> Response[str]:
    """The page. ?kiosk is what a bookmark on a screen says; it hides nothing."""
    desk, context = pages.desk, pages.context
    board = await read_board(pages, DEFAULT_WINDOW, {})
    choice, incidents = board.choice, board.incidents
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
        main=main_score(choice, board.here, board.usual),
        others=[row for row in other_scores(board.rows, choice) if row.score is not None][:OTHERS_MAX],
        table=board.table,
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
