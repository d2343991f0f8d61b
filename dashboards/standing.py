"""How each place stands against its usual, for the metrics: the same verdicts as the pages, in one number a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from dashboards.alert_readings import IncidentLine
from dashboards.places import Cell, State, build_table, leaf_rows
from dashboards.readings import USUAL_DAYS
from streams.clock import DAY_MS, HOUR_MS, minute_of
from streams.records import LeafMinute, Segment, WindowName, WindowSnapshot
from streams.scales import Scale
from streams.settings import MeasureSettings
from streams.store.minutes import leaf_hours
from streams.store.windows import read_window
from streams.windows import bounds

WINDOW: WindowName = "24h"
INCIDENT = -2
CODES: Mapping[State, int] = {"below": -1, "usual": 0, "learning": 0, "above": 1, "few": 8, "none": 9, "blind": 10}
CODES_TOLD = "-2 open incident, -1 below usual, 0 as usual, 1 above, 8 too few answers, 9 none now, 10 blind spot"


Asked = tuple[str, str]  # metric (the scale's name), survey kind


@dataclass(slots=True)
class Past:
    """The past of one hour, read once: what was usual, and where anything ever happened."""

    end_ms: int = -1
    rows: Sequence[WindowSnapshot] = ()
    hours: Sequence[LeafMinute] = ()


def read_past(conn: Connection, min_n: int, now_ms: int, kept: Past) -> Past:
    """The 14 days before the current window; what was read for the same hour is handed back."""
    start_ms, _ = bounds(WINDOW, now_ms)
    end_ms = start_ms - start_ms % HOUR_MS
    if kept.end_ms == end_ms:
        return kept
    rows = read_window(conn, "7d", end_ms - USUAL_DAYS * DAY_MS, end_ms, min_n=min_n)
    now = minute_of(now_ms // HOUR_MS * HOUR_MS)
    return Past(end_ms, rows, leaf_hours(conn, now - minute_of(USUAL_DAYS * DAY_MS), now))


def standing(cell: Cell) -> int | None:
    """The number of a place; None where nothing ever happens."""
    if cell.state == "absent":
        return None
    return CODES[cell.state] if cell.incident is None else INCIDENT


def standings(
    settings: MeasureSettings,
    scales: Mapping[str, Scale],
    rows: Sequence[WindowSnapshot],
    past: Past,
    incidents: Sequence[IncidentLine],
) -> dict[tuple[Asked, Segment], int]:
    """The number of every place where something happens, for all that was asked in the current window."""
    current = [row for row in rows if row.window == WINDOW]
    found: dict[tuple[Asked, Segment], int] = {}
    for metric, kind in sorted({(row.metric, row.survey_kind) for row in current if row.metric in scales}):
        table = build_table(
            settings,
            scales[metric],
            now=leaf_rows(current, metric, kind),
            usual=leaf_rows(past.rows, metric, kind),
            hours=past.hours,
            incidents=incidents,
        )
        for _, row in table.rows:
            for cell in row:
                code = standing(cell)
                if code is not None:
                    found[(metric, kind), cell.segment] = code
    return found
