"""What goes over the stream: events window, incident, case and beat, with JSON bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from zlib import crc32

import msgspec
from msgspec import Struct

from dashboards.alert_readings import CaseLine, IncidentLine
from dashboards.context import DashboardContext
from dashboards.readings import Now
from dashboards.window_filter import Filter
from dashboards.window_rows import Place, WindowRow, window_row
from streams.clock import SECOND_MS, rfc3339
from streams.records import WindowSnapshot

EventName = Literal["window", "incident", "case", "beat"]


class GoneRow(Struct, frozen=True):
    """A window without any answer left."""

    segment: Place
    metric: str
    survey_kind: str
    window: str


class WindowChange(Struct, frozen=True):
    """Rows that changed, as GET /api/v1/windows gives them. `complete`: all rows, forget what you had."""

    items: list[WindowRow]
    gone: list[GoneRow]
    complete: bool


class IncidentChange(Struct, frozen=True):
    """An incident that changed; its page has the rest."""

    number: int
    segment: Place
    state: str
    severity: str
    spam: bool
    sentence: str
    since: str
    updated: str
    version: int


class CaseChange(Struct, frozen=True):
    """A case that changed, without its customer."""

    id: int
    state: str
    updated: str
    version: int


class Beat(Struct, frozen=True):
    """Server time and age of the newest event, so that a page can tell quiet from blind. Product time throughout.

    `speed`: product seconds in a real one. `messages` changes with the preview page. `back`: the gap that just ended.
    """

    now: str
    speed: float
    state: Literal["waiting", "live", "stale"]
    newest: str | None
    age_seconds: float | None
    stale_after_seconds: float
    usual_gap_seconds: float | None
    open_incidents: int
    messages: str
    back: dict[str, str] | None
    unmeasured: int  # events that wait in the log although the numbers are stale
    undecided: bool  # nobody decides: no alert can come
    troubles: str  # changes with what holds up messages


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event, encoded. Window events keep their rows, because every client has its own filter."""

    name: EventName
    event_id: str | None
    sequence: int
    data: bytes
    rows: tuple[WindowSnapshot, ...] = ()
    gone: tuple[WindowSnapshot, ...] = ()
    complete: bool = False

    def for_filter(self, wanted: Filter) -> StreamEvent | None:
        """The event as one client gets it, None if nothing in it concerns this one."""
        if self.name != "window" or wanted == Filter():
            return self
        rows = tuple(row for row in self.rows if wanted.admits(row))
        gone = tuple(row for row in self.gone if wanted.admits(row))
        if not rows and not gone and not self.complete:
            return None
        return replace(self, rows=rows, gone=gone, data=_window_data(rows, gone, self.complete))

    def encode(self) -> bytes:
        """The event on the wire. JSON has no line breaks, so one data line is enough."""
        head = b"" if self.event_id is None else f"id: {self.event_id}\n".encode()
        return head + f"event: {self.name}\ndata: ".encode() + self.data + b"\n\n"


def window_event(
    rows: Sequence[WindowSnapshot],
    event_id: str,
    sequence: int,
    *,
    gone: Sequence[WindowSnapshot] = (),
    complete: bool = False,
) -> StreamEvent:
    """Rows that changed."""
    data = _window_data(rows, gone, complete)
    return StreamEvent("window", event_id, sequence, data, tuple(rows), tuple(gone), complete)


def _window_data(rows: Sequence[WindowSnapshot], gone: Sequence[WindowSnapshot], complete: bool) -> bytes:
    left = [GoneRow(Place(*row.segment), row.metric, row.survey_kind, row.window) for row in gone]
    return msgspec.json.encode(WindowChange([window_row(row) for row in rows], left, complete))


def incident_event(line: IncidentLine, event_id: str, sequence: int) -> StreamEvent:
    """An incident that opened or changed."""
    body = IncidentChange(
        number=line.number,
        segment=Place(*line.segment),
        state=line.state,
        severity=line.severity,
        spam=line.spam,
        sentence=line.sentence,
        since=rfc3339(line.since_ms),
        updated=rfc3339(line.updated_ms),
        version=line.version,
    )
    return StreamEvent("incident", event_id, sequence, msgspec.json.encode(body))


def case_event(line: CaseLine, event_id: str, sequence: int) -> StreamEvent:
    """A case that opened or changed."""
    body = CaseChange(line.case_id, line.state, rfc3339(line.updated_ms), line.version)
    return StreamEvent("case", event_id, sequence, msgspec.json.encode(body))


def troubles_key(now: Now) -> str:
    """A short text that differs when other messages are held up, or for another reason."""
    return "".join(f"{trouble.place}:{crc32(trouble.reason.encode())} " for trouble in now.troubles)


def beat(now: Now, context: DashboardContext) -> StreamEvent:
    """The sign of life. It has no id: nobody needs an old one."""
    fresh = now.freshness
    body = Beat(
        now=rfc3339(fresh.now_ms),
        speed=context.speed,
        state=fresh.state,
        newest=None if fresh.newest_ms is None else rfc3339(fresh.newest_ms),
        age_seconds=None if fresh.newest_ms is None else fresh.age_ms / SECOND_MS,
        stale_after_seconds=fresh.stale_after_ms / SECOND_MS,
        usual_gap_seconds=None if fresh.usual_gap_ms is None else fresh.usual_gap_ms / SECOND_MS,
        open_incidents=now.counts.open_incidents,
        messages=now.counts.messages,
        unmeasured=now.unmeasured,
        undecided=now.undecided,
        troubles=troubles_key(now),
        back=None if fresh.back is None else {"from": rfc3339(fresh.back.from_ms), "at": rfc3339(fresh.back.back_ms)},
    )
    return StreamEvent("beat", None, 0, msgspec.json.encode(body))
