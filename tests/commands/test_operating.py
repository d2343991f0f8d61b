"""`cxwatch init`, `doctor`, `migrate`, `replay`, `live`, `pause` and `token`: operating it."""

from __future__ import annotations

import asyncio
import http.server
import json
import sqlite3
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cxwatch.database import open_state
from cxwatch.settings import load_settings
from cxwatch.upkeep import Upkeep
from streams.clock import SystemClock
from streams.logs.sqlite import SqliteLog
from tests.commands.conftest import Row, Shell, ago, answer, lines


@pytest.fixture
def filled(cxwatch: Shell, folder: Path) -> Shell:
    assert cxwatch("ingest", lines(folder / "a.jsonl", [answer(n) for n in range(12)])).code == 0
    return cxwatch


def test_init_writes_settings_that_can_be_used_and_overwrites_nothing(cxwatch: Shell, folder: Path) -> None:
    first = cxwatch("init")
    assert (first.code, first.out.split(".")[0]) == (0, "Wrote cxwatch")
    text = (folder / "cxwatch.toml").read_text(encoding="utf-8")
    load_settings(folder / "cxwatch.toml", {})
    again = cxwatch("init")
    assert again.code == 1
    assert "cxwatch.toml is here already and stays as it is" in again.err
    assert (folder / "cxwatch.toml").read_text(encoding="utf-8") == text


def test_every_setting_that_init_explains_is_one(cxwatch: Shell, folder: Path) -> None:
    cxwatch("init")
    path = folder / "cxwatch.toml"
    shown = [line for line in path.read_text(encoding="utf-8").splitlines() if line]
    explained = [line[2:] if line.startswith("# ") and ("=" in line or line[2] == "[") else line for line in shown]
    path.write_text("\n".join(explained), encoding="utf-8")
    load_settings(path, {})


def test_init_names_the_channels_and_stages_of_a_file(cxwatch: Shell, folder: Path) -> None:
    events = [answer(1, channel='Kiosk "A"', stage="déjà vu"), answer(2, channel="app", stage="déjà vu")]
    assert cxwatch("init", "--from", lines(folder / "a.jsonl", events)).code == 0
    found = tomllib.loads((folder / "cxwatch.toml").read_text(encoding="utf-8"))
    assert set(found["channels"]) == {'Kiosk "A"', "app"}
    assert found["stages"] == ["déjà vu"]
    load_settings(folder / "cxwatch.toml", {})


def test_init_from_nothing_readable_writes_nothing(cxwatch: Shell, folder: Path) -> None:
    (folder / "a.jsonl").write_text("hello\n", encoding="utf-8")
    assert cxwatch("init", "--from", "a.jsonl").code == 2
    assert cxwatch("init", "--from", "b.jsonl").code == 2
    assert not (folder / "cxwatch.toml").exists()


def test_a_token_is_shown_once(cxwatch: Shell, folder: Path) -> None:
    made = cxwatch("token", "create", "shop", "--scope", "ingest", "--scope", "read", "--json")
    (row,) = made.rows
    assert (row["id"], row["name"], row["scopes"]) == (1, "shop", ["ingest", "read"])
    assert row["token"] not in made.err
    listed = cxwatch("token", "list", "--json")
    assert [(one["id"], one["name"], one["revoked"]) for one in listed.rows] == [(1, "shop", None)]
    assert row["token"] not in listed.out + listed.err + cxwatch("token", "list").out
    kept = b"".join(path.read_bytes() for path in (folder / "cxwatch-data").iterdir())
    assert row["token"].encode() not in kept


def test_for_people_stdout_is_the_token_alone(cxwatch: Shell) -> None:
    ended = cxwatch("token", "create", "shop")
    assert len(ended.out.split()) == 1
    assert "shown only now" in ended.err


def test_a_revoked_token_says_since_when(cxwatch: Shell) -> None:
    cxwatch("token", "create", "shop")
    assert cxwatch("token", "revoke", "1", "--json").rows == [{"id": 1, "revoked": True}]
    assert cxwatch("token", "list", "--json").rows[0]["revoked"]
    again = cxwatch("token", "revoke", "1", "--json")
    assert (again.code, again.rows) == (1, [{"id": 1, "revoked": False}])


@pytest.mark.parametrize("words", [("shop", "--scope", "admin"), ("",), ("x" * 1000,)])
def test_a_token_that_cannot_be_is_refused(cxwatch: Shell, words: tuple[str, ...]) -> None:
    ended = cxwatch("token", "create", *words, "--json")
    assert (ended.code, ended.out) == (2, "")


def test_doctor_names_every_check(filled: Shell) -> None:
    ended = filled("doctor", "--json")
    checks = {row["check"]: row["state"] for row in ended.rows}
    assert ended.code == 0
    assert checks == {
        "settings": "ok",
        "disk": "ok",
        "database": "ok",
        "log": "ok",
        "measuring": "note",
        "refused": "ok",
        "alerts": "note",
        "access": "ok",
        "web": "note",
        "prometheus": "note",
        "grafana": "note",
    }
    assert all(row.keys() == {"check", "state", "text"} for row in ended.rows)
    people = filled("doctor")
    assert [line.split()[1] for line in people.out.splitlines()] == list(checks)


def test_doctor_fails_where_something_is_in_the_way(filled: Shell, folder: Path) -> None:
    (folder / "cxwatch.toml").write_text('[web]\nhost = "0.0.0.0"\n', encoding="utf-8")
    ended = filled("doctor", "--json")
    assert ended.code == 1
    assert [row["check"] for row in ended.rows if row["state"] == "failed"] == ["access"]
    assert "token create" in next(row["text"] for row in ended.rows if row["check"] == "access")
    for end in ("", "-wal", "-shm"):
        (folder / "cxwatch-data" / f"log.db{end}").unlink(missing_ok=True)
    (folder / "cxwatch-data" / "log.db").write_bytes(b"this is no database" * 1000)
    broken = filled("doctor", "--json")
    assert broken.code == 1
    assert {"log", "access"} <= {row["check"] for row in broken.rows if row["state"] == "failed"}


def test_doctor_before_there_is_anything(cxwatch: Shell, folder: Path) -> None:
    ended = cxwatch("doctor", "--json")
    assert ended.code == 1
    assert ended.rows[-1]["check"] == "database"
    assert "cxwatch ingest FILE" in ended.rows[-1]["text"]
    assert list(folder.iterdir()) == []


@contextmanager
def somebody_else(status: int, body: bytes) -> Iterator[int]:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"[]"), (404, b"nothing here"), (404, b'"no"'), (503, b'{"reasons": null}')]
)
def test_doctor_survives_whatever_answers_at_the_port(
    filled: Shell, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes
) -> None:
    with somebody_else(status, body) as port:
        monkeypatch.setenv("CXWATCH_WEB_PORT", str(port))
        ended = filled("doctor", "--json")
    web = next(row for row in ended.rows if row["check"] == "web")
    assert web["text"]


def test_doctor_asks_its_own_machine_past_any_proxy(filled: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with somebody_else(503, b'{"reasons": ["the log is behind"]}') as port:
        monkeypatch.setenv("CXWATCH_WEB_PORT", str(port))
        ended = filled("doctor", "--json")
    web = next(row for row in ended.rows if row["check"] == "web")
    assert web["state"] == "failed"
    assert "the log is behind" in web["text"]


def test_migrate_brings_the_database_to_this_version(cxwatch: Shell, folder: Path) -> None:
    for _ in range(2):
        ended = cxwatch("migrate")
        assert ended.code == 0
        assert "state.db is at" in ended.out
    assert (folder / "cxwatch-data" / "state.db").exists()


def test_replay_equals_what_was_measured(filled: Shell, folder: Path) -> None:
    ended = filled("replay", "--json")
    assert ended.code == 0
    found = {row["table"]: row for row in ended.rows}
    assert all(row["differences"] == 0 for row in found.values())
    assert found["feedback"]["rows"] == 12
    assert "equal to the live tables" in ended.err
    assert not (folder / "cxwatch-data" / "replay.db").exists()


def test_replay_says_what_is_not_equal(filled: Shell, folder: Path) -> None:
    conn = sqlite3.connect(folder / "cxwatch-data" / "state.db")
    conn.execute("UPDATE feedback SET score = 3 WHERE id = 'a7'")
    conn.commit()
    conn.close()
    ended = filled("replay", "--json")
    assert ended.code == 1
    assert {row["table"]: row["differences"] for row in ended.rows}["feedback"] == 1
    people = filled("replay")
    assert people.code == 1
    assert "NOT equal" in people.out


def test_replay_keeps_the_rebuilt_tables_only_in_a_new_file(filled: Shell, folder: Path) -> None:
    assert filled("replay", "--into", "new.db").code == 0
    assert (folder / "new.db").exists()
    again = filled("replay", "--into", "new.db")
    assert again.code == 2
    assert "new.db exists already" in again.err


@pytest.mark.parametrize(
    "event",
    [
        answer(1, time=ago(days=12)),
        {"id": "p1", "source": "crm", "type": "profile", "time": ago(days=1), "customer": "c1", "tier": "gold"},
    ],
    ids=["answer of twelve days ago", "profile without an event"],
)
def test_replay_is_equal_after_retention(cxwatch: Shell, folder: Path, event: Row) -> None:
    assert cxwatch("ingest", lines(folder / "a.jsonl", [event])).code == 0
    settings, clock = load_settings(None, {}), SystemClock()
    engine, log = open_state(settings), SqliteLog(settings.log_path, clock)

    async def keep_up() -> None:
        await Upkeep(engine, log, clock, settings.measure, settings.log_days).once()
        await log.close()

    asyncio.run(keep_up())
    engine.dispose()
    assert cxwatch("replay", "--json").code == 0


def modes(folder: Path) -> list[tuple[str, bool, str]]:
    conn = sqlite3.connect(folder / "cxwatch-data" / "state.db")
    rows = conn.execute('SELECT mode, until_ms, "user" FROM modes ORDER BY mode_id').fetchall()
    conn.close()
    return [(mode, until is not None, user) for mode, until, user in rows]


def test_live_and_pause_are_recorded_with_who_did_it(filled: Shell, folder: Path) -> None:
    assert filled("live").code == 0
    assert "Paused until 20" in filled("pause", "2h").out
    assert "Paused until `cxwatch live`" in filled("pause").out
    recorded = modes(folder)
    assert [row[:2] for row in recorded] == [("live", False), ("paused", True), ("paused", False)]
    assert all(user for _, _, user in recorded)


def test_live_without_a_slack_token_does_not_promise_slack(filled: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "SLACK_BOT_TOKEN" in filled("live").err
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    assert "SLACK_BOT_TOKEN" not in filled("live").err


@pytest.mark.parametrize("span", ["2", "0h", "2w", "-1h", "99999d", "soon"])
def test_a_span_that_is_none_is_refused(filled: Shell, folder: Path, span: str) -> None:
    assert filled("pause", "--", span).code == 2
    assert modes(folder) == []


def test_a_mode_in_the_file_binds(filled: Shell, folder: Path) -> None:
    (folder / "cxwatch.toml").write_text('[alerts]\nmode = "shadow"\n', encoding="utf-8")
    ended = filled("live")
    assert (ended.code, ended.out) == (1, "")
    assert "binds" in ended.err
    assert modes(folder) == []


def test_json_is_one_object_a_line_whatever_the_log_says(cxwatch: Shell, folder: Path) -> None:
    events = [answer(n, channel="moon", unheard_of=1) for n in range(3)]
    ended = cxwatch("ingest", lines(folder / "a.jsonl", events), "--json")
    assert ended.rows == [{"accepted": 3, "duplicate": 0, "refused": 0, "history": 0}]
    for words in (("windows",), ("doctor",), ("replay",), ("token", "list"), ("incidents",), ("dead-letters", "list")):
        for line in cxwatch(*words, "--json").out.splitlines():
            assert isinstance(json.loads(line), dict)
