"""Reading and writing incidents. Functions take a connection; nobody here commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select, true, update

from alerting.records import Event, Incident, IncidentStage, Member
from alerting.tables import ALL, incident_events, incident_members, incidents, metadata, previews
from detectors.records import Cause, CurvePoint
from streams.records import Segment
from streams.store.dialect import upsert

__all__ = ["add_incident_event", "incident_history", "metadata", "next_number", "read_incident", "read_incidents"]

HISTORY_MAX = 1_000
LIST_MAX = 1_000
DETECTORS_MAX = 16  # bounds of what is kept a member
CURVE_MAX = 128
CAUSES_MAX = 16
LISTS: Mapping[str, Any] = {  # columns that hold JSON
    "detectors": tuple[str, ...],
    "curve": tuple[CurvePoint, ...],
    "causes": tuple[Cause, ...],
}


def segment_columns(segment: Segment) -> dict[str, str]:
    """A segment as it is stored."""
    return {"channel": segment.channel or ALL, "stage": segment.stage or ALL}


def segment_of(channel: str, stage: str) -> Segment:
    """A stored segment."""
    return Segment(channel or None, stage or None)


def next_number(conn: Connection) -> int:
    """The number of the next incident: they count up from 1 and none is used twice."""
    return int(conn.execute(select(func.coalesce(func.max(incidents.c.number), 0))).scalar_one()) + 1


def read_incident(conn: Connection, number: int, *, lock: bool = False) -> Incident | None:
    """One incident with its members, None if there is no such number; with `lock` DECIDE waits for the transaction."""
    query = select(incidents).where(incidents.c.number == number)
    rows = conn.execute(query.with_for_update() if lock else query).all()
    return _with_members(conn, rows)[0] if rows else None


def read_incidents(
    conn: Connection,
    now_ms: int,
    stages: Collection[IncidentStage] | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Incident]:
    """Incidents, newest first. `before` is the number after which the page before ended; `limit` is at most 1,000."""
    query = select(incidents).order_by(incidents.c.number.desc()).limit(min(limit, LIST_MAX))
    if stages is not None:
        query = query.where(or_(*(_in_stage(stage, now_ms) for stage in stages)))
    if before is not None:
        query = query.where(incidents.c.number < before)
    return _with_members(conn, conn.execute(query).all())


def _in_stage(stage: IncidentStage, now_ms: int) -> ColumnElement[bool]:
    c = incidents.c
    if stage == "pending":
        return and_(c.state == "firing", c.firing_ms > now_ms)
    if stage == "firing":
        return and_(c.state == "firing", c.firing_ms <= now_ms)
    return c.state == stage


def read_current(conn: Connection, resolved_from_ms: int, *, lock: bool = True) -> list[Incident]:
    """Every incident that is not resolved, and those resolved since a time; oldest first.

    With `lock` their rows are locked (PostgreSQL; SQLite has one writer anyway), so that a person's action cannot be
    overwritten.
    """
    c = incidents.c
    query = select(incidents).where(or_(c.state != "resolved", c.resolved_ms >= resolved_from_ms)).order_by(c.number)
    return _with_members(conn, conn.execute(query.with_for_update() if lock else query).all())


def save_incident(conn: Connection, incident: Incident) -> None:
    """Write an incident and its members as they are now (DECIDE is the only writer of both)."""
    naming = incident.naming
    conn.execute(
        upsert(conn, incidents).values(
            number=incident.number,
            state=incident.state,
            **segment_columns(incident.named),
            severity=incident.severity,
            sentence=naming.reason,
            since_ms=naming.since_ms,
            opened_ms=incident.opened_ms,
            firing_ms=incident.firing_ms,
            **_life(incident),
        )
    )
    save_members(conn, incident)


def save_members(conn: Connection, incident: Incident) -> None:
    """Write an incident's members; its row must be written or locked in the same transaction."""
    conn.execute(delete(incident_members).where(incident_members.c.number == incident.number))
    conn.execute(insert(incident_members), [_member_row(incident.number, m) for m in incident.members])


def newest_open_at(conn: Connection, segment: Segment) -> int | None:
    """The number of the newest incident that goes on and is named by a segment."""
    c = incidents.c
    place = segment_columns(segment)
    query = select(func.max(c.number)).where(
        c.state != "resolved", c.channel == place["channel"], c.stage == place["stage"]
    )
    found: int | None = conn.execute(query).scalar()
    return found


def save_transition(conn: Connection, incident: Incident, expected_version: int) -> bool:
    """Write a person's transition if nobody was faster: False when the version has moved on."""
    done = conn.execute(
        update(incidents)
        .where(incidents.c.number == incident.number, incidents.c.version == expected_version)
        .values(state=incident.state, **_life(incident))
    )
    return done.rowcount == 1


def _life(incident: Incident) -> dict[str, Any]:
    return {
        "resolved_ms": incident.resolved_ms,
        "resolved_by": incident.resolved_by,
        "acknowledged_ms": incident.acknowledged_ms,
        "acknowledged_by": incident.acknowledged_by,
        "snoozed_until_ms": incident.snoozed_until_ms,
        "spam": incident.spam,
        "spam_reason": incident.spam_reason,
        "reminders": incident.reminders,
        "linked_to": incident.linked_to,
        "version": incident.version,
        "updated_ms": incident.updated_ms,
    }


def _member_row(number: int, member: Member) -> dict[str, Any]:
    names = [name for name in Member.__slots__ if name not in ("segment", *LISTS)]
    return {
        "number": number,
        **segment_columns(member.segment),
        **{name: getattr(member, name) for name in names},
        "detectors": _json(member.detectors[:DETECTORS_MAX]),
        "curve": _json(_thinned(member.curve)),
        "causes": _json([asdict(cause) for cause in member.causes[:CAUSES_MAX]]),
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _thinned(curve: Sequence[CurvePoint]) -> Sequence[CurvePoint]:
    """At most CURVE_MAX points: every second one is left out until they are few enough, the newest stays."""
    while len(curve) > CURVE_MAX:
        curve = [*curve[:-1:2], curve[-1]]
    return curve


def _with_members(conn: Connection, rows: Sequence[Row[Any]]) -> list[Incident]:
    numbers = [row.number for row in rows]
    members: dict[int, list[Member]] = defaultdict(list)
    c = incident_members.c
    found = conn.execute(select(incident_members).where(c.number.in_(numbers)).order_by(c.channel, c.stage))
    for row in found:
        fields = dict(row._mapping)
        number = fields.pop("number")
        segment = segment_of(fields.pop("channel"), fields.pop("stage"))
        lists = {name: msgspec.json.decode(fields.pop(name), type=kind) for name, kind in LISTS.items()}
        members[number].append(Member(segment=segment, **fields, **lists))
    return [_incident(row, tuple(members[row.number])) for row in rows]


def _incident(row: Row[Any], members: tuple[Member, ...]) -> Incident:
    m = row._mapping
    own = {name: m[name] for name in Incident.__slots__ if name not in ("named", "members")}
    return Incident(named=segment_of(m["channel"], m["stage"]), members=members, **own)


def add_incident_event(conn: Connection, number: int, event: Event) -> None:
    """Append one line to an incident's history; nothing there is ever changed."""
    conn.execute(
        insert(incident_events).values(
            number=number,
            at_ms=event.at_ms,
            kind=event.kind,
            actor=event.actor,
            text=event.text,
            version=event.version,
        )
    )


def incident_history(conn: Connection, number: int, limit: int = HISTORY_MAX) -> list[Event]:
    """What happened to an incident, oldest first; of a very long history the newest `limit` lines."""
    c = incident_events.c
    query = select(incident_events).where(c.number == number).order_by(c.event_id.desc()).limit(limit)
    rows = conn.execute(query).all()
    return [Event(row.at_ms, row.kind, row.actor, row.text, row.version) for row in reversed(rows)]


def read_previews(conn: Connection, limit: int = 100, thread: str | None = None) -> list[dict[str, Any]]:
    """Messages of the preview page, newest first; with `thread` the notes under that message, oldest first."""
    c = previews.c
    query = select(previews).where(true() if thread is None else c.thread == thread)
    query = query.where(c.thread.is_(None)) if thread is None else query
    order = c.seq.desc() if thread is None else c.seq
    return [dict(row._mapping) for row in conn.execute(query.order_by(order).limit(min(limit, LIST_MAX)))]
