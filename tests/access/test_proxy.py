"""Behind a proxy that signs people in, its header counts; from anywhere else it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.access.conftest import PASSWORD, Tokens

Serve = Callable[..., TestClient[Litestar]]
TEST_CLIENT = "testclient"
OURS = {"Origin": "http://127.0.0.1:8000"}


def behind(serve: Serve, **web: object) -> TestClient[Litestar]:
    """A server whose every caller is the proxy."""
    client = serve(user_header="X-User", trusted_proxies=("10.0.0.0/8",), **web)
    client.app = _from(client.app, "10.1.2.3")
    return client


def _from(app: Litestar, address: str) -> Litestar:
    """The application, asked from an address."""
    inner = app.asgi_handler

    async def moved(scope, receive, send):  # type: ignore[no-untyped-def]
        if scope["type"] == "http":
            scope["client"] = (address, 1234)
        await inner(scope, receive, send)

    app.asgi_handler = moved
    return app


def test_the_proxys_word_is_taken(serve: Serve) -> None:
    client = behind(serve)
    assert client.get("/read", headers={"X-User": "Ann@example.com"}).json() == {"actor": "ann@example.com"}
    assert client.get("/read").status_code == 401


def test_strangers_get_the_role_for_strangers_and_our_users_their_own(serve: Serve, tokens: Tokens) -> None:
    tokens.add_user("bob", "agent")
    client = behind(serve)
    assert client.post("/act", headers={"X-User": "ann", **OURS}).status_code == 403
    assert client.post("/act", headers={"X-User": "bob", **OURS}).status_code == 200
    assert behind(serve, proxy_role="agent").post("/act", headers={"X-User": "ann", **OURS}).status_code == 200


def test_from_another_address_the_header_is_nobodys_word(serve: Serve) -> None:
    client = serve(user_header="X-User", trusted_proxies=("10.0.0.0/8",))
    client.app = _from(client.app, "192.0.2.7")
    assert client.get("/read", headers={"X-User": "ann"}).status_code == 401


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_a_change_must_come_from_our_own_pages(serve: Serve, headers: dict[str, str]) -> None:
    client = behind(serve, proxy_role="agent")
    assert client.post("/act", headers={"X-User": "ann", **headers}).status_code == 403


def test_guesses_are_counted_by_who_stands_behind_the_proxy(serve: Serve, tokens: Tokens) -> None:
    tokens.add_user("ann", "viewer")
    client = behind(serve)
    wrong = {"name": "ann", "password": "wrong password!"}
    for _ in range(5):
        client.post("/sign-in", data=wrong, headers={"X-Forwarded-For": "1.1.1.1, 203.0.113.5, 10.9.9.9"})
    right = {"name": "ann", "password": PASSWORD}
    asked = [
        client.post("/sign-in", data=right, headers={"X-Forwarded-For": hops}, follow_redirects=False).status_code
        for hops in ("2.2.2.2, 203.0.113.5, 10.9.9.9", "203.0.113.6, 10.9.9.9")
    ]
    assert asked == [429, 303]
