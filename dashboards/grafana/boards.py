"""All boards, as the JSON that Grafana takes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.grafana.channel import channel
from dashboards.grafana.detectors import detectors
from dashboards.grafana.objectives import objectives
from dashboards.grafana.parts import assemble
from dashboards.grafana.pipeline import pipeline
from dashboards.grafana.wall import wall
from dashboards.settings import BoardSettings

BOARDS = (wall, channel, detectors, objectives, pipeline)


@dataclass(frozen=True, slots=True)
class BuiltBoard:
    """One board: its uid, its title, and the whole of it as JSON values."""

    uid: str
    title: str
    json: dict[str, Any]


def build_boards(settings: BoardSettings) -> list[BuiltBoard]:
    """The five boards. The same settings give the same JSON."""
    found = []
    for make in BOARDS:
        model = assemble(make(settings), settings).build()
        body: dict[str, Any] = json.loads(json.dumps(model, cls=JSONEncoder))
        found.append(BuiltBoard(body["uid"], body["title"], body))
    return found


def board_text(board: BuiltBoard) -> str:
    """As a file."""
    return json.dumps(board.json, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
