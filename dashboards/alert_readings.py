"""Incidents in lists and in the stream, and the previewed messages, as the pages and the stream show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, or_, select

from alerting.store import segment_of
from alerting.tables import ALL, cases, incident_members, incidents, previews
from streams.records import Segment

LIST_MAX = 200
PREVIEWS_MAX = 50
CHANGES_MAX = 200

Stage = Literal["pending", "firing", "acknowledged", "resolved"]


@dataclass(frozen=True, slots=True)
class AlertCounts:
    """How many incidents and cases there are by state. Pending ones count as firing here."""

    incidents: Mapping[str, int]
    cases: Mapping[str, int]
    messages: str = ""  # changes whenever a message of the preview page is added or edited

    @property
    def open_incidents(self) -> int:
        """Incidents that are not resolved, spam and notices left out."""
        return sum(n for state, n in self.incidents.items() if state in ("firing", "acknowledged"))

    @property
    def to_contact(self) -> int:
        """Customers who wait for their first contact."""
        return sum(n for state, n in self.cases.items() if state in ("open", "claimed"))


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """One incident in a list: its place and its sentence of numbers, the same as in Slack.

    Without `page` it is a notice: nobody is told of it, it is only listed.
    """

    number: int
    state: str
    segment: Segment
    severity: str
    sentence: str
    since_ms: int
    opened_ms: int
    firing_ms: int
    resolved_ms: int | None
    resolved_by: str | None
    acknowledged_ms: int | None
    acknowledged_by: str | None
    snoozed_until_ms: int | None
    spam: bool
    linked_to: int | None
    version: int
    updated_ms: int
    page: bool = True

    @property
    def open(self) -> bool:
        """Whether it still goes on."""
        return self.state != "resolved"

    def stage_at(self, now_ms: int) -> Stage:
        """The state as people see it: within the hold-off it is pending."""
        return "pending" if self.state == "firing" and now_ms < self.firing_ms else self.state  # type: ignore[return-value]  # the column holds these words


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as Slack would get it, with the notes of its thread."""

    delivery_id: str
    target: str
    text: str
    blocks: list[dict[str, Any]]
    posted_ms: int
    edited_ms: int | None
    notes: tuple[Preview, ...] = ()


def incident_query() -> Select[Any]:
    """All columns of an IncidentLine, for whoever asks for some of them."""
    names = [name for name in IncidentLine.__dataclass_fields__ if name not in ("segment", "page")]
    return select(
        incidents.c.channel, incidents.c.stage, *(incidents.c[name] for name in names), _paged().label("page")
    )


def _paged() -> ColumnElement[bool]:
    """Whether somebody is told of an incident: some member of it pages, or is spam that is held back."""
    m = incident_members.c
    return or_(incidents.c.spam, exists().where(m.number == incidents.c.number, m.page))


def incident_line(values: dict[str, Any]) -> IncidentLine:
    """A row of `incident_query` by name."""
    values["page"] = bool(values["page"])
    return IncidentLine(segment=segment_of(values.pop("channel"), values.pop("stage")), **values)


def _line(row: Row[*tuple[Any, ...]]) -> IncidentLine:
    return incident_line(dict(row._mapping))


def read_counts(conn: Connection) -> AlertCounts:
    """The numbers in the bar."""
    c = incidents.c
    states = select(c.state, func.count()).where(c.spam.is_(False), _paged()).group_by(c.state)
    case_states = select(cases.c.state, func.count()).group_by(cases.c.state)
    newest = select(func.max(previews.c.seq), func.max(previews.c.edited_ms), func.count())
    return AlertCounts(
        incidents={state: int(n) for state, n in conn.execute(states)},
        cases={state: int(n) for state, n in conn.execute(case_states)},
        messages="-".join(str(value or 0) for value in conn.execute(newest).one()),
    )


def read_incidents(conn: Connection, *, open_only: bool = False, limit: int = LIST_MAX) -> list[IncidentLine]:
    """Incidents, newest first; with `open_only` those that go on, without notices."""
    query = incident_query().order_by(incidents.c.number.desc()).limit(limit)
    if open_only:
        query = query.where(incidents.c.state != "resolved", _paged())
    return [_line(row) for row in conn.execute(query)]


def read_active(conn: Connection) -> dict[tuple[str, str, str], int]:
    """Open anomalies of leaf places by (channel, stage, signal), those of spam left out."""
    m, i = incident_members.c, incidents.c
    query = (
        select(m.channel, m.stage, m.signal, func.count())
        .join(incidents, i.number == m.number)
        .where(i.state != "resolved", i.spam.is_(False), m.recovered_ms.is_(None), m.channel != ALL, m.stage != ALL)
        .group_by(m.channel, m.stage, m.signal)
    )
    return {(channel, stage, signal): int(n) for channel, stage, signal, n in conn.execute(query)}


def read_changed_incidents(conn: Connection, since_ms: int) -> list[IncidentLine]:
    """Incidents changed at or after a time, oldest change first."""
    c = incidents.c
    query = incident_query().where(c.updated_ms >= since_ms).order_by(c.updated_ms.desc(), c.number.desc())
    return [_line(row) for row in conn.execute(query.limit(CHANGES_MAX))][::-1]


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in the stream: no customer key, no words."""

    case_id: int
    state: str
    version: int
    updated_ms: int


def read_changed_cases(conn: Connection, since_ms: int) -> list[CaseLine]:
    """Cases changed at or after a time, oldest change first."""
    c = cases.c
    query = select(c.case_id, c.state, c.version, c.updated_ms).where(c.updated_ms >= since_ms)
    rows = conn.execute(query.order_by(c.updated_ms.desc(), c.case_id.desc()).limit(CHANGES_MAX)).all()
    return [CaseLine(*row) for row in rows][::-1]


def read_previews(conn: Connection) -> list[Preview]:
    """The newest messages with their threads, newest first."""
    c = previews.c
    columns = (c.delivery_id, c.target, c.text, c.blocks, c.posted_ms, c.edited_ms, c.thread)
    parents = conn.execute(select(*columns).where(c.thread.is_(None)).order_by(c.seq.desc()).limit(PREVIEWS_MAX)).all()
    ids = [row.delivery_id for row in parents]
    threads: dict[str, list[Preview]] = {}
    for row in conn.execute(select(*columns).where(c.thread.in_(ids)).order_by(c.seq).limit(20 * PREVIEWS_MAX)):
        threads.setdefault(row.thread, []).append(_preview(row, ()))
    return [_preview(row, tuple(threads.get(row.delivery_id, ()))) for row in parents]


def _preview(row: Row[*tuple[Any, ...]], thread: tuple[Preview, ...]) -> Preview:
    blocks = msgspec.json.decode(row.blocks, type=list[dict[str, Any]])
    return Preview(row.delivery_id, row.target, row.text, blocks, row.posted_ms, row.edited_ms, thread)
