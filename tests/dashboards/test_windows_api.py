from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.testing import TestClient

from dashboards.window_filter import decode_cursor, encode_cursor
from tests.support.dashboards import World, busy_day


def test_a_window_has_the_fields_and_units_of_the_contract(world: World, client: TestClient) -> None:
    world.answers("web", "buy", {10: 6, 8: 2, 3: 4})
    (row,) = client.get("/api/v1/windows?window=15m&metric=nps&channel=web&stage=buy").json()["items"]
    assert row == {
        "segment": {"channel": "web", "stage": "buy"},
        "metric": "nps",
        "survey_kind": "hot",
        "window": "15m",
        "start": "2026-11-17T14:28:00Z",
        "end": "2026-11-17T14:43:00Z",
        "final": False,
        "n": 12,
        "counts": {"3": 4, "8": 2, "10": 6},
        "score": pytest.approx(100 * 2 / 12),
        "low": pytest.approx(row["low"]),
        "high": pytest.approx(row["high"]),
    }
    assert row["low"] < row["score"] < row["high"]


def test_under_the_smallest_n_there_is_a_row_without_a_score(world: World, client: TestClient) -> None:
    world.answers("web", "buy", {10: 9})
    (row,) = client.get("/api/v1/windows?window=15m&channel=web&stage=buy").json()["items"]
    assert (row["n"], row["score"], row["low"], row["high"]) == (9, None, None, None)


def test_all_means_null_and_the_rollups_come_first(world: World, client: TestClient) -> None:
    world.answers("web", "buy", {10: 12})
    items = client.get("/api/v1/windows?window=15m").json()["items"]
    assert [item["segment"] for item in items] == [
        {"channel": None, "stage": None},
        {"channel": None, "stage": "buy"},
        {"channel": "web", "stage": None},
        {"channel": "web", "stage": "buy"},
    ]


def test_the_cursor_leads_through_every_row_once(world: World, client: TestClient) -> None:
    busy_day(world)
    whole = client.get("/api/v1/windows?limit=1000").json()
    found, cursor = [], ""
    while True:
        page = client.get(f"/api/v1/windows?limit=97{cursor}").json()
        found += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == whole["items"]
    assert whole["next"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("window=3d", "window"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("survey_kind=warm", "survey_kind"),
        ("channel=fax", "channel"),
        ("stage=pray", "stage"),
        ("cursor=@@", "cursor"),
        ("chanel=web", "chanel"),
        ("window=1h&window=24h", "window"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named_with_its_rule(client: TestClient, query: str, field: str) -> None:
    answer = client.get(f"/api/v1/windows?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["field"] == field
    assert problem["detail"].startswith(field)


def test_the_problem_lists_what_would_have_been_right(client: TestClient) -> None:
    assert client.get("/api/v1/windows?window=3d").json()["allowed"] == ["15m", "1h", "24h", "7d"]


def test_a_path_that_is_not_there_is_a_problem_too(client: TestClient) -> None:
    answer = client.get("/api/v1/nothing")
    assert (answer.status_code, answer.json()["status"]) == (404, 404)
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_the_routes_stand_behind_the_guards_but_health_does_not(world: World) -> None:
    def nobody(_: ASGIConnection, __: BaseRouteHandler) -> None:
        raise NotAuthorizedException("Bring a token.")

    with TestClient(world.app(guards=[nobody])) as guarded:
        for path in ("/api/v1/windows", "/api/v1/stream", "/", "/incidents", "/preview"):
            assert guarded.get(path).status_code == 401, path
        assert guarded.get("/healthz").status_code == 200
        assert "sign in" in guarded.get("/").text


@given(
    st.tuples(
        st.integers(0, 3),
        st.text(max_size=20),
        st.sampled_from(["hot", "cold"]),
        st.text(max_size=20),
        st.text(max_size=20),
    )
)
def test_a_cursor_stands_for_its_row(position: tuple[int, str, str, str, str]) -> None:
    assert decode_cursor(encode_cursor(position)) == position


@given(st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_no_cursor_makes_the_server_fail(client: TestClient, text: str) -> None:
    assert client.get("/api/v1/windows", params={"cursor": text}).status_code in (200, 400)
