"""GET /api/v1/windows: the current windows, unrounded, one row a (segment, metric, survey kind, window)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get
from litestar.exceptions import HTTPException
from litestar.params import Parameter
from msgspec import Struct

from dashboards.context import DashboardContext
from dashboards.problems import BadParameter, bad_parameter_response, http_problem_response
from dashboards.readings import Desk
from streams.clock import rfc3339
from streams.records import WindowName, WindowSnapshot
from streams.scales import METRICS, ScaleError, scale_named
from streams.settings import OTHER, MeasureSettings

LIMIT_MAX = 1000
LIMIT_DEFAULT = 200
CURSOR_MAX = 512  # characters
WINDOW_NAMES: tuple[WindowName, ...] = ("15m", "1h", "24h", "7d")
PARAMETERS = ("window", "metric", "channel", "stage", "survey_kind", "limit", "cursor")

Position = tuple[int, str, str, str, str]


class Place(Struct, frozen=True):
    """A segment; null means all."""

    channel: str | None
    stage: str | None


class WindowRow(Struct, frozen=True):
    """A window as the API gives it."""

    segment: Place
    metric: str
    survey_kind: str
    window: WindowName
    start: str
    end: str
    final: bool
    n: int
    counts: dict[str, int]
    score: float | None
    low: float | None
    high: float | None


class WindowPage(Struct, frozen=True):
    """A page of rows; `next` is the cursor of the one after, null on the last."""

    items: list[WindowRow]
    next: str | None


class Filter(Struct, frozen=True):
    """Which windows are asked for; None leaves a name open."""

    window: WindowName | None = None
    metric: str | None = None
    channel: str | None = None
    stage: str | None = None
    survey_kind: str | None = None

    def admits(self, snapshot: WindowSnapshot) -> bool:
        """Whether a row belongs to the answer. A channel names its own row and its stages, not the rollups above."""
        return (
            self.window in (None, snapshot.window)
            and self.metric in (None, snapshot.metric)
            and self.channel in (None, snapshot.segment.channel)
            and self.stage in (None, snapshot.segment.stage)
            and self.survey_kind in (None, snapshot.survey_kind)
        )


def window_row(snapshot: WindowSnapshot) -> WindowRow:
    """A snapshot with times as text and counts as a JSON object."""
    return WindowRow(
        segment=Place(*snapshot.segment),
        metric=snapshot.metric,
        survey_kind=snapshot.survey_kind,
        window=snapshot.window,
        start=rfc3339(snapshot.start_ms),
        end=rfc3339(snapshot.end_ms),
        final=snapshot.final,
        n=snapshot.n,
        counts={str(point): n for point, n in sorted(snapshot.counts.items())},
        score=snapshot.score,
        low=snapshot.low,
        high=snapshot.high,
    )


def position(snapshot: WindowSnapshot) -> Position:
    """Where a row stands in the list: rollups before their parts, so that a page begins with the whole."""
    channel, stage = snapshot.segment
    return (WINDOW_NAMES.index(snapshot.window), snapshot.metric, snapshot.survey_kind, channel or "", stage or "")


def read_filter(query: Mapping[str, str], settings: MeasureSettings) -> Filter:
    """The filter of a query string, or BadParameter naming what would have been right."""
    window = query.get("window")
    if window is not None and window not in WINDOW_NAMES:
        raise BadParameter("window", window, "must be one of the windows kept", WINDOW_NAMES)
    kind = query.get("survey_kind")
    if kind is not None and kind not in ("hot", "cold"):
        raise BadParameter("survey_kind", kind, "must be hot or cold", ("hot", "cold"))
    for name, known in (("channel", settings.channels), ("stage", settings.stages)):
        value = query.get(name)
        if value is not None and value not in known and value != OTHER:
            raise BadParameter(name, value, f"must be a {name} of the settings", (*known, OTHER))
    metric = query.get("metric")
    if metric is not None:
        try:
            scale_named(metric)
        except ScaleError as error:
            rule = "must be a metric, or the scale of a survey such as ces1 or csat_1_7"
            raise BadParameter("metric", metric, rule, METRICS) from error
    return Filter(window, metric, query.get("channel"), query.get("stage"), kind)


def read_limit(query: Mapping[str, str]) -> int:
    """The page size asked for."""
    text = query.get("limit", str(LIMIT_DEFAULT))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= LIMIT_MAX):
        raise BadParameter("limit", text, f"must be a whole number from 1 to {LIMIT_MAX}")
    return int(text)


def encode_cursor(after: Position) -> str:
    """An opaque text that stands for "after this row"."""
    return base64.urlsafe_b64encode(msgspec.json.encode(after)).decode().rstrip("=")


def decode_cursor(text: str) -> Position:
    """The row that a cursor stands for."""
    try:
        raw = base64.urlsafe_b64decode(text[:CURSOR_MAX] + "=" * (-len(text[:CURSOR_MAX]) % 4))
        found: Position = msgspec.json.decode(raw, type=Position)
    except (binascii.Error, msgspec.DecodeError, UnicodeError, ValueError) as error:
        raise BadParameter("cursor", text, "is not one that this API gave out; leave it out to start over") from error
    return found


def single_values(request: Request[Any, Any, Any], known: Sequence[str]) -> dict[str, str]:
    """The query string, each name once and none unknown, so that a typing error is not silently 'all'."""
    values: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise BadParameter(name[:64], str(value), "is not a parameter of this list", known)
        if name in values:
            raise BadParameter(name, str(value), "may be given once only")
        values[name] = str(value)
    return values


def page_of(rows: Sequence[WindowSnapshot], limit: int, after: Position | None) -> WindowPage:
    """One page of the rows, in their order."""
    ordered = sorted(rows, key=position)
    left = [row for row in ordered if after is None or position(row) > after]
    shown = left[:limit]
    more = encode_cursor(position(shown[-1])) if len(left) > limit else None
    return WindowPage([window_row(row) for row in shown], more)


def windows_router(context: DashboardContext, desk: Desk) -> Router:
    """The route, behind the context's guards."""

    @get("/api/v1/windows", summary="The current windows", tags=["read"])
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
    ) -> WindowPage:
        del window, metric, channel, stage, survey_kind, limit, cursor  # declared for OpenAPI, read below
        query = single_values(request, PARAMETERS)
        wanted = read_filter(query, context.measure)
        size = read_limit(query)
        after = decode_cursor(query["cursor"]) if "cursor" in query else None
        rows = await desk.windows(WINDOW_NAMES if wanted.window is None else (wanted.window,))
        return page_of([row for row in rows if wanted.admits(row)], size, after)

    return Router(
        path="/",
        route_handlers=[windows],
        guards=list(context.guards),
        exception_handlers={BadParameter: bad_parameter_response, HTTPException: http_problem_response},
    )
