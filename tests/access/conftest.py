from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar, Request, get, post
from litestar.testing import TestClient
from sqlalchemy import Engine

from cxwatch.access.audit import read_audit
from cxwatch.access.auditing import Auditing
from cxwatch.access.guards import Access
from cxwatch.access.pages import sign_in_router
from cxwatch.access.passwords import hash_of
from cxwatch.access.people import Role
from cxwatch.access.store import add_token, revoke_token
from cxwatch.access.tokens import Scope, digest_of, new_token
from cxwatch.access.users import add_user
from cxwatch.database import open_engine
from cxwatch.migrations import upgrade
from cxwatch.settings import WebSettings
from dashboards.assets import Assets
from streams.clock import ManualClock, SystemClock

PASSWORD = "a parcel that came in time"
NOW_MS = 1_772_366_400_000


@dataclass
class Tokens:
    """The tokens of a database, and the real time that passes while they are looked at."""

    engine: Engine
    seconds: float = 1_000.0
    numbers: dict[str, int] = field(default_factory=dict)
    clock: ManualClock = field(default_factory=lambda: ManualClock(SystemClock().now_ms()))

    def create(self, *scopes: Scope, name: str = "shop") -> str:
        token = new_token()
        with self.engine.begin() as conn:
            self.numbers[token] = add_token(conn, name, frozenset(scopes), digest_of(token), NOW_MS)
        return token

    def revoke(self, token: str) -> None:
        with self.engine.begin() as conn:
            assert revoke_token(conn, self.numbers[token], NOW_MS)

    def now(self) -> float:
        return self.seconds

    def add_user(self, name: str, role: Role) -> None:
        with self.engine.begin() as conn:
            add_user(conn, name, role, hash_of(PASSWORD), NOW_MS)

    def audit(self) -> list[tuple[str, str, str]]:
        """(who, what, outcome), the oldest first."""
        with self.engine.connect() as conn:
            return [(line.actor, line.what, line.outcome) for line in read_audit(conn)][::-1]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(tmp_path / "state.db", durable=True)
    upgrade(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def tokens(engine: Engine) -> Tokens:
    return Tokens(engine)


def app(access: Access, engine: Engine, web: WebSettings) -> Litestar:
    """One route a scope; each answers who asked."""

    @post("/ingest", guards=[access.guard("ingest")], status_code=202)
    async def ingest(request: Request[Any, Any, Any]) -> dict[str, str]:
        return {"actor": access.actor(request)}

    @get("/read", guards=[access.guard("read")])
    async def read(request: Request[Any, Any, Any]) -> dict[str, str]:
        return {"actor": access.actor(request)}

    @post("/act", guards=[access.guard("act")], status_code=200)
    async def act(request: Request[Any, Any, Any]) -> dict[str, str]:
        return {"actor": access.actor(request)}

    @post("/admin", guards=[access.guard("admin")], status_code=200)
    async def admin() -> None:
        return None

    return Litestar(
        [ingest, read, act, admin, sign_in_router(engine, web, access, Assets())],
        middleware=[access.middleware, Auditing(engine, web).middleware],
        openapi_config=None,
        logging_config=None,
    )


@pytest.fixture
def serve(engine: Engine, tokens: Tokens) -> Iterator[Callable[..., TestClient[Litestar]]]:
    """A server on some address, asked as http://127.0.0.1:8000 unless a test says otherwise."""
    with ExitStack() as opened:

        def start(host: str = "127.0.0.1", public_url: str | None = None, **web: Any) -> TestClient[Litestar]:
            settings = WebSettings(host, 8000, public_url, **web)
            access = Access(engine, settings, tokens.now, tokens.clock)
            client = TestClient(
                app(access, engine, settings), base_url="http://127.0.0.1:8000", raise_server_exceptions=False
            )
            return opened.enter_context(client)

        yield start
