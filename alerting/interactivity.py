"""POST /slack/interactivity: buttons over signed HTTP. The signature is the only thing that lets a request in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import structlog
from litestar import Request, Response, Router, post
from litestar.background_tasks import BackgroundTask
from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier

from alerting.buttons import Buttons
from alerting.clicks import read_click
from alerting.settings import Secret
from streams.clock import Clock

BODY_MAX = 1024 * 1024  # a payload repeats the whole message
FIELDS_MAX = 10

log = structlog.get_logger()
Tell = Callable[[], Awaitable[None]]


class _Now(SlackClock):
    def __init__(self, real: Clock) -> None:
        self._real = real

    def now(self) -> float:
        return self._real.now_ms() / 1_000


def interactivity_router(buttons: Buttons, secret: Secret, real: Clock) -> Router:
    """The route; only made where a signing secret is set."""
    verifier = SignatureVerifier(secret.reveal(), _Now(real))

    @post("/slack/interactivity", status_code=200, include_in_schema=False, request_max_body_size=BODY_MAX)
    async def interactivity(request: Request[Any, Any, Any]) -> Response[str]:
        """Answered at once with an empty 200, as Slack wants within three seconds; words follow to whoever clicked."""
        body = await request.body()
        if not _signed(verifier, body, request.headers.get("x-slack-request-timestamp"), request):
            return Response("not signed by Slack", status_code=401, media_type="text/plain")
        try:
            fields = parse_qs(body.decode("utf-8"), max_num_fields=FIELDS_MAX, strict_parsing=True)
            click = read_click(fields["payload"][0])
        except (ValueError, KeyError):
            return Response("not an interaction", status_code=400, media_type="text/plain")
        if click is None:
            return Response("", media_type="text/plain")
        answered = await buttons.press(click)
        return Response("", media_type="text/plain", background=BackgroundTask(buttons.tell, click, answered))

    return Router(path="/", route_handlers=[interactivity])


def _signed(verifier: SignatureVerifier, body: bytes, timestamp: str | None, request: Request[Any, Any, Any]) -> bool:
    try:
        return verifier.is_valid(body, timestamp, request.headers.get("x-slack-signature"))
    except (ValueError, TypeError, OverflowError):  # a timestamp that is no time, a signature or body that is no text
        return False
