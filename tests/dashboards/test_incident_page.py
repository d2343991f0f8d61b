"""The page of an incident: its drawing against a plain recompute, its customers, and what forms do."""

from __future__ import annotations

import re

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient

from alerting.store import read_incident
from dashboards.pages.share_chart import share_chart
from detectors.chance import wilson
from streams.clock import HOUR_MS, MINUTE_MS, minute_of
from streams.records import LeafMinute
from tests.dashboards.test_pages import text_of
from tests.support.dashboards import NOW_MS, World, busy_day
from tests.support.recovery import morning

SINCE = NOW_MS - 97 * MINUTE_MS
HOSTILE = "<script>alert(1)</script> <!channel> \u202egnp.exe"


def send(client: TestClient, action: str, **fields: object) -> httpx.Response:
    data = {name: str(value) for name, value in fields.items()}
    return client.post(f"/incidents/2047/{action}", data=data, follow_redirects=False)


@given(st.lists(st.tuples(st.integers(0, 330), st.integers(1, 9), st.integers(0, 9)), max_size=40))
def test_the_line_is_the_share_of_the_last_hour(answers: list[tuple[int, int, int]]) -> None:
    end = minute_of(NOW_MS)
    minutes = [LeafMinute(end - ago, "web", "buy", n, min(bad, n), 0) for ago, n, bad in answers]
    chart = share_chart(minutes, SINCE, NOW_MS, (0.15, 0.12, 0.19))
    for moment in chart.moments if chart else ():
        inside = [m for m in minutes if moment.at_ms - HOUR_MS <= m.minute * MINUTE_MS <= moment.at_ms]
        n, bad = sum(m.n for m in inside), sum(m.bad for m in inside)
        assert (moment.n, moment.bad) == (n, bad)
        assert (moment.low, moment.high) == wilson(bad, n)
    if chart:
        assert all(bar.bad_height + bar.other_height <= 62.2 for bar in chart.bars)
        assert all(56 <= y <= 236 for y in map(float, re.findall(r" ([\d.]+)", chart.before + chart.since)))
    else:
        assert not [m for m in minutes if SINCE - 4 * HOUR_MS <= m.minute * MINUTE_MS <= NOW_MS - 3 * MINUTE_MS]


def test_the_page_draws_the_share_and_lists_whom_it_hurt(world: World, client: TestClient) -> None:
    busy_day(world)
    morning(world)
    page = client.get("/incidents/2047").text
    said = text_of(page)
    assert '<svg class="share"' in page
    assert "began about 14:05" in said
    assert "Affected customers" in said
    assert "c_7f3a91" in said
    assert 'href="/queue?incident=2047"' in page
    assert not re.search(r"\sstyle=|<style", page)


@pytest.mark.parametrize("signal", ["share", "volume", "guardrail", "drift", "silence"])
@pytest.mark.slow_on_postgresql
def test_every_sign_has_its_page(world: World, client: TestClient, signal: str) -> None:
    busy_day(world)
    with world.engine.begin() as conn:
        conn.exec_driver_sql(f"UPDATE incident_members SET signal = '{signal}'")
    assert client.get("/incidents/2047").status_code == 200


def test_forms_take_rest_give_and_end_it(world: World, client: TestClient) -> None:
    busy_day(world)
    world.incident(2047, "web", "buy")
    steps = [
        ("acknowledge", {}, "taken by someone on this machine"),
        ("snooze", {"minutes": 60}, "Snoozed by"),
        ("handover", {"to": "Murat A."}, "taken by Murat A."),
        ("spam", {"spam": "yes"}, "possible spam"),
        ("spam", {"spam": "no"}, "Not spam, says"),
        ("note", {"note": HOSTILE}, "alert(1)"),
        ("resolve", {}, "Resolved by"),
        ("reopen", {}, "Reopened by"),
    ]
    for version, (action, fields, said) in enumerate(steps, start=1):
        answer = send(client, action, version=version, **fields)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/incidents/2047"), (action, answer.text)
        page = client.get("/incidents/2047").text
        assert said in text_of(page), action
        assert "<script>alert" not in page
        assert "\u202e" not in page


def test_who_was_too_late_is_told_and_keeps_the_words(world: World, client: TestClient) -> None:
    busy_day(world)
    world.incident(2047, "web", "buy")
    send(client, "acknowledge", version=1)
    late = send(client, "note", version=1, note="Provider confirms")
    assert late.status_code == 409
    assert "someone on this machine was faster" in text_of(late.text)
    assert 'value="Provider confirms"' in late.text
    with world.engine.connect() as conn:
        incident = read_incident(conn, 2047)
    assert incident is not None
    assert incident.version == 2


@pytest.mark.slow_on_postgresql
def test_an_incident_that_is_not_there_takes_no_form(client: TestClient) -> None:
    assert client.post("/incidents/9/resolve", data={"version": "1"}).status_code in (404, 409)
    assert client.post("/incidents/99999999999999999999/resolve", data={"version": "1"}).status_code == 404
