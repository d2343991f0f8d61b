"""`cxwatch rules`, `cxwatch grafana build | push`, and what doctor says of Prometheus and Grafana."""

from __future__ import annotations

import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands.conftest import Shell, answer, lines
from tests.support.grafana_double import TOKEN, GrafanaDouble, grafana_double
from tests.support.tools import need


@pytest.fixture
def grafana(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GrafanaDouble]:
    with grafana_double() as double:
        (folder / "cxwatch.toml").write_text(f'[grafana]\nurl = "{double.url}"\n')
        monkeypatch.setenv("GRAFANA_TOKEN", TOKEN)
        yield double


def test_rules_are_a_file_that_prometheus_takes(cxwatch: Shell, folder: Path) -> None:
    (folder / "cxwatch.toml").write_text('[objectives]\ncsat = 90\nthumbs = 75\n\n[web]\npublic_url = "https://cx.a"\n')
    ended = cxwatch("rules")
    assert ended.code == 0
    (folder / "rules.yml").write_text(ended.out)
    checked = subprocess.run(
        [need("promtool"), "check", "rules", "--lint=all", "--lint-fatal", "rules.yml"],
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 0, checked
    alerts = {rule.get("alert"): rule for group in yaml.safe_load(ended.out)["groups"] for rule in group["rules"]}
    assert "CxThumbsBurn" in alerts
    assert alerts["CxStreamSilent"]["annotations"]["page"] == "https://cx.a/"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[objectives]\nnps = 60", "from 70 to 99.9"),
        ("[prometheus]\njob = 'a\"b'", "letters, digits"),
        ('[grafana]\nurl = "http://me:secret@grafana"', "without a name or password"),
        ('[grafana]\ntoken = "glsa"', "is not a setting"),
    ],
)
def test_settings_that_cannot_be_used_are_named(cxwatch: Shell, folder: Path, line: str, said: str) -> None:
    (folder / "cxwatch.toml").write_text(line + "\n")
    ended = cxwatch("rules")
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_build_writes_files_and_says_which(cxwatch: Shell, folder: Path) -> None:
    first = cxwatch("grafana", "build", "out", "--seen-at", "/srv/boards", "--json")
    assert first.code == 0
    assert {row["action"] for row in first.rows} == {"created"}
    assert len(first.rows) == 7
    assert "/srv/boards/boards" in (folder / "out/dashboards/cxwatch.yaml").read_text()
    assert json.loads((folder / "out/boards/cxwatch-wall.json").read_text())["uid"] == "cxwatch-wall"
    again = cxwatch("grafana", "build", "out", "--seen-at", "/srv/boards", "--json")
    assert {row["action"] for row in again.rows} == {"unchanged"}


def test_build_into_a_file_is_told(cxwatch: Shell, folder: Path) -> None:
    (folder / "out").write_text("")
    ended = cxwatch("grafana", "build", "out")
    assert ended.code == 1
    assert "name a folder that is yours" in ended.err


def test_push_creates_then_leaves_alone(cxwatch: Shell, grafana: GrafanaDouble) -> None:
    assert "would create" in cxwatch("grafana", "push", "--dry-run").out
    assert grafana.boards == {}
    first = cxwatch("grafana", "push")
    assert (first.code, first.out.count("created")) == (0, 7)
    assert f"{grafana.url}/d/cxwatch-wall?kiosk" in first.err
    second = cxwatch("grafana", "push", "--json")
    assert [row["action"] for row in second.rows] == ["unchanged"] * 7


def test_push_without_a_token_says_how_to_get_one(
    cxwatch: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRAFANA_TOKEN", raising=False)
    ended = cxwatch("grafana", "push")
    assert ended.code == 1
    assert "service account" in ended.err


def test_push_with_a_wrong_token_never_repeats_it(
    cxwatch: Shell, grafana: GrafanaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAFANA_TOKEN", "glsa_wrong")
    ended = cxwatch("grafana", "push")
    assert ended.code == 1
    assert "does not know the token" in ended.err
    assert "glsa_wrong" not in ended.err + ended.out


def said_by_doctor(cxwatch: Shell) -> dict[str, tuple[str, str]]:
    return {row["check"]: (row["state"], row["text"]) for row in cxwatch("doctor", "--json").rows}


def test_doctor_looks_at_the_push(cxwatch: Shell, grafana: GrafanaDouble, folder: Path) -> None:
    assert cxwatch("ingest", lines(folder / "a.jsonl", [answer(1)])).code == 0
    assert said_by_doctor(cxwatch)["grafana"][1].endswith("no boards yet: cxwatch grafana push")
    cxwatch("grafana", "push")
    assert said_by_doctor(cxwatch)["grafana"][0] == "ok"
    grafana.fail["health"] = 503
    assert said_by_doctor(cxwatch)["grafana"][0] == "failed"


@contextmanager
def prometheus_says(targets: list[dict[str, Any]], groups: list[dict[str, Any]]) -> Iterator[str]:
    """Another program's answers: a real Prometheus is in test_prometheus_day.py."""

    class Api(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = {"groups": groups} if "rules" in self.path else {"activeTargets": targets}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"status": "success", "data": data}).encode())

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


UP = {"labels": {"job": "cxwatch"}, "health": "up", "lastError": ""}


@pytest.mark.parametrize(
    ("targets", "groups", "state", "words", "rules"),
    [
        ([UP], [{"name": "cxwatch itself", "rules": [{}, {}]}], "ok", "reads 1 processes", "ok"),
        ([UP | {"labels": {"job": "node"}}], [], "failed", 'no job "cxwatch"', "note"),
        (
            [UP | {"health": "down", "lastError": "server returned HTTP status 401"}],
            [],
            "failed",
            "--scope read",
            "note",
        ),
        ([UP | {"health": "down", "lastError": "connection refused"}], [], "failed", "cxwatch run", "note"),
    ],
)
def test_doctor_looks_at_the_scrape(
    cxwatch: Shell, folder: Path, targets: list[Any], groups: list[Any], state: str, words: str, rules: str
) -> None:
    assert cxwatch("ingest", lines(folder / "a.jsonl", [answer(1)])).code == 0
    with prometheus_says(targets, groups) as url:
        (folder / "cxwatch.toml").write_text(f'[prometheus]\nurl = "{url}"\n')
        found = said_by_doctor(cxwatch)
    assert found["prometheus"][0] == state
    assert words in found["prometheus"][1]
    assert found["rules"][0] == rules
