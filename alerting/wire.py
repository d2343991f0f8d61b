"""Incidents and cases as the API gives them. Times RFC 3339 UTC, segment null = all."""

from __future__ import annotations

from msgspec import Struct

from alerting.priority import parts
from alerting.records import Case, Event, Incident, Member
from streams.clock import rfc3339
from streams.records import Segment


class Place(Struct, frozen=True):
    """A segment; null means all."""

    channel: str | None
    stage: str | None


class MemberRow(Struct, frozen=True):
    """One segment in which the incident is seen. `expected` is a share, for volume a number of bad answers."""

    segment: Place
    signal: str
    metric: str | None
    since: str
    detected_at: str
    n: int
    bad: int
    observed: float
    expected: float
    expected_low: float
    expected_high: float
    times_usual_volume: float | None
    evidence: float
    severity: str
    reason: str
    recovered_at: str | None


class IncidentRow(Struct, frozen=True):
    """An incident in a list. `version` goes back with every action."""

    id: int
    state: str
    segment: Place
    severity: str
    page: bool
    signal: str
    metric: str | None
    since: str
    detected_at: str
    resolved_at: str | None
    resolved_by: str | None
    acknowledged_at: str | None
    acknowledged_by: str | None
    snoozed_until: str | None
    spam: bool
    linked_to: int | None
    observed: float
    expected: float
    n: int
    bad: int
    evidence: float
    reason: str
    version: int
    updated_at: str


class EventRow(Struct, frozen=True):
    """One line of a history; actor null = the product itself."""

    at: str
    kind: str
    actor: str | None
    text: str


class IncidentDetail(Struct, frozen=True):
    """An incident with the segments it is seen in and its history."""

    incident: IncidentRow
    members: list[MemberRow]
    history: list[EventRow]


class IncidentPage(Struct, frozen=True):
    """A page of incidents, newest first; `next` is the cursor of the one after, null on the last."""

    items: list[IncidentRow]
    next: str | None


class PriorityRow(Struct, frozen=True):
    """A priority and its parts."""

    total: int
    severity: int
    value: int
    repeats: int
    time: int


class CaseRow(Struct, frozen=True):
    """A case in a list. Names and contact data are in the CRM, under `customer`."""

    id: int
    customer: str
    state: str
    kind: str
    segment: Place
    reason: str
    tier: str | None
    priority: PriorityRow
    opened_at: str
    first_contact_due: str
    contacted_at: str | None
    claimed_by: str | None
    snoozed_until: str | None
    closed_at: str | None
    closed_reason: str | None
    version: int
    updated_at: str


class CaseDetail(Struct, frozen=True):
    """A case with its history."""

    case: CaseRow
    history: list[EventRow]


class CasePage(Struct, frozen=True):
    """A page of cases, newest first; `next` is the cursor of the one after, null on the last."""

    items: list[CaseRow]
    next: str | None


def _place(segment: Segment) -> Place:
    return Place(segment.channel, segment.stage)


def _time(time_ms: int | None) -> str | None:
    return None if time_ms is None else rfc3339(time_ms)


def incident_row(incident: Incident, now_ms: int) -> IncidentRow:
    """An incident as it stands now."""
    naming = incident.naming
    return IncidentRow(
        id=incident.number,
        state=incident.stage_at(now_ms),
        segment=_place(incident.named),
        severity=incident.severity,
        page=incident.page,
        signal=naming.signal,
        metric=naming.metric,
        since=rfc3339(naming.since_ms),
        detected_at=rfc3339(naming.detected_ms),
        resolved_at=_time(incident.resolved_ms),
        resolved_by=incident.resolved_by,
        acknowledged_at=_time(incident.acknowledged_ms),
        acknowledged_by=incident.acknowledged_by,
        snoozed_until=_time(incident.snoozed_until_ms),
        spam=incident.spam,
        linked_to=incident.linked_to,
        observed=naming.observed,
        expected=naming.expected,
        n=naming.n,
        bad=naming.bad,
        evidence=naming.evidence,
        reason=naming.reason,
        version=incident.version,
        updated_at=rfc3339(incident.updated_ms),
    )


def member_row(member: Member) -> MemberRow:
    """One member."""
    return MemberRow(
        segment=_place(member.segment),
        signal=member.signal,
        metric=member.metric,
        since=rfc3339(member.since_ms),
        detected_at=rfc3339(member.detected_ms),
        n=member.n,
        bad=member.bad,
        observed=member.observed,
        expected=member.expected,
        expected_low=member.expected_low,
        expected_high=member.expected_high,
        times_usual_volume=member.times_usual_volume,
        evidence=member.evidence,
        severity=member.severity,
        reason=member.reason,
        recovered_at=_time(member.recovered_ms),
    )


def case_row(case: Case, now_ms: int) -> CaseRow:
    """A case as it stands now."""
    p = parts(case, now_ms)
    return CaseRow(
        id=case.case_id,
        customer=case.customer,
        state=case.state,
        kind=case.kind,
        segment=Place(case.channel, case.stage),
        reason=case.reason,
        tier=case.tier,
        priority=PriorityRow(p.total, p.severity, p.value, p.repeats, p.time),
        opened_at=rfc3339(case.opened_ms),
        first_contact_due=rfc3339(case.first_contact_due_ms),
        contacted_at=_time(case.contacted_ms),
        claimed_by=case.claimed_by,
        snoozed_until=_time(case.snoozed_until_ms),
        closed_at=_time(case.closed_ms),
        closed_reason=case.closed_reason,
        version=case.version,
        updated_at=rfc3339(case.updated_ms),
    )


def event_row(event: Event) -> EventRow:
    """One line of a history."""
    return EventRow(rfc3339(event.at_ms), event.kind, event.actor, event.text)
