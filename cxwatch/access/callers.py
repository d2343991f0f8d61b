"""Who a request comes from: a program by its token, a person by their session or a proxy's word, or this machine."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any, Literal

from litestar.connection import ASGIConnection
from litestar.datastructures import Headers

from cxwatch.access.tokens import Scope
from cxwatch.settings.records import WebSettings

How = Literal["here", "token", "session", "proxy"]
COOKIE = "cxwatch_session"
CALLER = "cxwatch_caller"
SECRET_MAX = 256
USER_MAX = 64
HOPS_MAX = 20


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, what they may do, and what their forms must carry (where a browser says by itself who they are)."""

    name: str
    scopes: frozenset[Scope]
    how: How
    csrf: str = ""

    @property
    def by_browser(self) -> bool:
        """Whether another site's page could make this caller's browser ask."""
        return self.how in ("session", "proxy")


def caller_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller | None:
    """Who asks, as the route's guard found out; None on a route without one."""
    found = connection.state.get(CALLER)
    return found if isinstance(found, Caller) else None


def bearer_of(headers: Headers) -> str | None:
    """The token of a request, None where it sends none."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip()[:SECRET_MAX] if kind.lower() == "bearer" else None


def address_of(connection: ASGIConnection[Any, Any, Any, Any], web: WebSettings) -> str:
    """Where a request comes from: the nearest address that is none of our proxies (X-Forwarded-For, from its end)."""
    address = "" if connection.client is None else connection.client.host
    if not _trusted(address, web):
        return address
    hops = [hop.strip() for hop in connection.headers.get("x-forwarded-for", "").split(",")[-HOPS_MAX:] if hop.strip()]
    for hop in reversed(hops):
        address = hop[:64]
        if not _trusted(hop, web):
            break
    return address


def proxy_user(connection: ASGIConnection[Any, Any, Any, Any], web: WebSettings) -> str | None:
    """The name in the header that a trusted proxy sets ([web] user_header), None without one."""
    if web.user_header is None or connection.client is None or not _trusted(connection.client.host, web):
        return None
    name = connection.headers.get(web.user_header, "").strip().lower()
    return name[:USER_MAX] or None


def _trusted(address: str, web: WebSettings) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in ipaddress.ip_network(network) for network in web.trusted_proxies)
