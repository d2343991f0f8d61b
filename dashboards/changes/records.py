"""One change as it goes out: a key that stays, and the whole new state with a revision, as JSON.

A consumer keeps, for each key, the record of the highest revision: then doublets and late ones change nothing.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec
from msgspec import Struct

from dashboards.alert_readings import IncidentLine
from dashboards.window_rows import Place, WindowRow, window_row
from streams.clock import rfc3339
from streams.logs.protocol import Record
from streams.records import WindowSnapshot

SCHEMA = 1


class WindowChanged(WindowRow, frozen=True, kw_only=True):
    """A window as GET /api/v1/windows gives it. `n` 0: no answer is left in it. Scores as the API's, unrounded."""

    type: Literal["window"]
    schema: int
    revision: int
    as_of: str


class IncidentState(Struct, frozen=True):
    """What there is to say about an incident without anybody's name: who took it, and customers, stay inside."""

    number: int
    version: int
    state: str
    segment: Place
    severity: str
    page: bool
    spam: bool
    sentence: str
    since: str
    opened: str
    told_from: str
    acknowledged: str | None
    snoozed_until: str | None
    resolved: str | None
    linked_to: int | None
    url: str


class IncidentChanged(IncidentState, frozen=True, kw_only=True):
    """An incident that opened or changed. `told_from`: people hear of it from then on, if it still goes on."""

    type: Literal["incident"]
    schema: int
    revision: int
    as_of: str


def window_record(snapshot: WindowSnapshot, revision: int, as_of_ms: int) -> Record:
    """The record of one window of one place."""
    row = window_row(snapshot)
    place = row.segment
    key = ("window", row.window, row.end, row.metric, row.survey_kind, place.channel, place.stage)
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    value = WindowChanged(type="window", schema=SCHEMA, revision=revision, as_of=rfc3339(as_of_ms), **fields)
    return Record(msgspec.json.encode(key), msgspec.json.encode(value))


def incident_state(line: IncidentLine, public_url: str) -> IncidentState:
    """An incident as the topic tells it."""
    return IncidentState(
        number=line.number,
        version=line.version,
        state=line.state,
        segment=Place(*line.segment),
        severity=line.severity,
        page=line.page,
        spam=line.spam,
        sentence=line.sentence,
        since=rfc3339(line.since_ms),
        opened=rfc3339(line.opened_ms),
        told_from=rfc3339(line.firing_ms),
        acknowledged=_moment(line.acknowledged_ms),
        snoozed_until=_moment(line.snoozed_until_ms),
        resolved=_moment(line.resolved_ms),
        linked_to=line.linked_to,
        url=f"{public_url}/incidents/{line.number}",
    )


def digest_of(state: IncidentState) -> bytes:
    """Tells whether an incident says something else than when it was sent last."""
    return hashlib.blake2b(msgspec.json.encode(state), digest_size=16).digest()


def incident_record(state: IncidentState, revision: int, as_of_ms: int) -> Record:
    """The record of one incident."""
    fields = {name: getattr(state, name) for name in IncidentState.__struct_fields__}
    value = IncidentChanged(type="incident", schema=SCHEMA, revision=revision, as_of=rfc3339(as_of_ms), **fields)
    return Record(msgspec.json.encode(("incident", state.number)), msgspec.json.encode(value))


def _moment(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms)
