"""The demo's day, scraped by a real Prometheus that alerts through a real Alertmanager."""

from __future__ import annotations

import math
from collections.abc import Iterator

import httpx
import pytest

from bench.agreement import agreement
from bench.day import Day, demo_day
from dashboards.grafana.boards import build_boards
from dashboards.rules.document import rule_file
from tests.support.panels import queries
from tests.support.prometheus import Alertmanager, Hook, Prometheus, alertmanager, prometheus, until, webhook

pytestmark = pytest.mark.long

HOURS = 6  # with the delivery incident, and first contacts that nobody made in time
Scraped = tuple[Day, Prometheus, Alertmanager, Hook]


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    """Hours of the day, scraped now and then; then everything stands still."""
    folder = tmp_path_factory.mktemp("day")
    with (
        demo_day(folder / "day") as day,
        webhook() as hook,
        alertmanager(folder / "alertmanager", hook.url) as manager,
        prometheus(
            folder / "prometheus",
            day.url.removeprefix("http://"),
            rules=rule_file(day.settings.boards),
            alertmanager=manager.address,
        ) as server,
    ):
        for _ in range(HOURS):
            day.advance(1)
            server.caught_up()
        yield day, server, manager, hook


def test_the_scrape_is_well(scraped: Scraped) -> None:
    _, server, _, _ = scraped
    assert server.up("cxwatch")
    assert {rule["health"] for group in server.get("rules")["groups"] for rule in group["rules"]} == {"ok"}


def test_scores_in_prometheus_are_the_products_own(scraped: Scraped) -> None:
    day, server, _, _ = scraped
    found = agreement(server, day.windows())
    assert found.only_in_one == ()
    assert found.compared > 300
    assert found.largest < 1e-9


def test_the_counters_tell_what_came_in_since_the_start_and_no_history(scraped: Scraped) -> None:
    day, server, _, _ = scraped
    live = sum(day.product.responses().values())
    assert server.one("sum(cx_survey_responses_total)") == live
    week = sum(row["n"] for row in day.windows(window="7d") if row["segment"] == {"channel": None, "stage": None})
    assert week > live > 1_000  # history is in the windows, and moved no counter


def test_an_alert_goes_through_alertmanager_to_a_webhook(scraped: Scraped) -> None:
    _, server, manager, hook = scraped
    until(lambda: "CxFirstContactMissed" in server.firing(), why="first contacts were missed: nobody called anybody")
    (alert, *_) = until(lambda: hook.heard("CxFirstContactMissed"), why="the webhook heard of it")
    assert alert["annotations"]["summary"] == "Customers were not contacted in time"
    assert alert["annotations"]["page"].endswith("/queue")
    assert manager.alerts(alertname="CxFirstContactMissed")


def test_what_is_well_alerts_nobody(scraped: Scraped) -> None:
    _, server, _, _ = scraped
    unwell = {"CxNotScraped", "CxMeasuringBehind", "CxRecordsRefused", "CxMessagesGivenUp", "CxNobodyDecides"}
    assert not server.firing() & unwell


def test_an_exemplar_leads_from_prometheus_to_a_case(scraped: Scraped) -> None:
    day, server, _, _ = scraped
    with httpx.Client(base_url=f"{day.url}/api/v1", timeout=60, trust_env=False) as client:
        case = client.get("/cases").json()["items"][0]
        for step in ("claim", "contact"):

            def done(step: str = step) -> bool:  # the product may just note a missed clock: then once more
                version = client.get(f"/cases/{case['id']}").json()["case"]["version"]
                return client.post(f"/cases/{case['id']}/{step}", json={"version": version}).is_success

            until(done, why=f"{step} went through")
    server.caught_up()
    found = server.get("query_exemplars", query="cx_first_contact_seconds_bucket", start=0, end=4e9)
    assert {e["labels"]["case"] for series in found for e in series["exemplars"]} == {str(case["id"])}


# Panels that are empty while all is well, or before anybody was contacted.
MAY_BE_EMPTY = {
    "Open incidents",
    "Open anomalies by place",
    "Time to first contact",
    "Time to the first post",
    "Alerts of Prometheus",
}


def test_every_panel_shows_something_and_never_too_much(scraped: Scraped) -> None:
    day, server, _, _ = scraped
    end = server.at or 0.0
    wrong = []
    for board in build_boards(day.settings.boards):
        for query in queries(board.json, **({"channel": "web"} if board.uid == "cxwatch-channel" else {})):
            values = (
                [(labels, [value]) for labels, value in server.instant(query.expr)]
                if query.instant
                else server.over(query.expr, end - 60, end)
            )
            real = [v for _, many in values for v in many if not math.isnan(v)]
            if not real and query.panel not in MAY_BE_EMPTY:
                wrong.append(f"{query.board} {query.panel}: no numbers from {query.expr}")
            if len(values) > 60:
                wrong.append(f"{query.board} {query.panel}: {len(values)} series")
            missing = [name for name in query.labels if any(name not in labels for labels, _ in values)]
            if missing:
                wrong.append(f"{query.board} {query.panel}: the legend names {missing}, which the series lack")
    assert wrong == []


@pytest.mark.parametrize("window", ["15m", "1h", "24h", "7d"])
def test_the_walls_numbers_are_the_products_own(scraped: Scraped, window: str) -> None:
    day, server, _, _ = scraped
    wall = build_boards(day.settings.boards)[0].json
    rows = day.windows(window=window, metric="nps", survey_kind="hot")
    shown = [(query.panel, server.instant(query.expr)) for query in queries(wall, window=window)]
    (everywhere,) = [row for row in rows if row["segment"] == {"channel": None, "stage": None}]
    expected = [everywhere[name] for name in ("score", "low", "high", "n")]
    found = [samples[0][1] if samples else None for _, samples in shown[:4]]
    assert found == [None if value is None else pytest.approx(value, abs=1e-9) for value in expected]
    (table,) = [samples for panel, samples in shown if panel.startswith("Scores of places")]
    leaves = {
        (row["segment"]["channel"], row["segment"]["stage"]): row["score"]
        for row in rows
        if row["score"] is not None and None not in row["segment"].values()
    }
    assert {(labels["channel"], labels["stage"]): value for labels, value in table} == pytest.approx(leaves, abs=1e-9)


def test_a_channels_numbers_are_the_products_own(scraped: Scraped) -> None:
    day, server, _, _ = scraped
    board = build_boards(day.settings.boards)[1].json
    (row,) = [
        row
        for row in day.windows(window="24h", metric="nps", survey_kind="hot", channel="web")
        if row["segment"]["stage"] is None
    ]
    shown = [server.one(query.expr) for query in list(queries(board, channel="web"))[:4]]
    assert shown == pytest.approx([row[name] for name in ("score", "low", "high", "n")], abs=1e-9)
