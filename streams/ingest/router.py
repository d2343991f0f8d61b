"""POST /api/v1/events."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from litestar import Request, Response, Router, post
from litestar.exceptions import HTTPException
from litestar.types import Guard
from sqlalchemy import Engine

from streams.clock import Clock
from streams.decode import Decoder
from streams.ingest.body import BodyReader
from streams.ingest.contract import ANSWERS, DESCRIPTION, IngestOperation
from streams.ingest.intake import Intake
from streams.ingest.pressure import Behind, InFlight, client_of
from streams.ingest.problems import Accepted, NotTaken, http_response, not_taken_response
from streams.ingest.split import media_type_of
from streams.logs.protocol import Log


def ingest_router(
    log: Log,
    decoder: Decoder,
    clock: Clock,
    engine: Engine,
    guards: Sequence[Guard],
    is_behind: Callable[[], bool],
    monotonic: Callable[[], float] = time.monotonic,
) -> Router:
    """The route that takes events in. `is_behind` may block: it is asked in a thread, some times a second."""
    intake = Intake(log, decoder, clock, engine)
    behind = Behind(is_behind, monotonic)
    in_flight = InFlight()
    reader = BodyReader()

    @post(
        "/events",
        status_code=202,
        summary="Send events",
        description=DESCRIPTION,
        response_description="What was accepted is durable in the log; `refused` names what was not accepted and why",
        responses=ANSWERS,
        operation_class=IngestOperation,
        request_max_body_size=None,  # the reader has bounds of its own, and says what to do
    )
    async def send_events(request: Request[Any, Any, Any]) -> Response[Accepted]:
        with in_flight.request(client_of(request)) as held:
            await behind.check()
            body = await reader.read(request, held)
            return Response(await intake.take(body, media_type_of(request.headers.get("content-type", ""))))

    return Router(
        path="/api/v1",
        route_handlers=[send_events],
        guards=list(guards),
        exception_handlers={NotTaken: not_taken_response, HTTPException: http_response},
        tags=["events"],
    )
