"""GET /api/v1/stream: server-sent events for pages and programs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.exceptions import HTTPException
from litestar.params import Parameter
from litestar.response import Stream

from dashboards.broadcast import Broadcaster
from dashboards.context import DashboardContext
from dashboards.problems import BadParameter, ProblemBody, bad_parameter_response, http_problem_response
from dashboards.window_filter import Filter, read_filter, single_values

PARAMETERS = ("window", "metric", "channel", "stage", "survey_kind")
RETRY_MS = 2_000
EVENT_ID_MAX = 64

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}


def stream_router(context: DashboardContext, broadcaster: Broadcaster) -> Router:
    """The route, behind the context's guards."""

    async def encoded(wanted: Filter, last_event_id: str | None) -> AsyncIterator[bytes]:
        yield f"retry: {RETRY_MS}\n\n".encode()
        async for event in broadcaster.listen(wanted, last_event_id):
            yield event.encode()

    @get(
        "/api/v1/stream",
        summary="Changes as they are committed: window, incident, case, beat",
        tags=["read"],
        media_type="text/event-stream",
    )
    async def stream(
        request: Request[Any, Any, Any],
        *,
        window: Annotated[str | None, Parameter(description="only windows of this length; left out: all")] = None,
        metric: Annotated[str | None, Parameter(description="only windows of this metric")] = None,
        channel: Annotated[str | None, Parameter(description="only windows of this channel")] = None,
        stage: Annotated[str | None, Parameter(description="only windows of this stage")] = None,
        survey_kind: Annotated[str | None, Parameter(description="only windows of this kind: hot or cold")] = None,
    ) -> Response[Any]:
        del window, metric, channel, stage, survey_kind  # declared for OpenAPI, read below
        wanted = read_filter(single_values(request, PARAMETERS), context.measure)
        if broadcaster.full:
            body = ProblemBody(
                title="Too many open streams",
                status=503,
                detail="This process has no place for another stream. Try again later, or read /api/v1/windows.",
            )
            return Response(body, status_code=503, media_type="application/problem+json", headers={"Retry-After": "10"})
        last_event_id = request.headers.get("Last-Event-ID", "")[:EVENT_ID_MAX] or None
        return Stream(encoded(wanted, last_event_id), media_type="text/event-stream", headers=HEADERS)

    return Router(
        path="/",
        route_handlers=[stream],
        guards=list(context.guards),
        exception_handlers={BadParameter: bad_parameter_response, HTTPException: http_problem_response},
    )
