"""Guards for Litestar's routes.

While nobody created a token, a server that only this machine can reach lets every request in whose Host is this
machine's: a page of another site that had its name point here (DNS rebinding) is turned away. Otherwise every request
needs a bearer token with the scope of its route. A server that others can reach is never open.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar.connection import ASGIConnection
from litestar.datastructures import Headers
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, Guard, Receive, Send
from litestar.types import Scope as AsgiScope
from sqlalchemy import Engine

from cxwatch.access.store import read_granted
from cxwatch.access.tokens import Granted, Scope, digest_of
from cxwatch.errors import CannotStart
from cxwatch.settings.records import WebSettings

KEPT_S = 1.0  # real time: a token that was revoked works no longer than that
TOKEN_MAX = 256
HERE = frozenset({"localhost", "127.0.0.1", "[::1]"})
ACTOR = "cxwatch_actor"
NOBODY_IN_PARTICULAR = "someone on this machine"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="cxwatch"'}


class Access:
    """The rules of one web server. Tokens are read from the database again at most once a second."""

    def __init__(self, engine: Engine, web: WebSettings, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._web = web
        self._monotonic = monotonic
        self._granted: dict[str, Granted] = {}
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        public = urlsplit(web.url)
        self._hosts = HERE | {public.netloc.lower(), (public.hostname or "").lower()}

    def check_bind(self) -> None:
        """Refuse to be reachable by others without a token. Raises CannotStart; blocks."""
        with self._engine.connect() as conn:
            if not self._web.loopback and not read_granted(conn):
                raise CannotStart(
                    f"[web] host = {self._web.host} lets others reach it, and nothing asks them who they are: run "
                    "`cxwatch token create NAME` first, or use host = 127.0.0.1"
                )

    def guard(self, scope: Scope) -> Guard:
        """A guard that lets in who has a scope."""

        async def allowed(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
            granted = await self._tokens()
            if self._open(granted):
                connection.state[ACTOR] = NOBODY_IN_PARTICULAR
                return
            bearer = granted.get(digest_of(_token(connection.headers)))
            if bearer is None:
                raise NotAuthorizedException(
                    detail="This needs a token: send the header Authorization: Bearer cxw_... "
                    "(cxwatch token create makes one).",
                    headers=CHALLENGE,
                )
            if scope not in bearer.scopes:
                raise PermissionDeniedException(
                    detail=f"This token may not do that: it lacks the scope {scope} "
                    f"(cxwatch token create NAME --scope {scope})."
                )
            connection.state[ACTOR] = bearer.name

        return allowed

    def actor(self, request: ASGIConnection[Any, Any, Any, Any]) -> str:
        """Who asks, as a guard found out: the token's name."""
        return str(request.state.get(ACTOR, NOBODY_IN_PARTICULAR))

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """While the server is open: turn away what another site's page sends here, before any route sees it."""

        async def checked(scope: AsgiScope, receive: Receive, send: Send) -> None:
            if str(scope["type"]) == "http" and self._open(await self._tokens()):
                why = self._foreign(Headers.from_scope(scope), str(dict(scope)["method"]))
                if why is not None:
                    await _refuse(send, why)
                    return
            await app(scope, receive, send)

        return checked

    def _open(self, granted: dict[str, Granted]) -> bool:
        return self._web.loopback and not granted

    def _foreign(self, headers: Headers, method: str) -> str | None:
        host = headers.get("host", "").lower()
        if host not in self._hosts and _without_port(host) not in self._hosts:
            return "Host must be localhost, 127.0.0.1, [::1] or that of [web] public_url"
        origin = headers.get("origin")
        if origin is not None and method not in ("GET", "HEAD", "OPTIONS"):
            sender = _host_of(origin)
            if sender is None or (sender != host and sender not in self._hosts):
                return "Another site's page may not change anything here"
        return None

    async def _tokens(self) -> dict[str, Granted]:
        async with self._reading:
            now = self._monotonic()
            if self._read_at is None or now - self._read_at >= KEPT_S:
                self._granted = await asyncio.to_thread(self._read)
                self._read_at = now
            return self._granted

    def _read(self) -> dict[str, Granted]:
        with self._engine.connect() as conn:
            return read_granted(conn)


def _token(headers: Headers) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip()[:TOKEN_MAX] if kind.lower() == "bearer" else ""


def _host_of(origin: str) -> str | None:
    """ "http://localhost:8000" -> "localhost:8000", None where there is none ("null")."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _without_port(host: str) -> str:
    """ "localhost:8000" -> "localhost", "[::1]:8000" -> "[::1]"."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


async def _refuse(send: Send, why: str) -> None:
    body = msgspec.json.encode({"type": "about:blank", "title": "Not from here", "status": 403, "detail": why})
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
