"""People sign in with a password, and do what their role lets them."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from cxwatch.access.audit import AuditLine, note
from cxwatch.access.pages import own_path
from cxwatch.access.people import UserError, check_name, check_password
from cxwatch.access.signing_in import ADDRESS_GUESSES_MAX, GUESSES_MAX
from cxwatch.access.tables import sessions
from cxwatch.access.users import IDLE_MS, change_user
from streams.clock import MINUTE_MS
from tests.access.conftest import PASSWORD, Tokens

Serve = Callable[..., TestClient[Litestar]]


def signed_in(client: TestClient[Litestar], name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    return client.post("/sign-in", data={"name": name, "password": password, **more}, follow_redirects=False)


def csrf(tokens: Tokens) -> str:
    """What the forms of the only session carry."""
    with tokens.engine.connect() as conn:
        return str(conn.execute(sessions.select()).one().csrf)


@pytest.mark.parametrize(
    ("role", "may"),
    [("viewer", {"/read"}), ("agent", {"/read", "/act"}), ("admin", {"/read", "/act", "/ingest", "/admin"})],
)
def test_a_role_opens_its_routes_and_no_other(serve: Serve, tokens: Tokens, role: str, may: set[str]) -> None:
    tokens.add_user("ann", role)  # type: ignore[arg-type]  # one of the three
    client = serve()
    assert signed_in(client, "ann").status_code == 303
    for path in ("/read", "/act", "/ingest", "/admin"):
        method = "GET" if path == "/read" else "POST"
        answer = client.request(method, path, headers={"X-CSRF-Token": csrf(tokens)})
        assert (answer.status_code < 300) == (path in may), (path, answer.text)
        if path not in may:
            assert answer.status_code == 403
            assert "cxwatch user role ann" in answer.json()["detail"]


def test_from_the_first_user_on_nobody_else_is_let_in(serve: Serve, tokens: Tokens) -> None:
    client = serve()
    assert client.get("/read").status_code == 200
    tokens.add_user("ann", "viewer")
    tokens.seconds += 1
    assert client.get("/read").status_code == 401


@pytest.mark.parametrize(
    ("name", "password"),
    [("ann", "a parcel that came late"), ("bob", PASSWORD), ("", ""), ("ann", ""), ("ann", PASSWORD + " " * 300)],
)
def test_a_wrong_password_and_a_wrong_name_are_answered_alike(
    serve: Serve, tokens: Tokens, name: str, password: str
) -> None:
    tokens.add_user("ann", "viewer")
    client = serve()
    answer = signed_in(client, name, password)
    assert answer.status_code == 401
    assert "Name or password is not right." in answer.text
    assert "set-cookie" not in answer.headers
    assert client.get("/read").status_code == 401


def test_names_know_no_case_and_a_disabled_user_is_out_at_once(serve: Serve, tokens: Tokens) -> None:
    tokens.add_user("ann", "viewer")
    client = serve()
    assert signed_in(client, " Ann ").status_code == 303
    assert client.get("/read").json() == {"actor": "ann"}
    with tokens.engine.begin() as conn:
        assert change_user(conn, "ann", disabled_ms=tokens.clock.now_ms())
    tokens.seconds += 1
    assert client.get("/read").status_code == 401  # also now that nobody is left who could sign in
    assert signed_in(client, "ann").status_code == 401


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(serve: Serve, tokens: Tokens) -> None:
    tokens.add_user("ann", "viewer")
    plain = signed_in(serve(), "ann").headers["set-cookie"].lower()
    assert "httponly" in plain
    assert "samesite=lax" in plain
    assert "secure" not in plain  # http on this machine
    client = serve(public_url="https://cx.example.com")
    assert "; secure" in signed_in(client, "ann").headers["set-cookie"].lower()


def test_the_database_does_not_hold_what_the_cookie_holds(serve: Serve, tokens: Tokens) -> None:
    tokens.add_user("ann", "viewer")
    client = serve()
    signed_in(client, "ann")
    with tokens.engine.connect() as conn:
        row = conn.execute(sessions.select()).one()
    assert client.cookies["cxwatch_session"] not in (row.digest, row.csrf)


def test_signing_out_ends_the_session_everywhere(serve: Serve, tokens: Tokens) -> None:
    tokens.add_user("ann", "viewer")
    client = serve()
    signed_in(client, "ann")
    stolen = client.cookies["cxwatch_session"]
    answer = client.post("/sign-out", data={"csrf": csrf(tokens)}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert client.get("/read").status_code == 401
    assert client.get("/read", headers={"Cookie": f"cxwatch_session={stolen}"}).status_code == 401


def test_a_session_ends_after_half_a_day_of_nothing(serve: Serve, tokens: Tokens) -> None:
    tokens.add_user("ann", "viewer")
    client = serve()
    signed_in(client, "ann")
    start = tokens.clock.now_ms()
    for hours in (6, 12, 18):  # in use, it goes on
        tokens.clock.set(start + hours * IDLE_MS // 12)
        tokens.seconds += 10
        assert client.get("/read").status_code == 200
    tokens.clock.set(start + 18 * IDLE_MS // 12 + IDLE_MS + 1)
    tokens.seconds += 10
    assert client.get("/read").status_code == 401


@pytest.mark.parametrize("sent", [{}, {"X-CSRF-Token": "made up"}, {"X-CSRF-Token": ""}])
def test_a_change_without_our_forms_secret_is_refused(serve: Serve, tokens: Tokens, sent: dict[str, str]) -> None:
    tokens.add_user("ann", "agent")
    client = serve()
    signed_in(client, "ann")
    answer = client.post("/act", headers=sent)
    assert answer.status_code == 403
    assert "load the page again" in answer.json()["detail"]


def test_a_form_may_carry_the_secret_itself(serve: Serve, tokens: Tokens) -> None:
    tokens.add_user("ann", "agent")
    client = serve()
    signed_in(client, "ann")
    assert client.post("/act", data={"csrf": csrf(tokens)}).status_code == 200
    assert client.post("/act", data={"csrf": "made up"}).status_code == 403


def test_another_sites_page_can_neither_act_nor_sign_somebody_in(serve: Serve, tokens: Tokens) -> None:
    tokens.add_user("ann", "agent")
    client = serve()
    evil = {"Origin": "https://evil.example"}
    sent = client.post("/sign-in", data={"name": "ann", "password": PASSWORD}, headers=evil, follow_redirects=False)
    assert sent.status_code == 403
    signed_in(client, "ann")
    headers = {**evil, "X-CSRF-Token": csrf(tokens)}
    assert client.post("/act", headers=headers).status_code == 403


def test_guesses_run_out_and_come_back(serve: Serve, tokens: Tokens) -> None:
    tokens.add_user("ann", "viewer")
    client = serve()
    for _ in range(GUESSES_MAX):
        assert signed_in(client, "ann", "wrong password!").status_code == 401
    answer = signed_in(client, "ann")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 15 * 60
    assert "Try again in 15 min" in answer.text
    tokens.add_user("bob", "viewer")
    assert signed_in(client, "bob").status_code == 303  # other names still have theirs


def test_one_address_cannot_try_every_name(serve: Serve, tokens: Tokens) -> None:
    tokens.add_user("ann", "viewer")
    for number in range(ADDRESS_GUESSES_MAX):
        assert number % 10 or signed_in(serve(), "ann").status_code == 303
        with tokens.engine.begin() as conn:
            at_ms = tokens.clock.now_ms() - MINUTE_MS
            note(conn, AuditLine(at_ms, f"user{number % 10}", "sign in", "refused", "testclient"))
    assert signed_in(serve(), "ann").status_code == 429


def test_everything_done_has_a_line_and_none_holds_a_password(serve: Serve, tokens: Tokens) -> None:
    tokens.add_user("ann", "agent")
    client = serve()
    signed_in(client, PASSWORD, "typed into the wrong field")
    signed_in(client, "ann", "wrong password!")
    signed_in(client, "ann")
    client.get("/read")
    client.post("/act", headers={"X-CSRF-Token": csrf(tokens)})
    client.post("/admin", headers={"X-CSRF-Token": csrf(tokens)})
    client.post("/sign-out", data={"csrf": csrf(tokens)})
    assert tokens.audit() == [
        ("an unknown name", "sign in", "refused"),
        ("ann", "sign in", "refused"),
        ("ann", "sign in", "done"),
        ("ann", "POST /act", "200"),
        ("ann", "POST /admin", "403"),
        ("ann", "sign out", "done"),
    ]


@pytest.mark.parametrize(
    ("onward", "to"),
    [
        ("/incidents?state=firing", "/incidents?state=firing"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("\\\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: b=c", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_stays_on_this_server(serve: Serve, tokens: Tokens, onward: str, to: str) -> None:
    assert own_path(onward) == to
    tokens.add_user("ann", "viewer")
    assert signed_in(serve(), "ann", next=onward).headers["location"] == to


def test_the_form_keeps_where_one_wanted_to_go_as_text(serve: Serve, tokens: Tokens) -> None:
    tokens.add_user("ann", "viewer")
    page = serve().get("/sign-in", params={"next": '/x"><script>alert(1)</script>'}).text
    assert "<script>" not in page
    (kept,) = re.findall(r'name="next" value="([^"]*)"', page)
    assert kept.startswith("/x&#34;&gt;")


def test_without_a_user_the_page_says_how_to_make_one(serve: Serve, tokens: Tokens) -> None:
    tokens.create("read")
    page = serve().get("/sign-in")
    assert page.status_code == 200
    assert "cxwatch user add NAME" in page.text
    assert "<form" not in page.text


def test_whoever_is_in_needs_no_form(serve: Serve, tokens: Tokens) -> None:
    tokens.add_user("ann", "viewer")
    client = serve()
    signed_in(client, "ann")
    answer = client.get("/sign-in?next=/read", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/read")


@pytest.mark.parametrize("name", ["", " ", "a" * 65, "ann smith", "ann<b>", "ann\x00"])
def test_names_that_cannot_be_typed_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="letters, digits"):
        check_name(name)


@pytest.mark.parametrize("password", ["short", "a" * 300, "aaaaaaaaaaaaaaaa", "Ann.Smith-Meier"])
def test_passwords_that_are_easily_guessed_are_refused(password: str) -> None:
    with pytest.raises(UserError):
        check_password(password, "ann.smith-meier")
