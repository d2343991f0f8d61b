"""Guards for Litestar's routes.

As long as nobody ever created a token or a user, or named a proxy, a server that only this machine can reach lets every
request in whose Host is this machine's: a page of another site that had its name point here (DNS rebinding) is turned
away. Otherwise every request must say who it comes from, with the scope of its route. A server that others can reach is
never open.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
import structlog
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Headers
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, Guard, Receive, Send
from litestar.types import Scope as AsgiScope
from sqlalchemy import Engine

from cxwatch.access.callers import CALLER, COOKIE, SECRET_MAX, Caller, bearer_of, caller_of, proxy_user
from cxwatch.access.people import ROLE_SCOPES
from cxwatch.access.store import read_granted
from cxwatch.access.tokens import SCOPES, Granted, Scope, digest_of
from cxwatch.access.users import any_user, anything_set_up, find_session, role_of, touch_session
from cxwatch.errors import CannotStart
from cxwatch.settings.records import WebSettings
from streams.clock import MINUTE_MS, Clock, SystemClock

KEPT_S = 1.0  # real time: what was revoked works no longer than that
KEPT_MAX = 1_000  # callers remembered for KEPT_S
SEEN_EVERY_MS = MINUTE_MS
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HERE = frozenset({"localhost", "127.0.0.1", "[::1]"})
CSRF_HEADER, CSRF_FIELD = "x-csrf-token", "csrf"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
OLD_FORM = "This form is too old or not ours: load the page again, then try again."
NOBODY_IN_PARTICULAR = "someone on this machine"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="cxwatch"'}
EVERYTHING: frozenset[Scope] = frozenset({*SCOPES, "admin"})
log = structlog.get_logger()


class _Known(NamedTuple):
    granted: dict[str, Granted]
    set_up: bool  # there is or was a user or a token


class Access:
    """The rules of one web server. Tokens and users are read from the database again at most once a second."""

    def __init__(
        self,
        engine: Engine,
        web: WebSettings,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Clock | None = None,
    ) -> None:
        self._engine = engine
        self._web = web
        self._monotonic = monotonic
        self._clock = clock or SystemClock()  # real time: a session knows no demo
        self._known = _Known({}, set_up=False)
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        self._callers: dict[str, tuple[float, Caller | None]] = {}
        public = urlsplit(web.url)
        self._hosts = HERE | {public.netloc.lower(), (public.hostname or "").lower()}

    def check_bind(self) -> None:
        """Refuse to be reachable by others while nothing asks who they are. Raises CannotStart; blocks."""
        if self._web.user_header is not None:
            return
        with self._engine.connect() as conn:
            anybody = bool(read_granted(conn)) or any_user(conn)
        if not self._web.loopback and not anybody:
            raise CannotStart(
                f"[web] host = {self._web.host} lets others reach it, and nothing asks them who they are: run "
                "`cxwatch user add NAME` or `cxwatch token create NAME` first, or use host = 127.0.0.1"
            )
        if not anybody and (urlsplit(self._web.url).hostname or "") not in HERE | {"::1"} and self._web.loopback:
            log.warning("open to whoever reaches it: run `cxwatch user add NAME`", public_url=self._web.url)

    def guard(self, scope: Scope) -> Guard:
        """A guard that lets in who has a scope."""

        async def allowed(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
            caller = await self.identify(connection)
            if caller is None:
                raise NotAuthorizedException(
                    detail="This needs a token: send the header Authorization: Bearer cxw_... "
                    "(cxwatch token create makes one), or sign in at /sign-in.",
                    headers=CHALLENGE,
                )
            connection.state[CALLER] = caller
            if scope not in caller.scopes:
                raise PermissionDeniedException(detail=_lacks(caller, scope))
            if caller.by_browser and isinstance(connection, Request) and connection.method not in SAFE:
                await self._ours(connection, caller)

        return allowed

    def actor(self, request: ASGIConnection[Any, Any, Any, Any]) -> str:
        """Who asks, as a guard found out: a person's name, or the token's."""
        caller = caller_of(request)
        return NOBODY_IN_PARTICULAR if caller is None else caller.name

    async def identify(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Caller | None:
        """Who asks; None for somebody who must say so first."""
        known = await self._now_known()
        if self._open(known):
            return Caller(NOBODY_IN_PARTICULAR, EVERYTHING, "here")
        bearer = bearer_of(connection.headers)
        if bearer is not None:
            granted = known.granted.get(digest_of(bearer))
            return None if granted is None else Caller(granted.name, granted.scopes, "token")
        cookie = connection.cookies.get(COOKIE, "")[:SECRET_MAX]
        if cookie:
            caller = await self._remembered(f"session {digest_of(cookie)}", lambda: self._session(digest_of(cookie)))
            if caller is not None:
                return caller
        name = proxy_user(connection, self._web)
        return None if name is None else await self._remembered(f"proxy {name}", lambda: self._by_proxy(name))

    async def _ours(self, request: Request[Any, Any, Any], caller: Caller) -> None:
        """Whether one of our own pages asks. A browser says who the person is on any page's behalf."""
        foreign = self._foreign(request.headers, request.method)
        if foreign is None and caller.how == "proxy":
            foreign = None if "origin" in request.headers else "The request does not say which page sent it"
        if foreign is not None:
            raise PermissionDeniedException(detail=foreign)
        if caller.how != "session":
            return
        sent = request.headers.get(CSRF_HEADER, "")
        if not sent and request.content_type[0] in FORMS:
            sent = str((await request.form()).get(CSRF_FIELD, ""))
        if not hmac.compare_digest(sent.encode(), caller.csrf.encode()):
            raise PermissionDeniedException(detail=OLD_FORM)

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """While the server is open: turn away what another site's page sends here, before any route sees it."""

        async def checked(scope: AsgiScope, receive: Receive, send: Send) -> None:
            if str(scope["type"]) == "http" and self._open(await self._now_known()):
                headers = Headers.from_scope(scope)
                why = self._not_here(headers) or self._foreign(headers, str(dict(scope)["method"]))
                if why is not None:
                    await _refuse(send, why)
                    return
            await app(scope, receive, send)

        return checked

    def foreign(self, request: Request[Any, Any, Any]) -> bool:
        """Whether another site's page sent this request (for forms that nobody is known on yet)."""
        return self._foreign(request.headers, request.method) is not None

    def _open(self, known: _Known) -> bool:
        return self._web.loopback and not known.set_up and self._web.user_header is None

    def _not_here(self, headers: Headers) -> str | None:
        host = headers.get("host", "").lower()
        if host not in self._hosts and _without_port(host) not in self._hosts:
            return "Host must be localhost, 127.0.0.1, [::1] or that of [web] public_url"
        return None

    def _foreign(self, headers: Headers, method: str) -> str | None:
        origin = headers.get("origin")
        if origin is not None and method not in SAFE:
            sender = _host_of(origin)
            if sender is None or (sender != headers.get("host", "").lower() and sender not in self._hosts):
                return "Another site's page may not change anything here"
        return None

    async def _now_known(self) -> _Known:
        async with self._reading:
            now = self._monotonic()
            if self._read_at is None or now - self._read_at >= KEPT_S:
                self._known = await asyncio.to_thread(self._read)
                self._read_at = now
            return self._known

    def _read(self) -> _Known:
        with self._engine.connect() as conn:
            return _Known(read_granted(conn), anything_set_up(conn))

    async def _remembered(self, key: str, read: Callable[[], Caller | None]) -> Caller | None:
        now = self._monotonic()
        read_at, caller = self._callers.get(key, (now - KEPT_S, None))
        if now - read_at >= KEPT_S:
            if len(self._callers) >= KEPT_MAX:
                self._callers.clear()
            caller = await asyncio.to_thread(read)
            self._callers[key] = (now, caller)
        return caller

    def forget(self, secret: str) -> None:
        """A session is over now, not in a second."""
        self._callers.pop(f"session {digest_of(secret)}", None)

    def _session(self, digest: str) -> Caller | None:
        now_ms = self._clock.now_ms()
        with self._engine.connect() as conn:
            session = find_session(conn, digest, now_ms)
        if session is None:
            return None
        if now_ms - session.seen_ms >= SEEN_EVERY_MS:
            with self._engine.begin() as conn:
                touch_session(conn, digest, now_ms)
        return Caller(session.name, ROLE_SCOPES[session.role], "session", session.csrf)

    def _by_proxy(self, name: str) -> Caller | None:
        """Somebody whom a proxy signed in: with the role of the user of that name, else that of strangers."""
        with self._engine.connect() as conn:
            role = role_of(conn, name)
        return Caller(name, ROLE_SCOPES[role or self._web.proxy_role], "proxy")


def _lacks(caller: Caller, scope: Scope) -> str:
    if caller.how == "token":
        return f"This token may not do that: it lacks the scope {scope} (cxwatch token create NAME --scope {scope})."
    role = next((role for role, scopes in ROLE_SCOPES.items() if scope in scopes), "admin")
    return f"Your role may not do that: it takes the role {role} (cxwatch user role {caller.name} {role})."


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
