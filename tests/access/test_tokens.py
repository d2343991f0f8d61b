"""Once there is a token, every route asks for one with the right scope."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import Engine, select

from cxwatch.access.guards import Access
from cxwatch.access.store import (
    TOKENS_MAX,
    TooManyTokens,
    add_token,
    read_granted,
    read_tokens,
    revoke_token,
)
from cxwatch.access.store import tokens as table
from cxwatch.access.tokens import SCOPES, Granted, Scope, digest_of, new_token
from cxwatch.errors import CannotStart
from cxwatch.settings import WebSettings
from tests.access.conftest import NOW_MS, Tokens

Serve = Callable[..., TestClient[Litestar]]
ROUTES: list[tuple[str, str, Scope, int]] = [
    ("POST", "/ingest", "ingest", 202),
    ("GET", "/read", "read", 200),
    ("POST", "/act", "act", 200),
]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize(("method", "path", "scope", "status"), ROUTES)
def test_the_right_scope_is_let_in_by_name(
    serve: Serve, tokens: Tokens, host: str, method: str, path: str, scope: Scope, status: int
) -> None:
    token = tokens.create(scope, name="shop-backend")
    answer = serve(host).request(method, path, headers=bearer(token))
    assert answer.status_code == status
    assert answer.json() == {"actor": "shop-backend"}


@pytest.mark.parametrize(("method", "path", "scope", "status"), ROUTES)
def test_without_a_token_the_answer_is_401_and_says_what_to_send(
    serve: Serve, tokens: Tokens, method: str, path: str, scope: Scope, status: int
) -> None:
    tokens.create(*SCOPES)
    answer = serve().request(method, path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "Authorization: Bearer" in answer.json()["detail"]


@pytest.mark.parametrize(("method", "path", "scope", "status"), ROUTES)
def test_a_wrong_token_is_401(serve: Serve, tokens: Tokens, method: str, path: str, scope: Scope, status: int) -> None:
    tokens.create(*SCOPES)
    assert serve().request(method, path, headers=bearer(new_token())).status_code == 401


@pytest.mark.parametrize(("method", "path", "scope", "status"), ROUTES)
def test_a_token_without_the_scope_is_403_and_says_which(
    serve: Serve, tokens: Tokens, method: str, path: str, scope: Scope, status: int
) -> None:
    token = tokens.create(*(other for other in SCOPES if other != scope))
    answer = serve().request(method, path, headers=bearer(token))
    assert answer.status_code == 403
    assert f"--scope {scope}" in answer.json()["detail"]
    assert token not in answer.text


def test_what_is_nearly_a_token_is_none(serve: Serve, tokens: Tokens, engine: Engine) -> None:
    token = tokens.create("read")
    client = serve()
    headers = [token, f"Basic {token}", "Bearer", "Bearer ", f"Bearer {token}x", f"Bearer {token[:-1]}"]
    headers += [
        f"Bearer {digest_of(token)}",
        f"Bearer {token.upper()}",
        f"Bearer {token} {token}",
        "Bearer " + "x" * 9999,
    ]
    assert {client.get("/read", headers={"Authorization": value}).status_code for value in headers} == {401}
    assert client.get(f"/read?token={token}").status_code == 401
    assert client.get("/read", headers={"Authorization": f"bearer  {token}"}).status_code == 200


def test_a_token_replaces_the_rules_about_host_and_origin(serve: Serve, tokens: Tokens) -> None:
    token = tokens.create("act")
    headers = {"Host": "anything.example", "Origin": "https://evil.example"}
    client = serve()
    assert client.post("/act", headers=headers | bearer(token)).status_code == 200
    assert client.post("/act", headers=headers).status_code == 401


def test_the_first_token_closes_an_open_server_within_a_second(serve: Serve, tokens: Tokens) -> None:
    client = serve()
    assert client.get("/read").status_code == 200
    token = tokens.create("read")
    tokens.seconds += 1
    assert client.get("/read").status_code == 401
    assert client.get("/read", headers=bearer(token)).status_code == 200


def test_a_revoked_token_stops_within_a_second(serve: Serve, tokens: Tokens) -> None:
    kept, lost = tokens.create("read"), tokens.create("read")
    client = serve()
    assert client.get("/read", headers=bearer(lost)).status_code == 200
    tokens.revoke(lost)
    tokens.seconds += 1
    assert client.get("/read", headers=bearer(lost)).status_code == 401
    assert client.get("/read", headers=bearer(kept)).status_code == 200


def test_steady_requests_do_not_keep_a_revoked_token_alive(serve: Serve, tokens: Tokens) -> None:
    tokens.create("read")
    lost = tokens.create("read")
    client = serve()
    assert client.get("/read", headers=bearer(lost)).status_code == 200
    tokens.revoke(lost)
    for _ in range(4):
        tokens.seconds += 0.25
        last = client.get("/read", headers=bearer(lost)).status_code
    assert last == 401


def test_a_server_that_others_reach_does_not_open_when_its_last_token_is_revoked(serve: Serve, tokens: Tokens) -> None:
    token = tokens.create("read")
    client = serve("0.0.0.0")
    assert client.get("/read", headers=bearer(token)).status_code == 200
    tokens.revoke(token)
    tokens.seconds += 1
    assert client.get("/read", headers=bearer(token)).status_code == 401
    assert client.get("/read").status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "cx.example.com", "localhost.example.com"])
def test_others_may_reach_a_server_only_once_there_is_a_token(engine: Engine, tokens: Tokens, host: str) -> None:
    access = Access(engine, WebSettings(host=host))
    with pytest.raises(CannotStart, match="cxwatch token create") as raised:
        access.check_bind()
    assert host in str(raised.value)
    token = tokens.create("ingest")
    access.check_bind()
    tokens.revoke(token)
    with pytest.raises(CannotStart):
        access.check_bind()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_alone_needs_no_token(engine: Engine, host: str) -> None:
    Access(engine, WebSettings(host=host)).check_bind()


def test_a_public_name_does_not_make_an_open_bind_safe(engine: Engine) -> None:
    with pytest.raises(CannotStart):
        Access(engine, WebSettings("0.0.0.0", 8000, "http://localhost:8000")).check_bind()


def test_tokens_are_long_random_and_recognisable() -> None:
    made = {new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(token.startswith("cxw_") and len(token) >= 47 for token in made)


def test_only_digests_are_kept(engine: Engine, tokens: Tokens, tmp_path: Path) -> None:
    token = tokens.create("read", "act")
    with engine.connect() as conn:
        (row,) = conn.execute(select(table)).all()
    assert row.digest == digest_of(token)
    assert token not in repr(row)
    engine.dispose()
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("state.db*"))
    assert row.digest.encode() in kept
    assert token.encode() not in kept
    assert token.removeprefix("cxw_").encode() not in kept


def test_the_list_shows_everything_but_the_token(engine: Engine, tokens: Tokens) -> None:
    first, second = tokens.create("ingest", name="shop"), tokens.create("read", "act", name="wall")
    tokens.revoke(first)
    with engine.connect() as conn:
        found = read_tokens(conn)
        granted = read_granted(conn)
    assert [(one.name, one.scopes, one.created_ms, one.revoked_ms) for one in found] == [
        ("wall", {"read", "act"}, NOW_MS, None),
        ("shop", {"ingest"}, NOW_MS, NOW_MS),
    ]
    assert first not in repr(found)
    assert second not in repr(found)
    assert granted == {digest_of(second): Granted("wall", frozenset({"read", "act"}))}


def test_a_token_is_revoked_once_and_only_where_there_is_one(engine: Engine, tokens: Tokens) -> None:
    number = tokens.numbers[tokens.create("read")]
    with engine.begin() as conn:
        assert revoke_token(conn, number, NOW_MS)
        assert not revoke_token(conn, number, NOW_MS + 1)
        assert not revoke_token(conn, number + 1, NOW_MS)
        assert read_tokens(conn)[0].revoked_ms == NOW_MS


def test_too_many_tokens_are_refused_and_revoking_one_makes_room(engine: Engine) -> None:
    scopes: frozenset[Scope] = frozenset({"read"})
    with engine.begin() as conn:
        numbers = [add_token(conn, "n", scopes, digest_of(str(n)), NOW_MS) for n in range(TOKENS_MAX)]
        with pytest.raises(TooManyTokens, match="revoke some first"):
            add_token(conn, "n", scopes, digest_of("one more"), NOW_MS)
        assert len(read_granted(conn)) == TOKENS_MAX
        assert revoke_token(conn, numbers[0], NOW_MS)
        add_token(conn, "n", scopes, digest_of("one more"), NOW_MS)
        assert digest_of("one more") in read_granted(conn)
