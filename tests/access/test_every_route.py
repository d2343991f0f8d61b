"""The whole application: every route there is, asked without, with the wrong and with the right role."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from litestar import Litestar
from litestar.testing import TestClient

from cxwatch.access.callers import COOKIE
from cxwatch.access.store import add_token
from cxwatch.access.tokens import SCOPES, Scope, digest_of, new_token
from cxwatch.access.users import add_user, start_session
from cxwatch.product import Product
from cxwatch.settings import Settings
from cxwatch.webapp import build_web
from streams.clock import SystemClock

OPEN = {"/healthz", "/readyz", "/sign-in"}
SIGNED_BY_SLACK = "/slack/interactivity"


def needed(method: str, path: str) -> Scope | None:
    """What a route asks for; None for one that everybody may ask."""
    if path in OPEN or path.startswith("/static/") or path == SIGNED_BY_SLACK:
        return None
    if path == "/api/v1/events":
        return "ingest"
    if path == "/settings":
        return "admin"
    return "read" if method == "GET" or path == "/sign-out" else "act"


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    def fatal(error: BaseException) -> None:
        raise error

    made = Product(Settings(data_dir=tmp_path), SystemClock(), fatal)
    yield made
    made.database.dispose()
    made.measure_database.dispose()


@pytest.fixture
def web(product: Product) -> Iterator[TestClient[Litestar]]:
    with TestClient(build_web(product), base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        yield client


def bearer(product: Product, *scopes: Scope) -> dict[str, str]:
    token = new_token()
    with product.database.begin() as conn:
        add_token(conn, "-".join(scopes), frozenset(scopes), digest_of(token), 0)
    return {"Authorization": f"Bearer {token}"}


def admin(product: Product) -> dict[str, str]:
    """The cookie of an admin who is signed in: no token may do what they may."""
    now_ms = SystemClock().now_ms()
    with product.database.begin() as conn:
        user_id = add_user(conn, "ann", "admin", "no password fits this", now_ms)
        start_session(conn, user_id, digest_of("secret"), "csrf", now_ms)
    return {"Cookie": f"{COOKIE}=secret"}


def routes(app: Litestar) -> list[tuple[str, str]]:
    """(method, path) of everything that answers, with 1 for every number and x for every name in a path."""
    found = set()
    for route in app.routes:
        for method in getattr(route, "methods", ()):
            if method not in ("HEAD", "OPTIONS"):
                parts = [p if isinstance(p, str) else ("1" if p.type is int else "x") for p in route.path_components]
                found.add((method, "/" + "/".join(parts)))
    return sorted(found)


def test_every_route_asks_who_one_is_and_lets_in_who_may(product: Product, web: TestClient[Litestar]) -> None:
    right = {scope: bearer(product, scope) for scope in SCOPES} | {"admin": admin(product)}
    wrong = {scope: bearer(product, *(other for other in SCOPES if other != scope)) for scope in right}
    asked = routes(web.app)
    assert len(asked) > 20
    for method, path in asked:
        scope = needed(method, path)
        if scope is None or path == "/api/v1/stream":  # a stream has no end to wait for: see below
            continue
        nobody = web.request(method, path, follow_redirects=False)
        if nobody.status_code == 303:
            assert nobody.headers["location"].startswith("/sign-in?next=%2F"), path
            assert (method, path.startswith("/api/")) == ("GET", False)
        else:
            assert nobody.status_code == 401, (method, path)
            assert "www-authenticate" in nobody.headers
        assert web.request(method, path, headers=wrong[scope]).status_code == 403, (method, path)
        allowed = web.request(method, path, headers=right[scope], follow_redirects=False)
        assert allowed.status_code not in (401, 403, 500), (method, path, allowed.text)


def test_the_stream_asks_too(product: Product, web: TestClient[Litestar]) -> None:
    write = bearer(product, "ingest")
    assert web.get("/api/v1/stream").status_code == 401
    assert web.get("/api/v1/stream", headers=write).status_code == 403


def test_what_everybody_may_ask_says_nothing_about_customers(product: Product, web: TestClient[Litestar]) -> None:
    bearer(product, "read")
    for path in sorted(OPEN):
        answer = web.get(path)
        assert answer.status_code in (200, 503)
        assert set(answer.json()) <= {"status", "reasons"} if path != "/sign-in" else "Sign in" in answer.text


@pytest.mark.long
def test_nothing_that_the_openapi_document_allows_breaks_the_server(
    product: Product, web: TestClient[Litestar]
) -> None:
    """Schemathesis makes requests from the document; none may end in a failure of the server."""
    schema = schemathesis.openapi.from_dict(web.get("/openapi.json").json())
    tried: Counter[str] = Counter()
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in {"/api/v1/stream", "/metrics"}:  # one has no end, one reads nothing that is sent
            continue

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            sent = case.as_transport_kwargs(base_url="http://127.0.0.1:8000")
            answer = web.request(**{key: value for key, value in sent.items() if value is not None})
            tried[case.path] += 1
            assert answer.status_code < 500, (sent, answer.text)

        ask()
    assert len(tried) > 5
    assert min(tried.values()) > 0
