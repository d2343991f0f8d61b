"""Buttons over Socket Mode: Slack's clicks come through a WebSocket that we open, so no public address is needed.

slack_sdk's client keeps the connection; clicks made while there is none are lost by Slack, which is why every action
is also on the web pages. Whatever stands in the way is kept among the troubles, for people to see.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Engine

from alerting import troubles
from alerting.buttons import Buttons
from alerting.clicks import read_click
from streams.clock import Clock
from streams.store.dialect import UNAVAILABLE, failure_name

BUTTONS = "buttons"  # the target of these troubles
LOOK_EVERY_S = 5.0
TRY_AGAIN_MAX_S = 60.0
_ADVICE = "set SLACK_APP_TOKEN to an app-level token (xapp-) with connections:write, and turn on Socket Mode in the app"

log = structlog.get_logger()
# The client's own lines hold addresses with tickets in them; ours say the same without.
_silent = logging.getLogger("alerting.slack_socket")
_silent.setLevel(logging.CRITICAL + 1)


class SocketMode:
    """Listens until stopped. `ping_s` is how often the connection is tried."""

    def __init__(
        self, engine: Engine, buttons: Buttons, real: Clock, app_token: str, base_url: str, ping_s: float = 10.0
    ) -> None:
        self._engine = engine
        self._buttons = buttons
        self._real = real
        self._app_token = app_token
        self._base_url = base_url
        self._ping_s = ping_s
        self._troubled: bool | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Connect, answer clicks, and connect again whenever Slack asks for it."""
        web = AsyncWebClient(base_url=self._base_url, timeout=10, retry_handlers=[], logger=_silent)
        client = SocketModeClient(self._app_token, logger=_silent, web_client=web, ping_interval=self._ping_s)
        client.socket_mode_request_listeners.append(self._answer)
        try:
            if await self._connect(client, stop):
                await self._watch(client, stop)
        finally:
            await client.close()  # type: ignore[no-untyped-call]  # slack_sdk has no types there

    async def _connect(self, client: SocketModeClient, stop: asyncio.Event) -> bool:
        """Get an address and connect to it; False when stopped before. A wrong token is tried again each minute."""
        wait_s = 1.0
        while not stop.is_set():
            try:
                client.wss_uri = await client.issue_new_wss_url()
            except SlackApiError as error:
                await self._trouble(f"{error.response['error']}: {_ADVICE}")
            except (OSError, TimeoutError) as error:
                await self._trouble(f"Slack could not be reached for buttons ({type(error).__name__})")
            else:
                await client.connect()  # type: ignore[no-untyped-call]
                return True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait_s)
            wait_s = min(TRY_AGAIN_MAX_S, 2 * wait_s)
        return False

    async def _watch(self, client: SocketModeClient, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if await client.is_connected():
                await self._trouble(None)
            else:
                await self._trouble("Slack's connection for buttons is gone, it is tried again: use the web pages")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)

    async def _answer(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """Confirm first, within Slack's three seconds; then do it and say so."""
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        if request.type != "interactive":
            return
        try:
            click = read_click(request.payload)
        except ValueError as error:
            log.warning("a click could not be read", reason=str(error))
            return
        if click is None:
            return
        try:
            answered = await self._buttons.press(click)
        except UNAVAILABLE as error:
            log.warning("a click was not done: the database is away", error=failure_name(error))
            return
        await self._buttons.tell(click, answered)

    async def _trouble(self, reason: str | None) -> None:
        """Keep what is in the way, once; take it back when it is over."""
        if self._troubled == (reason is not None) and reason is None:
            return
        self._troubled = reason is not None

        def write() -> None:
            with self._engine.begin() as conn:
                if reason is None:
                    troubles.over_at(conn, "slack", BUTTONS)
                else:
                    troubles.note(conn, "slack", BUTTONS, reason, self._real.now_ms())

        try:
            await asyncio.to_thread(write)
        except UNAVAILABLE as error:
            self._troubled = None
            log.warning("a trouble was not kept", error=failure_name(error))
