"""GET /api/v1/windows: current windows, or with from and to those of the past; JSON, CSV or Parquet, unrounded."""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, Router, get
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter, QueryParameter
from sqlalchemy import Connection

from dashboards.context import DashboardContext
from dashboards.problems import BadParameter, bad_parameter_response, http_problem_response
from dashboards.readings import Desk
from dashboards.window_files import NoParquet, csv_text, parquet_bytes
from dashboards.window_filter import (
    WINDOW_NAMES,
    Filter,
    decode_cursor,
    encode_cursor,
    read_filter,
    read_limit,
    single_values,
)
from dashboards.window_history import HistoryPage, Span, read_page, read_span
from dashboards.window_rows import WindowPage, page_of, window_row

PARAMETERS = (
    "window",
    "metric",
    "channel",
    "stage",
    "survey_kind",
    "limit",
    "cursor",
    "from",
    "to",
    "format",
)
MEDIA_TYPES = {"json": "application/json", "csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
FORMATS = tuple(MEDIA_TYPES)


class NotInstalled(HTTPException):
    """What was asked for needs a package that this server does not have."""

    status_code = 501


def read_format(query: dict[str, str]) -> str:
    """json, unless another one is asked for."""
    wanted = query.get("format", "json")
    if wanted not in FORMATS:
        raise BadParameter("format", wanted, "must be one of the formats", FORMATS)
    return wanted


def encoded(page: WindowPage, wanted: str) -> bytes:
    """The page as asked for. Raises NotInstalled."""
    if wanted == "json":
        return msgspec.json.encode(page)
    if wanted == "csv":
        return csv_text(page.items).encode()
    try:
        return parquet_bytes(page.items)
    except NoParquet as error:
        raise NotInstalled(f"on the server, {error}") from error


def answered(request: Request[Any, Any, Any], page: WindowPage, wanted: str, body: bytes) -> Response[bytes]:
    """The page, with its tag; 304 to a client that has it already. A next page is in the header Link."""
    tag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if page.next is not None:
        query = {name: value for name, value in request.query_params.items() if name != "cursor"}
        headers["Link"] = f'<{request.url.path}?{urlencode({**query, "cursor": page.next})}>; rel="next"'
    given = {one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")}
    if tag in given or "*" in given:
        return Response(b"", status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=MEDIA_TYPES[wanted])


def windows_router(context: DashboardContext, desk: Desk) -> Router:
    """The route, behind the context's guards."""

    def past(span: Span, wanted: Filter, query: dict[str, str], conn: Connection) -> HistoryPage:
        return read_page(
            conn,
            span,
            wanted,
            limit=read_limit(query),
            after=decode_cursor(query["cursor"]) if "cursor" in query else None,
            min_n=context.measure.min_n,
            closed_to=context.closed_to(conn),
        )

    async def page(query: dict[str, str]) -> WindowPage:
        wanted = read_filter(query, context.measure)
        span = read_span(query, wanted, context.measure, context.clock.now_ms())
        if span is not None:
            found = await desk.read(partial(past, span, wanted, query))
            more = None if found.after is None else encode_cursor(found.after)
            return WindowPage([window_row(row) for row in found.rows], more)
        size = read_limit(query)
        after = decode_cursor(query["cursor"]) if "cursor" in query else None
        rows = await desk.windows(WINDOW_NAMES if wanted.window is None else (wanted.window,))
        return page_of([row for row in rows if wanted.admits(row)], size, after)

    @get(
        "/api/v1/windows",
        summary="Windows, current or past",
        tags=["read"],
        responses={
            200: ResponseSpec(
                WindowPage, description="A page of windows; with format=csv or parquet the same as a file"
            )
        },
    )
    async def windows(
        request: Request[Any, Any, Any],
        *,
        window: Annotated[str | None, Parameter(description="15m, 1h, 24h or 7d; left out: all")] = None,
        metric: Annotated[str | None, Parameter(description="nps, csat, ces, stars, thumbs ...")] = None,
        channel: Annotated[str | None, Parameter(description="a channel of the settings, or other")] = None,
        stage: Annotated[str | None, Parameter(description="a stage of the settings, or other")] = None,
        survey_kind: Annotated[str | None, Parameter(description="hot or cold")] = None,
        limit: Annotated[str | None, Parameter(description="rows a page, 1 to 1000; 200 if left out")] = None,
        cursor: Annotated[str | None, Parameter(description="`next` of the page before")] = None,
        from_: Annotated[
            str | None, QueryParameter(name="from", description="past windows that end after this time; needs window")
        ] = None,
        to: Annotated[str | None, Parameter(description="the last end of past windows; left out: now")] = None,
        format_: Annotated[str | None, QueryParameter(name="format", description="json, csv or parquet")] = None,
    ) -> Response[bytes]:
        del window, metric, channel, stage, survey_kind, limit, cursor, from_, to, format_  # for OpenAPI, read below
        query = single_values(request, PARAMETERS)
        wanted = read_format(query)
        found = await page(query)
        return answered(request, found, wanted, await asyncio.to_thread(encoded, found, wanted))

    return Router(
        path="/",
        route_handlers=[windows],
        guards=list(context.guards),
        exception_handlers={BadParameter: bad_parameter_response, HTTPException: http_problem_response},
    )
