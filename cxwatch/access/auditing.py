"""Notes who changed what over HTTP: one line a request that was not only reading."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from litestar import Request
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from cxwatch.access.audit import AuditLine, note
from cxwatch.access.callers import address_of, caller_of
from cxwatch.access.guards import SAFE
from cxwatch.settings.records import WebSettings
from streams.clock import SystemClock
from streams.store.dialect import failure_name

NOT_NOTED = frozenset({"/api/v1/events", "/sign-out"})  # events are in the log; signing out notes itself
log = structlog.get_logger()


class Auditing:
    """An ASGI middleware. What nobody's name stands behind (no guard let it in) is not noted: it changed nothing."""

    def __init__(self, engine: Engine, web: WebSettings) -> None:
        self._engine = engine
        self._web = web

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """The application, with a line written after each change."""

        async def noted(scope: Scope, receive: Receive, send: Send) -> None:
            if str(scope["type"]) != "http" or scope["path"] in NOT_NOTED or str(dict(scope)["method"]) in SAFE:
                await app(scope, receive, send)
                return
            status = 0

            async def watched(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await app(scope, receive, watched)
            finally:
                await self._note(Request(scope), status)

        return noted

    async def _note(self, request: Request[Any, Any, Any], status: int) -> None:
        caller = caller_of(request)
        if caller is None:
            return
        actor = caller.name if caller.how in ("session", "proxy") else f"{caller.how}: {caller.name}"
        what = f"{request.method} {request.url.path}"
        line = AuditLine(
            SystemClock().now_ms(), actor, what, str(status or "cut short"), address_of(request, self._web)
        )
        try:
            await asyncio.to_thread(self._write, line)
        except SQLAlchemyError as error:
            log.critical("an audit line is lost", error=failure_name(error), status=status)

    def _write(self, line: AuditLine) -> None:
        with self._engine.begin() as conn:
            note(conn, line)
