"""/queue: whom to contact next and why; every filter in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response

from dashboards.pages.render import HEADERS, Pages
from dashboards.queue_readings import ROWS, VIEWS, Asked, QueueView, Row, export_queue, read_queue_view

TEXT_MAX = 128
PAGE_MAX = 400
BAR = 110  # units of the view box for 100 points
PARTS = ("severity", "value", "repeats", "time")


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a priority as a piece of its bar."""

    name: str
    x: float
    width: float


def read_asked(query: Mapping[str, str]) -> Asked:
    """The filters of an address; what makes no sense counts as not given."""

    def whole(name: str, most: int) -> int | None:
        text = query.get(name, "").removeprefix("#")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= most else None

    view = query.get("view", "")
    return Asked(
        view=view if view in VIEWS else VIEWS[0],
        incident=whole("incident", 2**31 - 1),
        **{name: query.get(name, "").strip()[:TEXT_MAX] for name in ("channel", "stage", "tier", "customer")},
        silent=query.get("silent") == "1",
        page=whole("page", PAGE_MAX) or 1,
    )


def address(asked: Asked, **changes: Any) -> str:
    """The address of the list with something else chosen; what is as usual is left out."""
    usual = asdict(Asked())
    wanted = asdict(asked) | {"page": 1} | changes
    kept = {name: "1" if value is True else value for name, value in wanted.items() if value != usual[name]}
    return "/queue" + (f"?{urlencode(kept)}" if kept else "")


def pieces(row: Row) -> list[Piece]:
    """The parts of a priority one after the other, with a gap between them."""
    drawn, x = [], 0.0
    for name in PARTS:
        width = getattr(row.priority, name) * BAR / 100
        if width > 0:
            drawn.append(Piece(name, round(x, 1), round(max(0.5, width - 1), 1)))
        x += width
    return drawn


def selected(view: QueueView, me: str) -> int | None:
    """The case to do next: the first that nobody else has."""
    return next((row.case.case_id for row in view.rows if row.case.claimed_by in (None, me)), None)


async def queue_file(request: Request[Any, Any, Any], pages: Pages) -> Response[str]:
    """The list as a file for a spreadsheet: the same filters, all of its pages."""
    asked = read_asked({name: str(value) for name, value in request.query_params.items()})
    me, now_ms, settings = pages.acting.actor(request), pages.context.clock.now_ms(), pages.acting.settings
    text = await pages.desk.read(lambda conn: export_queue(conn, asked, me, now_ms, settings))
    attached = {"Content-Disposition": 'attachment; filename="cases.csv"'}
    return Response(text, media_type="text/csv", headers={**HEADERS, **attached})


async def queue_page(request: Request[Any, Any, Any], pages: Pages) -> Response[str]:
    """The page."""
    asked = read_asked({name: str(value) for name, value in request.query_params.items()})
    me, now_ms, settings = pages.acting.actor(request), pages.context.clock.now_ms(), pages.acting.settings
    view = await pages.desk.shared(
        ("queue", asked, me), lambda conn: read_queue_view(conn, asked, me, now_ms, settings)
    )
    return await pages.answer(
        request,
        "queue.html",
        "queue",
        view=view,
        asked=asked,
        address=lambda **changes: address(asked, **changes),
        here=address(asked, page=asked.page),
        file="/queue.csv" + address(asked).removeprefix("/queue"),
        pieces=pieces,
        first=selected(view, me),
        me=me,
        rows_a_page=ROWS,
        now_ms=now_ms,
        channels=pages.context.measure.channels,
        stages=pages.context.measure.stages,
        on_time=pages.share(view.counts.on_time, view.counts.due_today),
    )
