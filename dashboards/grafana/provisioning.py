"""Files that Grafana reads at its start: the data source, where the boards are, and the boards themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from dashboards.grafana.boards import board_text, build_boards
from dashboards.grafana.push import FOLDER_UID, Action, datasource_body
from dashboards.settings import BoardSettings

HEAD = "# Written by `cxwatch grafana build`. Change the settings and write it again instead of editing it.\n"
BOARDS = "boards"


def files(settings: BoardSettings, seen_at: str) -> dict[str, str]:
    """All files by their path below the folder. `seen_at` is where Grafana sees the folder itself."""
    source = datasource_body(settings)
    provider = {
        "name": "cxwatch",
        "orgId": 1,
        "folder": settings.grafana.folder,
        "folderUid": FOLDER_UID,
        "type": "file",
        "allowUiUpdates": False,
        "options": {"path": f"{seen_at.rstrip('/')}/{BOARDS}"},
    }
    found = {
        "datasources/cxwatch.yaml": _yaml({"apiVersion": 1, "datasources": [{"orgId": 1, **_escaped(source)}]}),
        "dashboards/cxwatch.yaml": _yaml({"apiVersion": 1, "providers": [provider]}),
    }
    for board in build_boards(settings):
        found[f"{BOARDS}/{board.uid}.json"] = board_text(board)
    return found


def write_files(folder: Path, settings: BoardSettings, seen_at: str | None = None) -> Iterator[tuple[Path, Action]]:
    """Write what differs; each file with what became of it."""
    where = seen_at or str(folder.absolute())
    for name, text in files(settings, where).items():
        path = folder / name
        before = path.read_text(encoding="utf-8") if path.exists() else None
        if before == text:
            yield path, "unchanged"
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        yield path, "created" if before is None else "updated"


def _escaped(value: Any) -> Any:
    """Provisioning files put environment variables in for $NAME: a dollar that is ours is written twice."""
    if isinstance(value, dict):
        return {name: _escaped(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_escaped(one) for one in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


def _yaml(body: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(body, sort_keys=False, width=10_000, allow_unicode=True)
    return HEAD + text
