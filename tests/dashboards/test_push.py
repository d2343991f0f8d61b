"""Pushing to Grafana: what is there and the same is left alone, and every no is told in words that help."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerting.settings import Secret
from dashboards.grafana.boards import build_boards
from dashboards.grafana.client import FaceClient
from dashboards.grafana.port import Conflict, Forbidden, GrafanaError, NotThere, Rejected, Unauthorized, Unreachable
from dashboards.grafana.provisioning import files, write_files
from dashboards.grafana.push import Change, push
from dashboards.settings import BoardSettings, GrafanaSettings
from tests.support.grafana_double import TOKEN, GrafanaDouble, grafana_double

SETTINGS = BoardSettings(channels=("web", "app"), stages=("buy", "use"))
BOARDS = build_boards(SETTINGS)


@pytest.fixture
def grafana() -> Iterator[GrafanaDouble]:
    with grafana_double() as double:
        yield double


def pushed(
    double: GrafanaDouble, settings: BoardSettings = SETTINGS, *, dry_run: bool = False, token: str = TOKEN
) -> list[Change]:
    client = FaceClient(double.url, Secret(token), timeout_s=5)
    return list(push(client, settings, build_boards(settings), dry_run=dry_run))


def actions(changes: list[Change]) -> list[str]:
    return [change.action for change in changes]


def test_the_first_push_creates_everything_and_the_second_changes_nothing(grafana: GrafanaDouble) -> None:
    assert actions(pushed(grafana)) == ["created"] * 7
    assert set(grafana.boards) == {board.uid for board in BOARDS}
    assert {board["meta"]["folderUid"] for board in grafana.boards.values()} == {"cxwatch"}
    grafana.writes.clear()
    assert actions(pushed(grafana)) == ["unchanged"] * 7
    assert grafana.writes == []


def test_only_what_differs_is_pushed(grafana: GrafanaDouble) -> None:
    pushed(grafana)
    grafana.boards["cxwatch-wall"]["dashboard"]["panels"][0]["title"] = "mine"
    grafana.writes.clear()
    changes = {change.name: change for change in pushed(grafana)}
    assert grafana.writes == ["save board cxwatch-wall"]
    assert '-   "title": "mine"' in changes["Customer experience: wall"].diff
    assert grafana.boards["cxwatch-wall"]["dashboard"]["version"] == 2


def test_what_grafana_adds_by_itself_is_no_difference(grafana: GrafanaDouble) -> None:
    pushed(grafana)
    board = grafana.boards["cxwatch-wall"]["dashboard"]
    board["panels"][0]["pluginVersion"] = "12.2.0"
    board["schemaVersion"] = 99
    grafana.sources["cxwatch-prometheus"]["jsonData"]["manageAlerts"] = False
    assert board["panels"][0]["fieldConfig"].pop("overrides") == []  # some versions store no nothings
    assert actions(pushed(grafana)) == ["unchanged"] * 7


def test_a_dry_run_says_all_of_it_and_writes_nothing(grafana: GrafanaDouble) -> None:
    assert actions(pushed(grafana, dry_run=True)) == ["created"] * 7
    pushed(grafana)
    grafana.writes.clear()
    moved = replace(SETTINGS, public_url="https://cx.example.com", grafana=GrafanaSettings(folder="CX"))
    changes = pushed(grafana, moved, dry_run=True)
    assert actions(changes) == ["updated"] * 7
    assert all("+" in change.diff and "-" in change.diff for change in changes)
    assert any("https://cx.example.com/incidents" in change.diff for change in changes)
    assert grafana.writes == []
    assert actions(pushed(grafana, moved)) == ["updated"] * 7
    assert grafana.folders["cxwatch"]["title"] == "CX"


def test_a_data_source_keeps_its_name_and_what_the_company_set_beside(grafana: GrafanaDouble) -> None:
    pushed(grafana)
    source = grafana.sources["cxwatch-prometheus"]
    source |= {"name": "Prometheus", "isDefault": True, "url": "http://old:9090"}
    source["jsonData"]["manageAlerts"] = False
    pushed(grafana)
    source = grafana.sources["cxwatch-prometheus"]
    assert (source["name"], source["isDefault"], source["url"]) == ("Prometheus", True, "http://127.0.0.1:9090")
    assert source["jsonData"]["manageAlerts"] is False


def test_a_board_that_somebody_saves_meanwhile_is_not_overwritten(grafana: GrafanaDouble) -> None:
    pushed(grafana)
    client = FaceClient(grafana.url, Secret(TOKEN))
    stale = {**BOARDS[0].json, "id": None, "version": 7}
    with pytest.raises(Conflict, match=r"changed meanwhile.*412.*--dry-run"):
        client.save_board(stale, "cxwatch", "x")


def test_a_provisioned_board_is_named_with_the_way_out(grafana: GrafanaDouble) -> None:
    pushed(grafana)
    wall = grafana.boards["cxwatch-wall"]
    wall["meta"]["provisioned"] = True
    wall["dashboard"]["title"] = "old"
    with pytest.raises(Conflict, match="cxwatch grafana build"):
        pushed(grafana)


def test_a_wrong_token_is_told_and_never_repeated(grafana: GrafanaDouble) -> None:
    with pytest.raises(Unauthorized, match="Set GRAFANA_TOKEN anew") as raised:
        pushed(grafana, token="glsa_wrong")
    assert "glsa" not in f"{raised.value!r} {raised.value.__cause__!r}"


def test_a_token_that_may_not_write_is_told_what_it_lacks(grafana: GrafanaDouble) -> None:
    grafana.role = "Editor"
    with pytest.raises(Forbidden, match="datasources:write"):
        pushed(grafana)
    grafana.role = "Admin"
    pushed(grafana)
    grafana.role = "Viewer"
    grafana.boards.pop("cxwatch-wall")
    with pytest.raises(Forbidden, match="role Editor"):
        pushed(grafana)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (400, Rejected, "refuses"),
        (404, NotThere, r"\[grafana\] url"),
        (412, Conflict, "push again"),
        (422, Rejected, "refuses"),
        (500, Unreachable, "its log"),
        (503, Unreachable, "its log"),
    ],
)
def test_every_no_says_what_to_do(grafana: GrafanaDouble, status: int, kind: type[GrafanaError], words: str) -> None:
    grafana.fail["save board"] = status
    with pytest.raises(kind, match=words):
        pushed(grafana)


def test_nobody_at_the_address() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(Unreachable, match="nothing answers"):
            FaceClient(url, Secret(TOKEN), timeout_s=2).version()


def test_another_program_at_the_address() -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        with pytest.raises(Unreachable, match="not as Grafana does"):
            FaceClient(f"http://127.0.0.1:{server.server_address[1]}", Secret(TOKEN)).version()
    finally:
        server.shutdown()
        server.server_close()


def test_grafana_under_a_path(grafana: GrafanaDouble) -> None:
    with pytest.raises(NotThere):  # the double has no such path: what matters is that it was asked for there
        FaceClient(f"{grafana.url}/grafana", Secret(TOKEN)).version()


def test_provisioning_files_are_what_push_would_send(tmp_path: Path) -> None:
    written = dict(write_files(tmp_path, SETTINGS))
    assert set(written.values()) == {"created"}
    assert {path.relative_to(tmp_path).as_posix() for path in written} == set(files(SETTINGS, ""))
    (source,) = yaml.safe_load((tmp_path / "datasources/cxwatch.yaml").read_text())["datasources"]
    assert (source["uid"], source["type"], source["access"]) == ("cxwatch-prometheus", "prometheus", "proxy")
    exemplar = source["jsonData"]["exemplarTraceIdDestinations"][1]["url"]
    assert exemplar.endswith("/cases/$${__value.raw}")  # one dollar would be an environment variable
    (provider,) = yaml.safe_load((tmp_path / "dashboards/cxwatch.yaml").read_text())["providers"]
    assert provider["options"]["path"] == f"{tmp_path}/boards"
    assert (provider["folder"], provider["folderUid"]) == ("Customer experience", "cxwatch")


def test_building_again_touches_only_what_changed(tmp_path: Path) -> None:
    list(write_files(tmp_path, SETTINGS))
    assert {action for _, action in write_files(tmp_path, SETTINGS)} == {"unchanged"}
    renamed = replace(SETTINGS, grafana=GrafanaSettings(folder="CX"))
    changed = {path.name for path, action in write_files(tmp_path, renamed) if action == "updated"}
    assert changed == {"cxwatch.yaml"}
