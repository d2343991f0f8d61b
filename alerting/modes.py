"""Whether messages leave the house: shadow (previews only), live, or paused for a while. Times are real."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, insert, select

from alerting.settings import AlertSettings, Mode
from alerting.tables import modes

RecordedMode = Literal["live", "shadow", "paused"]


@dataclass(frozen=True, slots=True)
class ModeRecord:
    """Who changed the mode, and when."""

    at_ms: int
    mode: RecordedMode
    until_ms: int | None
    user: str


class ModeBound(ValueError):
    """The settings file says the mode, so a record would change nothing."""


def record(conn: Connection, settings: AlertSettings, mode: ModeRecord) -> None:
    """Keep a change of mode. Raises ModeBound for live and shadow when the settings file binds."""
    if mode.mode != "paused" and settings.mode is not None and settings.mode != mode.mode:
        raise ModeBound(
            f'alerts.mode is "{settings.mode}" in the settings file, which binds: change or remove it there first'
        )
    conn.execute(insert(modes).values(at_ms=mode.at_ms, mode=mode.mode, until_ms=mode.until_ms, user=mode.user[:128]))


def effective(conn: Connection, settings: AlertSettings, real_ms: int) -> RecordedMode:
    """What holds now: the file's mode, else the newest record's, else shadow; a pause stops what is live."""
    rows = conn.execute(select(modes).order_by(modes.c.mode_id.desc()).limit(1)).all()
    newest = None if not rows else rows[0]
    base: Mode = settings.mode or _recorded(conn)
    if base == "live" and newest is not None and newest.mode == "paused":
        over = newest.until_ms is not None and real_ms >= newest.until_ms
        return base if over else "paused"
    return base


def _recorded(conn: Connection) -> Mode:
    c = modes.c
    found = conn.execute(select(c.mode).where(c.mode != "paused").order_by(c.mode_id.desc()).limit(1)).scalar()
    return "live" if found == "live" else "shadow"


def history(conn: Connection, limit: int = 50) -> list[ModeRecord]:
    """Changes of mode, newest first."""
    rows = conn.execute(select(modes).order_by(modes.c.mode_id.desc()).limit(limit))
    return [ModeRecord(row.at_ms, row.mode, row.until_ms, row.user) for row in rows]
