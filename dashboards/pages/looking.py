"""What the overview shows beside its scores: who must be called, and where to look next."""

from __future__ import annotations

from typing import Any

from alerting.queue import count_queue
from dashboards.contact_effect import read_matrix
from dashboards.journey_readings import read_journey
from dashboards.pages.journey_rows import blind_spots, read_stages
from dashboards.pages.render import Pages


async def looking(pages: Pages) -> dict[str, Any]:
    """The facts of both cards."""
    desk, context = pages.desk, pages.context
    now_ms, settings, measure = context.clock.now_ms(), pages.acting.settings, context.measure
    counts = await desk.shared("queue counts", lambda conn: count_queue(conn, now_ms, settings))
    board = await read_journey(desk)
    found = board.journeys
    weakest = found.scores.weakest
    kept = [(stage.name, stage.promises.kept) for stage in read_stages(board, measure.stages) if stage.promises]
    matrix = await desk.seldom(("matrix",), lambda conn: read_matrix(conn, now_ms))
    return {
        "matrix": matrix,
        "turned": pages.share(matrix.turned.part, matrix.turned.whole),
        "turned_alone": pages.share(matrix.turned_alone.part, matrix.turned_alone.whole),
        "counts": counts,
        "on_time": pages.share(counts.on_time, counts.due_today),
        "cx": found.scores.overall,
        "weakest": weakest,
        "link": None if weakest is None else found.scores.stages[weakest],
        "silent": pages.share(found.silent, found.customers),
        "blind": blind_spots(board, measure.channels, measure.stages),
        "promises": min(kept, key=lambda one: one[1].value, default=None),
    }
