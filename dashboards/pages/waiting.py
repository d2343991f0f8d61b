"""What pages say where people expect an alert and there is none: places that wait for evidence, places that learn."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.readings import Desk
from dashboards.watched_api import all_watched
from detectors.watched import Watched

SHOWN_MAX = 6


@dataclass(frozen=True, slots=True)
class Waiting:
    """Places that look bad and wait for evidence, the strongest first; and places that still learn their usual."""

    waiting: list[Watched]
    learning: list[Watched]
    learning_all: int


async def read_waiting(desk: Desk) -> Waiting:
    """Leaf places only: their rollups would say the same again; and none that has an incident already."""
    leaves = [one for one in await all_watched(desk) if None not in one.segment]
    told = {one.segment for one in leaves if one.stand == "open"}
    waiting = [one for one in leaves if one.stand == "waiting" and one.needs is not None and one.segment not in told]
    waiting.sort(key=lambda one: (-one.n / (one.needs or 1), one.segment.label))
    learning = [one for one in leaves if one.stand == "learning" and one.kind == "answers"]
    learning.sort(key=lambda one: (-one.known, one.segment.label))
    return Waiting(waiting[:SHOWN_MAX], learning[:SHOWN_MAX], len(learning))
