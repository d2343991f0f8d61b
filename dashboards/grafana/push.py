"""Bringing data source, folder and boards into Grafana: what is there already and is the same is left alone."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from dashboards.grafana.boards import BuiltBoard
from dashboards.grafana.port import Conflict, Grafana, Json
from dashboards.settings import BoardSettings

FOLDER_UID = "cxwatch"
OWN_TO_GRAFANA = frozenset({"id", "version", "iteration", "schemaVersion"})
DIFF_LINES_MAX = 200
Action = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Change:
    """What became, or would become, of one thing; `diff` is what differs, empty where nothing does."""

    kind: Literal["data source", "folder", "board"]
    name: str
    action: Action
    diff: str = ""


def datasource_body(settings: BoardSettings) -> Json:
    """The Prometheus data source as Grafana's API and its provisioning files have it."""
    uid = settings.grafana.datasource
    return {
        "uid": uid,
        "name": uid,
        "type": "prometheus",
        "access": "proxy",
        "url": settings.prometheus.url,
        "jsonData": {
            "httpMethod": "POST",
            "timeInterval": "15s",
            "exemplarTraceIdDestinations": [
                {
                    "name": "incident",
                    "url": f"{settings.public_url}/incidents/${{__value.raw}}",
                    "urlDisplayLabel": "Open the incident",
                },
                {
                    "name": "case",
                    "url": f"{settings.public_url}/cases/${{__value.raw}}",
                    "urlDisplayLabel": "Open the case",
                },
            ],
        },
    }


def push(grafana: Grafana, settings: BoardSettings, boards: list[BuiltBoard], *, dry_run: bool) -> Iterator[Change]:
    """Data source, folder, boards, each as soon as it is done. Raises GrafanaError at the first that fails."""
    yield _datasource(grafana, datasource_body(settings), dry_run)
    yield _folder(grafana, settings.grafana.folder, dry_run)
    for board in boards:
        yield _board(grafana, board, dry_run)


def _datasource(grafana: Grafana, wanted: Json, dry_run: bool) -> Change:
    uid = wanted["uid"]
    there = grafana.datasource(uid)
    if there is None:
        if not dry_run:
            grafana.create_datasource(wanted)
        return Change("data source", uid, "created")
    # Its name is the company's to choose.
    wanted = {**wanted, "name": there.get("name", wanted["name"])}
    if same(wanted, there):
        return Change("data source", uid, "unchanged")
    if not dry_run:
        grafana.update_datasource(
            uid, {**_kept(there), **wanted, "jsonData": {**(there.get("jsonData") or {}), **wanted["jsonData"]}}
        )
    return Change("data source", uid, "updated", difference(wanted, there))


def _kept(there: Json) -> Json:
    """What somebody set beside us: it stays."""
    names = ("basicAuth", "basicAuthUser", "withCredentials", "isDefault", "version", "readOnly")
    return {name: there[name] for name in names if name in there and name != "readOnly"}


def _folder(grafana: Grafana, title: str, dry_run: bool) -> Change:
    there = grafana.folder(FOLDER_UID)
    if there is None:
        if not dry_run:
            grafana.create_folder(FOLDER_UID, title)
        return Change("folder", title, "created")
    if there.get("title") == title:
        return Change("folder", title, "unchanged")
    if not dry_run:
        grafana.rename_folder(FOLDER_UID, title, int(there.get("version") or 1))
    return Change("folder", title, "updated", difference({"title": title}, there))


def _board(grafana: Grafana, board: BuiltBoard, dry_run: bool) -> Change:
    there = grafana.board(board.uid)
    wanted = {**board.json, "id": None}
    if there is None:
        if not dry_run:
            grafana.save_board({**wanted, "version": 0}, FOLDER_UID, "cxwatch grafana push")
        return Change("board", board.title, "created")
    if same(board.json, there.json) and there.folder_uid == FOLDER_UID:
        return Change("board", board.title, "unchanged")
    if there.provisioned:
        raise Conflict(
            f"the board {board.title!r} comes from files on Grafana's machine and cannot be pushed over: write "
            "them anew with `cxwatch grafana build`, or take them away first"
        )
    if not dry_run:
        grafana.save_board({**wanted, "version": there.version}, FOLDER_UID, "cxwatch grafana push")
    moved = "" if there.folder_uid == FOLDER_UID else f"moves into the folder {FOLDER_UID}\n"
    return Change("board", board.title, "updated", moved + difference(board.json, there.json))


def same(wanted: Any, there: Any) -> bool:
    """Whether everything wanted is there. What Grafana adds, and nothings that it leaves out, do not count."""
    if there is None:
        return not wanted
    if isinstance(wanted, dict):
        names = wanted.keys() - OWN_TO_GRAFANA
        return isinstance(there, dict) and all(same(wanted[name], there.get(name)) for name in names)
    if isinstance(wanted, list):
        if not isinstance(there, list) or len(wanted) != len(there):
            return False
        return all(same(one, other) for one, other in zip(wanted, there, strict=True))
    return bool(wanted == there)


def difference(wanted: Json, there: Json) -> str:
    """What pushing would change, as a diff of at most 200 lines; only what we set is compared."""
    before, after = _text(_like(wanted, there)), _text(_like(wanted, wanted))
    lines = list(difflib.unified_diff(before, after, "in Grafana", "as built", n=2, lineterm=""))
    if len(lines) > DIFF_LINES_MAX:
        lines = [*lines[:DIFF_LINES_MAX], f"... and {len(lines) - DIFF_LINES_MAX} lines more"]
    return "\n".join(lines)


def _like(wanted: Any, there: Any) -> Any:
    """The part of `there` that `wanted` speaks of."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        return {name: _like(wanted[name], there.get(name)) for name in wanted if name not in OWN_TO_GRAFANA}
    if isinstance(wanted, list) and isinstance(there, list):
        both = [_like(one, other) for one, other in zip(wanted, there, strict=False)]
        return both + there[len(wanted) :]
    return there


def _text(value: Any) -> list[str]:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).splitlines()
