"""From a row of the outbox to the message it wants told, as everything stands in this transaction."""

from __future__ import annotations

from sqlalchemy import Connection

from alerting import casebook, outbox, store, waiting
from alerting.channels.protocol import Message
from alerting.digests import DigestLine, digest_message
from alerting.messages import case_message, gone_message, incident_message
from alerting.records import ERASED, OutboxRow
from alerting.settings import AlertSettings
from alerting.text import clock_time, duration
from alerting.views import Look, case_view, incident_view

DIGEST_READ_MAX = 1_000


def render(conn: Connection, row: OutboxRow, now_ms: int, settings: AlertSettings) -> Message:
    """The message at the row's desired revision; whose words it shows is kept for erasure."""
    look, revision = Look.of(settings, now_ms), row.desired_revision
    late = None
    if row.late_ms is not None:
        written = clock_time(row.not_before_ms, now_ms, settings.timezone)
        late = f"written {written}, delivered {duration(row.late_ms)} late"
    if row.about == "incident":
        incident = incident_view(conn, row.number, now_ms, settings)
        outbox.keep_quoted(conn, row.outbox_id, incident[1] if incident else ())
        if incident:
            return incident_message(incident[0], look, revision, late)
        return gone_message(f"Incident #{row.number}", revision)
    if row.about == "digest":
        lines, rest = _digest_lines(conn, row.number)
        return digest_message(row.number, lines, rest, look, revision=revision, late=late)
    case = case_view(conn, row.number, now_ms, settings)
    outbox.keep_quoted(conn, row.outbox_id, case[1] if case else ())
    if case and case[0].case.closed_reason != ERASED:
        return case_message(case[0], look, revision, late)
    return gone_message(f"Case {row.number}", revision)


def _digest_lines(conn: Connection, number: int) -> tuple[list[DigestLine], int]:
    """What a digest tells, and how many of its members could not be read any more."""
    lines: list[DigestLine] = []
    told = waiting.members(conn, number, DIGEST_READ_MAX)
    for member in told:
        if member.about == "incident":
            incident = store.read_incident(conn, member.number)
            if incident is not None:
                lines.append(DigestLine(incident=incident))
        else:
            case = casebook.read_case(conn, member.number)
            if case is not None and case.closed_reason != ERASED:
                lines.append(DigestLine(case=case))
    return lines, len(told) - len(lines)


def is_over(conn: Connection, row: OutboxRow) -> bool:
    """Whether a message is about something that nobody has to act on any more."""
    if row.about == "incident":
        incident = store.read_incident(conn, row.number)
        return incident is None or incident.state == "resolved"
    if row.about == "case":
        case = casebook.read_case(conn, row.number)
        return case is None or not case.open
    return all(is_over(conn, member) for member in waiting.members(conn, row.number, DIGEST_READ_MAX))
