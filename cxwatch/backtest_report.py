"""What `cxwatch backtest` prints: a line an incident, and last a summary against the marks."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from alerting.records import Incident
from alerting.wire import Place
from cxwatch.backtest import Timed
from cxwatch.errors import CxwatchError
from detectors.backtest import Alerted, Mark, MarkKind, Score, score
from streams.clock import rfc3339, to_ms
from streams.records import Segment

MARKS_MAX = 100_000
MARK_BYTES_MAX = 64 * 1024 * 1024


class BadMarks(CxwatchError):
    """The marks file cannot be used; the text names row and rule."""

    exit_code = 2


class AlertRow(Struct, frozen=True):
    """One incident as the stream would have raised it. Observed and expected are as in the API."""

    type: str
    id: int
    page: bool
    segment: Place
    signal: str
    metric: str | None
    since: str
    detected_at: str
    observed: float
    expected: float
    n: int
    evidence: float
    severity: str
    reason: str


class DelayRow(Struct, frozen=True):
    """What became of a marked event; hours is null when nobody would have been told."""

    start: str
    end: str
    channel: str | None
    stage: str | None
    hours: float | None
    events: int | None


class SummaryRow(Struct, frozen=True, kw_only=True):
    """The last line."""

    type: str = "summary"
    events: int
    seconds: float
    alerts: int
    notices: int
    false_alerts_per_week: float | None
    false_alerts: int
    quiet_weeks: float
    delays: list[DelayRow]

    def lines(self) -> list[str]:
        """The same in words."""
        days = self.seconds / 86_400
        said = [f"{self.alerts} alerts and {self.notices} notices in {self.events:,} events over {days:,.1f} days."]
        if self.false_alerts_per_week is not None:
            said.append(
                f"{self.false_alerts} false alerts on {self.quiet_weeks:.1f} quiet weeks: "
                f"{self.false_alerts_per_week:.2f} a week."
            )
        for delay in self.delays:
            found = (
                "not noticed" if delay.hours is None else f"noticed after {delay.hours:.1f} h, {delay.events} events"
            )
            said.append(f"Event of {delay.start}: {found}.")
        return said


def alert_row(incident: Incident) -> AlertRow:
    """An incident at the moment it was noticed: by the segment and the numbers that name it."""
    naming = incident.naming
    kind = "suppressed" if incident.spam else "alert" if incident.page else "notice"
    return AlertRow(
        type=kind,
        id=incident.number,
        page=incident.page and not incident.spam,
        segment=Place(*incident.named),
        signal=naming.signal,
        metric=naming.metric,
        since=rfc3339(naming.since_ms),
        detected_at=rfc3339(incident.opened_ms),
        observed=naming.observed,
        expected=naming.expected,
        n=naming.n,
        evidence=naming.evidence,
        severity=incident.severity,
        reason=naming.reason,
    )


def summary_row(rows: Sequence[AlertRow], events: Sequence[Timed], marks: Sequence[Mark]) -> SummaryRow:
    """How often wrong, how late. `events` are ordered by time and at least one."""
    alerts = [Alerted(Segment(row.segment.channel, row.segment.stage), _ms(row.detected_at), row.page) for row in rows]
    judged: Score = score(alerts, marks)
    return SummaryRow(
        events=len(events),
        seconds=(events[-1].time_ms - events[0].time_ms) / 1_000,
        alerts=sum(row.page for row in rows),
        notices=sum(not row.page for row in rows),
        false_alerts_per_week=judged.false_alerts_per_week,
        false_alerts=judged.false_alerts,
        quiet_weeks=judged.quiet_weeks,
        delays=[_delay(delay.mark, delay.hours, events) for delay in judged.delays],
    )


def _delay(mark: Mark, hours: float | None, events: Sequence[Timed]) -> DelayRow:
    until_ms = None if hours is None else mark.start_ms + int(hours * 3_600_000)
    between = None if until_ms is None else sum(mark.start_ms <= event.time_ms <= until_ms for event in events)
    return DelayRow(rfc3339(mark.start_ms), rfc3339(mark.end_ms), mark.channel, mark.stage, hours, between)


def read_marks(path: Path) -> list[Mark]:
    """Marks from CSV or JSON lines: start, end, channel, stage, kind. Raises BadMarks."""
    try:
        with path.open("rb") as file:
            text = file.read(MARK_BYTES_MAX).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadMarks(f"{path} cannot be read as UTF-8 text: check the path and how it was saved") from error
    rows = _json_rows(text, path) if text.lstrip()[:1] == "{" else _csv_rows(text, path)
    if len(rows) > MARKS_MAX:
        raise BadMarks(f"{path} has more than {MARKS_MAX:,} marks")
    return [_mark(row, number, path) for number, row in enumerate(rows, start=1)]


def _json_rows(text: str, path: Path) -> list[dict[str, Any]]:
    try:
        return [msgspec.json.decode(line, type=dict[str, Any]) for line in text.splitlines() if line.strip()]
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise BadMarks(f"{path} is neither CSV nor JSON lines with one object each: {error}") from error


def _csv_rows(text: str, path: Path) -> list[dict[str, Any]]:
    try:
        return list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise BadMarks(f"{path} is neither CSV nor JSON lines with one object each: {error}") from error


def _mark(row: dict[str, Any], number: int, path: Path) -> Mark:
    kinds: dict[str, MarkKind] = {"quiet": "quiet", "event": "event", "ignore": "ignore"}
    name = str(row.get("kind") or row.get("type") or next((k for k in kinds if row.get(k)), ""))
    kind = kinds.get(name.strip().lower())
    if kind is None:
        raise BadMarks(f"{path} mark {number}: kind {name!r} must be quiet, event or ignore")
    start_ms, end_ms = (_time(row, name, number, path) for name in ("start", "end"))
    if end_ms <= start_ms:
        raise BadMarks(f"{path} mark {number}: end must be after start")
    channel, stage = (_place(row, name, number, path) for name in ("channel", "stage"))
    return Mark(start_ms, end_ms, channel, stage, kind)


def _place(row: dict[str, Any], name: str, number: int, path: Path) -> str | None:
    value = row.get(name) or None
    if value is not None and not isinstance(value, str):
        raise BadMarks(f"{path} mark {number}: {name} must be text, or left out for all")
    return value


def _time(row: dict[str, Any], name: str, number: int, path: Path) -> int:
    value = str(row.get(name) or "")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadMarks(
            f"{path} mark {number}: {name} {value[:40]!r} must be a time with offset, such as 2026-03-01T09:00Z"
        )
    return to_ms(moment)


def _ms(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))
