"""Buttons in Slack: over signed HTTP and over Socket Mode, late, twice, replayed, forged and broken."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient
from slack_sdk.signature import SignatureVerifier
from sqlalchemy import select

from alerting import actions, casebook, store, troubles
from alerting.buttons import Buttons
from alerting.channels.slack import SlackChannel
from alerting.clicks import perform, read_click
from alerting.doing import Doing
from alerting.interactivity import interactivity_router
from alerting.react import react
from alerting.settings import Secret
from alerting.sockets import SocketMode
from alerting.tables import clicks
from streams.clock import DAY_MS, MINUTE_MS, ManualClock
from streams.signal import Signal
from tests.support.slack_double import SlackDouble

T0 = 1_794_924_300_000
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


def payload(action="incident.acknowledge", value="1:1", action_ts="1794924400.1", **changes):
    return {
        "type": "block_actions",
        "user": {"id": "U0JANA", "username": "jana.k", "name": "jana.k", "team_id": "T1"},
        "container": {"type": "message", "message_ts": "1794924366.001", "channel_id": "C0ALERTS01"},
        "channel": {"id": "C0ALERTS01", "name": "cx-alerts"},
        "trigger_id": "1.2.abc",
        "response_url": "https://hooks.slack.com/actions/T1/1/abc",
        "actions": [{"action_id": action, "block_id": "b", "value": value, "type": "button", "action_ts": action_ts}],
    } | changes


@pytest.fixture
def story(engine, settings, make):
    with engine.begin() as tx:
        react(tx, settings, T0, [make.flag()], make.anomaly("web", "buy", at=0))
    return engine


def press(engine, settings, *changes, at_ms=T0 + 10 * MINUTE_MS, **fields):
    click = read_click(payload(*changes, **fields))
    with engine.begin() as conn:
        return perform(conn, settings, click, at_ms, at_ms)


def test_who_clicked_is_recorded_and_told(story, settings):
    answered = press(story, settings)
    assert answered.done
    assert answered.text == "Incident #1 is acknowledged (acknowledged, 14:15)."
    with story.connect() as conn:
        (line,) = [e for e in store.incident_history(conn, 1) if e.kind == "acknowledged"]
        kept = conn.execute(select(clicks)).one()
    assert line.actor == "jana.k (Slack)"
    assert (kept.user_id, kept.action, kept.number) == ("U0JANA", "incident.acknowledge", 1)


@pytest.mark.parametrize(
    ("action", "value", "said"),
    [
        ("incident.snooze", "1:1", "Incident #1 is firing (snoozed, 14:15)."),
        ("incident.spam", "1:1", "Incident #1 is firing (spam, 14:15)."),
        ("case.claim", "1:1", "Case 1 is claimed by jana.k (Slack) (claimed, 14:15)."),
        ("case.snooze", "1:1", "Case 1 is open (snoozed, 14:15)."),
    ],
)
def test_every_button_does_what_it_says(story, settings, action, value, said):
    assert press(story, settings, action, value).text == said


def test_a_replayed_click_is_answered_as_before_and_does_nothing(story, settings):
    first = press(story, settings)
    again = press(story, settings, at_ms=T0 + 20 * MINUTE_MS)
    assert (again.text, again.done) == (first.text, False)
    with story.connect() as conn:
        assert [e.kind for e in store.incident_history(conn, 1)] == ["opened", "acknowledged"]


def test_a_second_click_on_the_same_button_is_told_how_things_stand(story, settings):
    press(story, settings)
    again = press(story, settings, action_ts="1794924401.5")
    assert not again.done
    assert again.text.startswith("Not done: somebody else was faster: #1 is no longer at version 1")
    assert again.text.endswith("Incident #1 is acknowledged (acknowledged, 14:15).")


def test_a_late_click_does_not_take_back_what_others_did(story, settings, make):
    with story.begin() as tx:
        react(tx, settings, T0 + 30 * MINUTE_MS, (), make.recovery("web", "buy", at=30))
    late = press(story, settings, at_ms=T0 + 60 * MINUTE_MS)
    assert not late.done
    assert "Incident #1 is resolved" in late.text


def test_what_is_resolved_can_be_reopened_by_its_button(story, settings):
    with story.begin() as conn:
        actions.resolve(conn, settings, 1, 1, Doing("Ben", T0))
    assert press(story, settings, "incident.reopen", "1:2").text.startswith("Incident #1 is acknowledged (reopened")


def test_a_click_on_something_that_is_gone_is_answered_too(story, settings):
    assert press(story, settings, "case.claim", "77:1").text == "Not done: there is no case 77."


def test_old_clicks_are_dropped(story, settings):
    press(story, settings)
    press(story, settings, action_ts="9", at_ms=T0 + 40 * DAY_MS)
    with story.connect() as conn:
        assert len(conn.execute(select(clicks)).all()) == 1


def test_links_and_other_interactions_are_nothing_to_do():
    assert read_click(payload("link.3")) is None
    assert read_click(payload(type="view_submission")) is None
    assert read_click(payload(actions=[])) is None


@pytest.mark.parametrize(
    "broken", [b"", b"[]", b"{}", b'{"type": 1}', b"\xff\xfe", b'{"type":"block_actions"}', b"[" * 5_000]
)
def test_what_is_no_interaction_is_refused(broken):
    with pytest.raises(ValueError, match="not an interaction"):
        read_click(broken)


@pytest.mark.parametrize("value", ["", "1", "1:", ":1", "a:b", "1:1:1", "-1:1", "٣:1", f"{10**12}:1", "1:1e3"])
def test_a_value_that_is_not_ours_is_refused(value):
    with pytest.raises(ValueError, match="button"):
        read_click(payload(value=value))


@given(st.text(max_size=300))
def test_a_name_from_slack_is_only_ever_text(name):
    click = read_click(payload(user={"id": "U1", "name": name}))
    assert len(click.actor) <= 60 + len(" (Slack)")
    assert "\u202e" not in click.actor


@pytest.fixture
def pressed():
    return Signal()


@pytest.fixture
def real():
    return ManualClock(T0)


@pytest.fixture
def http(story, settings, pressed, real):
    buttons = Buttons(story, settings, ManualClock(T0 + MINUTE_MS), real, pressed, None)
    with TestClient(Litestar([interactivity_router(buttons, Secret(SECRET), real)])) as client:
        yield client


def signed(body: bytes, at_ms: int = T0, secret: str = SECRET) -> dict[str, str]:
    stamp = str(at_ms // 1_000)
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature,
    }


def form(**changes) -> bytes:
    return b"payload=" + quote(json.dumps(payload(**changes))).encode()


def post(http, body: bytes, headers: dict[str, str]):
    return http.post("/slack/interactivity", content=body, headers=headers)


def state_of(engine) -> str:
    with engine.connect() as conn:
        return store.read_incident(conn, 1).state


def test_a_signed_click_is_done_and_wakes_the_delivery(http, story, pressed):
    body = form()
    answer = post(http, body, signed(body))
    assert (answer.status_code, answer.text) == (200, "")
    assert state_of(story) == "acknowledged"
    assert pressed.rings == 1


@pytest.mark.parametrize(
    "forge",
    [
        lambda body: {},
        lambda body: signed(body, secret="another"),
        lambda body: signed(body, at_ms=T0 - 6 * MINUTE_MS),
        lambda body: signed(body, at_ms=T0 + 6 * MINUTE_MS),
        lambda body: signed(body) | {"X-Slack-Request-Timestamp": "now"},
        lambda body: signed(body) | {"X-Slack-Request-Timestamp": "9" * 400},
        lambda body: signed(body) | {"X-Slack-Signature": "v0="},
        lambda body: signed(body) | {"X-Slack-Signature": "v0=ü"},
        lambda body: signed(body + b" "),
    ],
)
def test_a_request_that_slack_did_not_sign_just_now_is_turned_away(http, story, forge):
    body = form()
    headers = {name: value.encode("utf-8") for name, value in forge(body).items()}
    assert post(http, body, headers).status_code == 401
    assert state_of(story) == "firing"


@pytest.mark.parametrize("body", [b"", b"payload=", b"payload=%7B%7D", b"x=1", b"&" * 50, b"a=1;" * 99])
def test_a_signed_request_that_says_nothing_is_a_400(http, body):
    assert post(http, body, signed(body)).status_code == 400


def test_a_body_that_is_too_large_is_refused(http):
    body = b"payload=" + b"x" * (1024 * 1024 + 1)
    assert post(http, body, signed(body)).status_code == 413


async def test_the_answer_is_whispered_to_whoever_clicked(story, settings, real, pressed):
    async with SlackDouble(real) as double:
        slack = SlackChannel("xoxb-double", double.url, 5)
        buttons = Buttons(story, settings, real, real, pressed, slack.whisper)
        click = read_click(payload())
        await buttons.tell(click, await buttons.press(click))
        assert double.whispers == [("C0ALERTS01", "U0JANA", "Incident #1 is acknowledged (acknowledged, 14:05).")]
        double.fault = lambda method: "error:channel_not_found"
        await buttons.tell(click, await buttons.press(click))  # not answered in words, and nothing breaks


async def until(condition, seconds=8.0):
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never happened")


async def test_clicks_come_through_socket_mode_are_confirmed_and_survive_a_reconnect(story, settings, real, pressed):
    async with SlackDouble(real) as double:
        slack = SlackChannel("xoxb-double", double.url, 5)
        buttons = Buttons(story, settings, real, real, pressed, slack.whisper)
        stop = asyncio.Event()
        mode = SocketMode(story, buttons, real, "xapp-double", double.url, ping_s=0.2)
        running = asyncio.create_task(mode.run(stop))
        try:
            await until(lambda: double.sockets)
            await double.push(payload(), "e1")
            await until(lambda: double.whispers)
            assert state_of(story) == "acknowledged"
            await double.push(payload(), "e2")  # handed over again: confirmed again, done once
            await double.push({"type": "events_api"}, "e3", "events_api")
            await double.push({"nonsense": True}, "e4")
            await until(lambda: double.acknowledged == ["e1", "e2", "e3", "e4"])
            await double.sockets[-1].close()
            await until(lambda: not double.sockets)
            await until(lambda: double.sockets)
            await double.push(payload("case.claim", "1:1"), "e5")
            await until(lambda: len(double.whispers) == 3)
        finally:
            stop.set()
            await running
    with story.connect() as conn:
        assert casebook.read_case(conn, 1).claimed_by == "jana.k (Slack)"
        assert [e.kind for e in store.incident_history(conn, 1)] == ["opened", "acknowledged"]


async def test_a_wrong_app_token_says_what_to_do_and_is_tried_again(story, settings, real, pressed):
    async with SlackDouble(real, lambda method: "error:invalid_auth") as double:
        stop = asyncio.Event()
        mode = SocketMode(story, Buttons(story, settings, real, real, pressed, None), real, "x", double.url, ping_s=0.2)
        running = asyncio.create_task(mode.run(stop))

        def known():
            with story.connect() as conn:
                return troubles.read(conn)

        try:
            await until(known)
            assert known()[0].place == "slack buttons"
            assert "set SLACK_APP_TOKEN" in known()[0].reason
            double.fault = lambda method: "ok"
            await until(lambda: double.sockets)
            await until(lambda: not known())
        finally:
            stop.set()
            await running
