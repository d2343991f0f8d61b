"""Windows of the past over HTTP and as files: which there are, page by page, with tags; safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient

from dashboards.window_files import csv_text, write_csv, write_parquet
from dashboards.window_history import STEP_MS, Span
from dashboards.window_rows import Place, WindowRow
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS, rfc3339
from streams.records import WindowName
from tests.support.dashboards import NOW_MS, World, build_world

HOUR = NOW_MS // HOUR_MS * HOUR_MS


def filled(world: World) -> None:
    for back in range(1, 49):
        world.answers("web", "buy", {10: 6, 8: 2, 3: 4}, at_ms=HOUR - back * HOUR_MS + 7 * MINUTE_MS)
        world.answers("app", "use", {9: back}, at_ms=HOUR - back * HOUR_MS + 7 * MINUTE_MS)


def every(client: TestClient, **query: str) -> list[dict[str, object]]:
    found, cursor = [], {}
    while True:
        page = client.get("/api/v1/windows", params={**query, **cursor}).json()
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


def test_past_windows_stand_side_by_side_oldest_first(world: World, client: TestClient) -> None:
    filled(world)
    query = {"window": "1h", "from": rfc3339(HOUR - 3 * HOUR_MS), "to": rfc3339(HOUR)}
    rows = every(client, **query, channel="web", stage="buy")
    assert [row["end"] for row in rows] == [rfc3339(HOUR - back * HOUR_MS) for back in (2, 1, 0)]
    assert [row["start"] for row in rows] == [rfc3339(HOUR - back * HOUR_MS) for back in (3, 2, 1)]
    assert [row["n"] for row in rows] == [12, 12, 12]
    assert [row["score"] for row in rows] == pytest.approx([100 * 2 / 12] * 3)


def test_each_page_goes_on_where_the_last_one_ended(world: World, client: TestClient) -> None:
    filled(world)
    query = {"window": "1h", "from": rfc3339(HOUR - 48 * HOUR_MS), "to": rfc3339(HOUR)}
    whole = every(client, **query, limit="1000")
    assert len(whole) == 48 * 7  # two leaves, two channels, two stages, all
    assert every(client, **query, limit="37") == whole


def test_long_empty_stretches_give_short_pages_that_lead_on(world: World, client: TestClient) -> None:
    world.answers("web", "buy", {10: 6}, at_ms=HOUR - 30 * MINUTE_MS)
    page = client.get("/api/v1/windows", params={"window": "1h", "from": rfc3339(HOUR - 40 * DAY_MS)}).json()
    assert page["items"] == []
    assert page["next"] is not None
    rows = every(client, window="1h", **{"from": rfc3339(HOUR - 40 * DAY_MS)}, stage="buy", channel="web")
    assert [row["n"] for row in rows] == [6]


@pytest.mark.parametrize("window", ["15m", "1h", "24h", "7d"])
def test_a_past_window_holds_what_the_current_one_held_then(tmp_path: Path, window: WindowName) -> None:
    world = build_world(tmp_path, now_ms=HOUR // DAY_MS * DAY_MS - 1)  # a moment before a day, an hour, a quarter ends
    for back in range(1, 30):
        at_ms = world.clock.now_ms() - back * 7 * MINUTE_MS * (back if window != "15m" else 1) // 10
        world.answers("web", "buy", {10: back, 3: 1}, at_ms=at_ms)
    with TestClient(world.app()) as client:
        then = client.get("/api/v1/windows", params={"window": window}).json()["items"]
        moment = world.clock.now_ms() + 1
        world.clock.set(moment + HOUR_MS)
        past = every(client, window=window, **{"from": rfc3339(moment - MINUTE_MS), "to": rfc3339(moment)})
    names = ("segment", "metric", "start", "end", "n", "counts", "score", "low", "high")
    found = [{name: row[name] for name in names} for row in past]
    assert sorted(found, key=str) == sorted(({name: row[name] for name in names} for row in then), key=str)
    assert found


def test_a_tag_saves_sending_the_same_again(world: World, client: TestClient) -> None:
    filled(world)
    query = {"window": "1h", "from": rfc3339(HOUR - 3 * HOUR_MS), "to": rfc3339(HOUR)}
    first = client.get("/api/v1/windows", params=query)
    again = client.get("/api/v1/windows", params=query, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    world.answers("web", "buy", {10: 7}, at_ms=HOUR - 90 * MINUTE_MS)  # late
    late = client.get("/api/v1/windows", params=query, headers={"If-None-Match": first.headers["ETag"]})
    assert late.status_code == 200
    assert late.headers["ETag"] != first.headers["ETag"]


def test_csv_has_the_same_rows_and_says_where_it_goes_on(world: World, client: TestClient) -> None:
    filled(world)
    query = {"window": "1h", "from": rfc3339(HOUR - 3 * HOUR_MS), "to": rfc3339(HOUR), "limit": "5"}
    answer = client.get("/api/v1/windows", params={**query, "format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    page = client.get("/api/v1/windows", params=query).json()
    assert [(row["end"], int(row["n"])) for row in rows] == [(item["end"], item["n"]) for item in page["items"]]
    link = answer.headers["Link"]
    assert link.endswith('>; rel="next"')
    following = client.get(link[1 : link.index(">")])
    assert following.headers["content-type"].startswith("text/csv")
    assert following.text != answer.text


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-11-17T14:00:00Z"}, "window"),
        ({"window": "1h", "to": "2026-11-17T14:00:00Z"}, "from"),
        ({"window": "1h", "from": "2026-11-17T14:00:00"}, "from"),
        ({"window": "1h", "from": "yesterday"}, "from"),
        ({"window": "1h", "from": "2026-11-17T14:00:00Z", "to": "2026-11-17T14:00:00Z"}, "from"),
        ({"window": "15m", "from": "2026-10-01T00:00:00Z"}, "from"),
        ({"window": "1h", "from": "1999-01-01T00:00:00Z"}, "from"),
        ({"window": "1h", "format": "xlsx"}, "format"),
    ],
)
def test_what_cannot_be_asked_is_named(client: TestClient, query: dict[str, str], field: str) -> None:
    answer = client.get("/api/v1/windows", params=query)
    assert answer.status_code == 400
    assert answer.json()["field"] == field


def test_an_offset_whose_plus_was_not_encoded_is_understood(world: World, client: TestClient) -> None:
    filled(world)
    answer = client.get("/api/v1/windows?window=1h&from=2026-11-17T13:00:00+01:00")
    assert answer.status_code == 200
    assert answer.json()["items"][0]["end"] == "2026-11-17T13:00:00Z"


@given(
    st.sampled_from(["15m", "1h", "24h", "7d"]), st.integers(0, 10**12), st.integers(1, 30 * DAY_MS), st.integers(0, 99)
)
def test_the_ends_are_on_the_clock_and_can_be_taken_up_anywhere(
    window: WindowName, from_ms: int, length_ms: int, skip: int
) -> None:
    span = Span(window, from_ms, from_ms + length_ms)
    ends = list(span.ends())
    assert all(end % STEP_MS[window] == 0 and span.from_ms < end <= span.to_ms for end in ends)
    assert len(ends) in (length_ms // STEP_MS[window], length_ms // STEP_MS[window] + 1)
    for end in ends[skip : skip + 1]:
        assert list(span.ends(end)) == ends[skip:]


def row(channel: str, score: float | None = -12.5) -> WindowRow:
    return WindowRow(
        segment=Place(channel, None),
        metric="nps",
        survey_kind="hot",
        window="1h",
        start="2026-11-17T13:00:00Z",
        end="2026-11-17T14:00:00Z",
        final=True,
        n=12,
        counts={"3": 4, "10": 8},
        score=score,
        low=None if score is None else -30.25,
        high=None if score is None else 8.0,
    )


@pytest.mark.parametrize("name", ['=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_spreadsheet_takes_a_name_for_a_formula(name: str) -> None:
    (_, cells) = csv.reader(io.StringIO(csv_text([row(name)]), newline=""))
    assert cells[4] == f"'{name}"
    assert float(cells[9]) == -12.5  # a number below 0 stays a number


def test_a_csv_file_can_be_read_back(tmp_path: Path) -> None:
    names = ["web", 'a "quoted", name', "déjà vu"]
    assert write_csv(tmp_path / "w.csv", [row(name, None) for name in names]) == 3
    with (tmp_path / "w.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [line["channel"] for line in found] == names
    assert {(line["stage"], line["score"], line["counts"], line["final"]) for line in found} == {
        ("", "", '{"3":4,"10":8}', "true")
    }


def test_a_parquet_file_has_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [row("=web"), row("app", None)] * 700
    assert write_parquet(tmp_path / "w.parquet", iter(rows)) == 1_400
    table = parquet.read_table(tmp_path / "w.parquet")
    assert table.num_rows == 1_400
    kinds = {name: str(table.schema.field(name).type) for name in ("start", "n", "score", "final", "channel")}
    assert kinds == {
        "start": "timestamp[ms, tz=UTC]",
        "n": "int64",
        "score": "double",
        "final": "bool",
        "channel": "string",
    }
    first, second = table.slice(0, 2).to_pylist()
    assert (first["channel"], first["score"], first["end"].isoformat()) == ("=web", -12.5, "2026-11-17T14:00:00+00:00")
    assert second["score"] is None


def test_a_page_can_be_had_as_parquet_with_the_same_rows(world: World, client: TestClient) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    world.answers("web", "buy", {10: 6, 9: 2, 3: 4})
    whole = client.get("/api/v1/windows", params={"window": "1h"}).json()["items"]
    answer = client.get("/api/v1/windows", params={"window": "1h", "format": "parquet", "limit": "3"})
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    rows = parquet.read_table(io.BytesIO(answer.content)).to_pylist()
    following = client.get(answer.links["next"]["url"])
    rows += parquet.read_table(io.BytesIO(following.content)).to_pylist()
    assert [(r["channel"], r["stage"], r["n"], r["score"]) for r in rows] == [
        (r["segment"]["channel"], r["segment"]["stage"], r["n"], r["score"]) for r in whole
    ]
    again = client.get(
        "/api/v1/windows",
        params={"window": "1h", "format": "parquet", "limit": "3"},
        headers={"If-None-Match": answer.headers["etag"]},
    )
    assert (again.status_code, again.content) == (304, b"")


def test_without_its_package_parquet_is_refused_with_the_way_out(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as where it is not installed
    answer = client.get("/api/v1/windows", params={"format": "parquet"})
    assert answer.status_code == 501
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert "pip install 'cxwatch[parquet]'" in answer.json()["detail"]
    assert client.get("/api/v1/windows", params={"format": "csv"}).status_code == 200
