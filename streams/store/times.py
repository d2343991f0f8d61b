"""How long things took and how late promises were, per place over some hours: sketches of panes, merged."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, or_, select

from streams.panes import CONTACT, INTERACTION, Sketch
from streams.store.tables import hour_panes


@dataclass(slots=True)
class PlaceTimes:
    """Of one (channel, stage): `waits` for a first reply, and `overruns` of promises (0 for those kept). In seconds."""

    waits: Sketch
    overruns: Sketch


@dataclass(frozen=True, slots=True)
class Traffic:
    """How much happened at a place: graded interactions, interactions without a grade, answers."""

    graded: int = 0
    contacts: int = 0
    answers: int = 0


def read_times(conn: Connection, from_minute: int, to_minute: int) -> dict[tuple[str, str], PlaceTimes]:
    """Places where anybody waited or was promised anything, in the hours of [from, to)."""
    c = hour_panes.c
    query = select(c.channel, c.stage, c.waits, c.overruns).where(
        c.minute >= from_minute, c.minute < to_minute, or_(c.waits.is_not(None), c.overruns.is_not(None))
    )
    found: dict[tuple[str, str], PlaceTimes] = {}
    for channel, stage, waits, overruns in conn.execute(query):
        times = found.setdefault((channel, stage), PlaceTimes(Sketch(), Sketch()))
        if waits is not None:
            times.waits.merge(Sketch.from_bytes(waits))
        if overruns is not None:
            times.overruns.merge(Sketch.from_bytes(overruns))
    return found


def read_traffic(conn: Connection, from_minute: int, to_minute: int) -> dict[tuple[str, str], Traffic]:
    """What happened per place in the hours of [from, to), history included."""
    c = hour_panes.c
    query = (
        select(c.channel, c.stage, c.metric, func.sum(c.n))
        .where(and_(c.minute >= from_minute, c.minute < to_minute))
        .group_by(c.channel, c.stage, c.metric)
    )
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for channel, stage, metric, n in conn.execute(query):
        at = counts.setdefault((channel, stage), {})
        kind = metric if metric in (INTERACTION, CONTACT) else "answers"
        at[kind] = at.get(kind, 0) + int(n)
    return {
        place: Traffic(at.get(INTERACTION, 0), at.get(CONTACT, 0), at.get("answers", 0))
        for place, at in sorted(counts.items())
    }
