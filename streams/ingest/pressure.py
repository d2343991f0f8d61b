"""When no more is taken in: the log is behind (503), this process holds too much (503), one client does (429).

The bounds on what is in flight are far above what a client that waits for its answers ever needs.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from litestar import Request

from streams.ingest.problems import busy

CLIENT_BYTES_MAX = 64_000_000  # one client's requests that wait for their answers
CLIENT_REQUESTS_MAX = 1_000
ALL_BYTES_MAX = 256_000_000  # all clients together
ASK_EVERY_S = 0.25  # whether the log is behind
RETRY_BUSY_S = 1
RETRY_BEHIND_S = 5


class Behind:
    """Asks whether the log is behind, in a thread; the answer holds for a moment, for all requests."""

    def __init__(self, is_behind: Callable[[], bool], monotonic: Callable[[], float]) -> None:
        self._is_behind = is_behind
        self._monotonic = monotonic
        self._answer = False
        self._asked_at: float | None = None
        self._asking = asyncio.Lock()

    async def check(self) -> None:
        """Raises NotTaken while the log is behind."""
        if self._due():
            async with self._asking:
                if self._due():
                    self._answer = await asyncio.to_thread(self._is_behind)
                    self._asked_at = self._monotonic()
        if self._answer:
            raise busy(
                503,
                "The log is behind",
                "More events wait to be measured than may wait. Nothing was accepted: send the request again after "
                f"{RETRY_BEHIND_S} s.",
                RETRY_BEHIND_S,
            )

    def _due(self) -> bool:
        return self._asked_at is None or self._monotonic() - self._asked_at >= ASK_EVERY_S


@dataclass(slots=True)
class _Load:
    """What one client has in flight."""

    requests: int = 0
    size: int = 0


class InFlight:
    """Counts requests and bytes that wait for their answers; who has none is not remembered."""

    def __init__(self) -> None:
        self._clients: dict[str, _Load] = {}
        self._size = 0

    @contextmanager
    def request(self, client: str) -> Iterator[Held]:
        """Count a request while it is answered. Raises NotTaken when the client has too many."""
        load = self._clients.setdefault(client, _Load())
        if load.requests >= CLIENT_REQUESTS_MAX:
            raise _too_much(f"{load.requests:,} requests")
        load.requests += 1
        held = Held(self, load)
        try:
            yield held
        finally:
            load.requests -= 1
            load.size -= held.size
            self._size -= held.size
            if not load.requests:
                del self._clients[client]

    def add(self, load: _Load, size: int) -> None:
        """Count bytes that are about to be held. Raises NotTaken when they are too many."""
        if load.size + size > CLIENT_BYTES_MAX:
            raise _too_much(f"{load.size // 1_000_000} MB")
        if self._size + size > ALL_BYTES_MAX:
            raise busy(
                503,
                "Too many requests at once",
                f"This server holds {self._size // 1_000_000} MB of requests already. Nothing was accepted: send the "
                f"request again after {RETRY_BUSY_S} s.",
                RETRY_BUSY_S,
            )
        load.size += size
        self._size += size


class Held:
    """The bytes that one request has in memory."""

    def __init__(self, flight: InFlight, load: _Load) -> None:
        self._flight = flight
        self._load = load
        self.size = 0

    def grow_to(self, size: int) -> None:
        """Hold at least so many bytes. Raises NotTaken when that is too much at once."""
        more = size - self.size
        if more > 0:
            self._flight.add(self._load, more)
            self.size = size


def client_of(request: Request[Any, Any, Any]) -> str:
    """Who sends: the bearer token (as a digest; guards have looked at it), else the address it came from."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token.strip():
        return hashlib.blake2b(token.strip().encode(), digest_size=16).hexdigest()
    return request.client.host if request.client is not None else ""


def _too_much(what: str) -> Exception:
    return busy(
        429,
        "Too much at once",
        f"This client has {what} waiting for answers. Nothing of this request was accepted: wait for some answers, "
        "then send it again.",
        RETRY_BUSY_S,
    )
