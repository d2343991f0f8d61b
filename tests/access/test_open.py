"""A machine where nobody set up tokens: everything is open to it, and to no other site's page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from litestar import Litestar
from litestar.testing import TestClient

Serve = Callable[..., TestClient[Litestar]]
ROUTES = [("POST", "/ingest", 202), ("GET", "/read", 200), ("POST", "/act", 200)]


@pytest.mark.parametrize(("method", "path", "status"), ROUTES)
def test_every_route_is_open(serve: Serve, method: str, path: str, status: int) -> None:
    answer = serve().request(method, path)
    assert answer.status_code == status
    assert answer.json() == {"actor": "someone on this machine"}


def test_a_header_that_nobody_asked_for_does_no_harm(serve: Serve) -> None:
    assert serve().get("/read", headers={"Authorization": "Bearer cxw_made_up"}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8000", "LocalHost:8000", "127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000"],
)
def test_this_machine_may_ask_by_any_of_its_names(serve: Serve, host: str) -> None:
    assert serve().get("/read", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:localhost",
        "localhost:evil",
        "192.168.1.5:8000",
        "0.0.0.0:8000",
        "user@localhost",
        "",
    ],
)
@pytest.mark.parametrize(("method", "path", "_"), ROUTES)
def test_a_name_that_points_here_is_turned_away(serve: Serve, host: str, method: str, path: str, _: int) -> None:
    answer = serve().request(method, path, headers={"Host": host})
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Host must be" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["cx.example.com", "CX.example.com", "cx.example.com:8443"])
def test_the_public_name_is_let_in(serve: Serve, host: str) -> None:
    client = serve(public_url="https://cx.example.com:8443/")
    assert client.get("/read", headers={"Host": host}).status_code == 200
    assert client.get("/read", headers={"Host": f"not-{host}"}).status_code == 403


def test_another_loopback_address_is_asked_by_its_own_name(serve: Serve) -> None:
    assert serve("127.0.0.2").get("/read", headers={"Host": "127.0.0.2:8000"}).status_code == 200
    assert serve("127.0.0.1").get("/read", headers={"Host": "127.0.0.2:8000"}).status_code == 403


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://evil.example:8000",
        "http://localhost.evil.example:8000",
        "http://localhost:3000",  # another program's page on this machine
        "null",
        "",
        "http://[broken",
        "evil",
    ],
)
@pytest.mark.parametrize("path", ["/ingest", "/act"])
def test_another_sites_page_may_not_post(serve: Serve, path: str, origin: str) -> None:
    answer = serve().post(path, headers={"Origin": origin})
    assert answer.status_code == 403
    assert answer.json()["detail"] == "Another site's page may not change anything here"


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_our_own_pages_may_post(serve: Serve, host: str) -> None:
    assert serve().post("/act", headers={"Host": host, "Origin": f"http://{host}"}).status_code == 200


def test_pages_under_the_public_name_may_post(serve: Serve) -> None:
    client = serve(public_url="https://cx.example.com")
    headers = {"Host": "cx.example.com", "Origin": "https://cx.example.com"}
    assert client.post("/act", headers=headers).status_code == 200


def test_reading_from_another_origin_is_the_browsers_matter(serve: Serve) -> None:
    assert serve().get("/read", headers={"Origin": "https://evil.example"}).status_code == 200
