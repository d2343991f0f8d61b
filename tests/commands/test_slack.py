"""`cxwatch slack test` and `retry`, against the double of Slack that slack_sdk's own client is pointed to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerting import outbox, troubles
from cxwatch.database import open_engine
from streams.clock import ManualClock, SystemClock
from tests.commands.conftest import Shell, answer, lines
from tests.support.slack_double import SlackDouble


@pytest.fixture
def slack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackDouble]:
    """The double in a thread of its own, because commands bring their own event loop."""
    double = SlackDouble(ManualClock(SystemClock().now_ms()))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(double.__aenter__(), loop).result(10)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-double")
    (folder / "cxwatch.toml").write_text(f'[alerts]\nslack_url = "{double.url}"\n', encoding="utf-8")
    yield double
    asyncio.run_coroutine_threadsafe(double.__aexit__(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def test_all_is_well_and_a_line_is_posted_to_each_channel(cxwatch: Shell, slack: SlackDouble) -> None:
    ended = cxwatch("slack", "test", "--json")
    assert ended.code == 0
    assert [(row["check"], row["ok"]) for row in ended.rows] == [
        ("token", True),
        ("scopes", True),
        ("#cx-alerts", True),
        ("#cx-recovery", True),
        ("buttons", True),
    ]
    assert "good for Shop as cxwatch" in ended.rows[0]["text"]
    assert [m["channel"] for m in slack.messages] == ["C0ALERTS01", "C0RECOVER1"]


def test_each_thing_in_the_way_says_what_to_do(
    cxwatch: Shell, slack: SlackDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    slack.archived.add("C0RECOVER1")
    slack.scopes = "channels:read"
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-double")
    slack.fault = lambda method: "error:invalid_auth" if method == "apps.connections.open" else "ok"
    ended = cxwatch("slack", "test")
    assert ended.code == 1
    for said in ("chat:write missing", "unarchive it, or correct the route", "SLACK_APP_TOKEN must be"):
        assert said in ended.out
    slack.fault = lambda method: "error:token_revoked"
    assert "install the app again" in cxwatch("slack", "test").out
    assert "xoxb" not in ended.out + ended.err
    assert "xapp-double" not in ended.out + ended.err


def test_without_a_token_it_says_how_to_get_one(cxwatch: Shell, folder: Path) -> None:
    ended = cxwatch("slack", "test")
    assert (ended.code, "SLACK_BOT_TOKEN is not set" in ended.err) == (1, True)


def test_what_was_given_up_is_seen_by_doctor_and_tried_again(cxwatch: Shell, folder: Path) -> None:
    assert cxwatch("ingest", lines(folder / "a.jsonl", [answer(1)])).code == 0
    engine = open_engine(folder / "cxwatch-data" / "state.db", durable=True)
    with engine.begin() as conn:
        outbox.want(conn, "incident", 1, "#cx-alerts", 0)
        outbox.change(conn, outbox.read(conn, "incident-1"), state="dead")
        troubles.note(conn, "slack", "#cx-alerts", "is_archived: unarchive it", 1_794_924_300_000)
    said = cxwatch("doctor").out
    assert "slack #cx-alerts: is_archived: unarchive it (since 2026-11-17T14:05:00Z)" in said
    assert "1 messages given up" in said
    assert "1 messages and notes are tried again." in cxwatch("slack", "retry").out
    assert "Nothing was given up." in cxwatch("slack", "retry").out
    with engine.connect() as conn:
        assert outbox.read(conn, "incident-1").state == "ready"
    engine.dispose()
