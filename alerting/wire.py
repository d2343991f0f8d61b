"""Incidents and cases as the API gives them. Times RFC 3339 UTC, segment null = all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from msgspec import Meta, Struct

from alerting.clocks import clocks_of
from alerting.permission import Permission
from alerting.queue import QueueCounts
from alerting.records import Case, ContactMade, Event, Incident, Member, PriorityParts
from detectors.records import Cause
from streams.clock import rfc3339
from streams.records import Segment


class Place(Struct, frozen=True):
    """A segment; null means all."""

    channel: str | None
    stage: str | None


class CurvePointRow(Struct, frozen=True):
    """How strong the evidence was at a moment."""

    at: str
    weeks: Annotated[float, Meta(description="As rare as once in that many weeks, over everything that is watched")]


class CauseRow(Struct, frozen=True):
    """What is over-represented among the unhappy customers of an incident, against the usual ones of the place.

    Text in `name` is data: reason codes, words from comments, values of attributes.
    """

    kind: Annotated[str, Meta(description="reason, touchpoint, word, or the name of an attribute")]
    name: str
    bad: Annotated[int, Meta(description="Unhappy customers since the start who have it")]
    bad_of: Annotated[int, Meta(description="Of so many")]
    usual: Annotated[int, Meta(description="Unhappy customers of the four weeks before who had it")]
    usual_of: Annotated[int, Meta(description="Of so many")]
    times_usual: Annotated[float | None, Meta(description="One share over the other; null where it is usually never")]
    z: Annotated[float, Meta(description="Standardised log-odds; the list is ordered by it")]


class MemberRow(Struct, frozen=True):
    """One segment in which the incident is seen.

    The evidence curve goes up to the last time the incident was told; `needed` is the level at which it fires.
    """

    segment: Place
    signal: str
    metric: str | None
    since: Annotated[str, Meta(description="The most likely start: the change point")]
    detected_at: str
    n: int
    bad: int
    observed: float
    expected: Annotated[float, Meta(description="The usual: a share 0-1, for the signal volume a number")]
    expected_low: Annotated[float, Meta(description="Low end of the usual band")]
    expected_high: Annotated[float, Meta(description="High end of the usual band")]
    times_usual_volume: float | None
    evidence: Annotated[float, Meta(description="As rare as once in that many weeks")]
    severity: str
    reason: str
    recovered_at: str | None
    character: Annotated[str | None, Meta(description="What kind of change: jump, drift, volume or shape")]
    seen_by: Annotated[list[str], Meta(description="The detectors that signalled")]
    needed: Annotated[float | None, Meta(description="Evidence in weeks at which this place fires; null without one")]
    curve: list[CurvePointRow]
    causes: list[CauseRow]


class SpamRow(Struct, frozen=True):
    """Why an incident is held back as possible spam, and how to appeal."""

    reason: str
    appeal: str


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
    spam_reason: str | None
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
    """An incident with the segments it is seen in and its history.

    The first member names it: its curve, its usual band, its character and its causes are the incident's.
    """

    incident: IncidentRow
    members: list[MemberRow]
    spam: SpamRow | None
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


class ClockRow(Struct, frozen=True):
    """One clock: first_contact, next_contact or resolution; running, overdue, kept or missed."""

    name: str
    state: str
    due: str
    done: str | None


class ContactRow(Struct, frozen=True):
    """One attempt to reach the customer."""

    at: str
    way: str
    reached: bool
    asked: bool
    actor: str
    note: str


class PermissionRow(Struct, frozen=True):
    """Whether the customer may be contacted now; `why_not` null means yes. `used` of `most` contacts in `days` days."""

    why_not: str | None
    used: int
    most: int
    days: int
    next_at: str | None


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
    next_contact_due: str | None
    promise: str | None
    resolution_due: str | None
    clocks: list[ClockRow]
    incident: int | None
    main_reason: str | None
    claimed_by: str | None
    snoozed_until: str | None
    closed_at: str | None
    closed_reason: str | None
    version: int
    updated_at: str


class CaseDetail(Struct, frozen=True):
    """A case with its contact log, newest first, and its history."""

    case: CaseRow
    permission: PermissionRow
    contacts: list[ContactRow]
    history: list[EventRow]


class CasePage(Struct, frozen=True):
    """A page of cases; `next` is the cursor of the one after, null on the last."""

    items: list[CaseRow]
    next: str | None


class QueueCountsRow(Struct, frozen=True):
    """What stands above the queue. `on_time` of `due_today` first contacts due today so far were in time."""

    overdue: int
    within_1h: int
    later: int
    outcome_awaited: int
    done_today: int
    snoozed: int
    on_time: int
    due_today: int


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
        spam_reason=incident.spam_reason,
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


def incident_detail(incident: Incident, history: Sequence[Event], now_ms: int) -> IncidentDetail:
    """One incident with all that is known of it."""
    members = sorted(incident.members, key=lambda m: m.segment != incident.named)
    return IncidentDetail(
        incident=incident_row(incident, now_ms),
        members=[member_row(m) for m in members],
        spam=_spam_row(incident) if incident.spam else None,
        history=[event_row(event) for event in history],
    )


def _spam_row(incident: Incident) -> SpamRow:
    appeal = (
        f'POST /api/v1/incidents/{incident.number}/spam with {{"version": {incident.version}, "spam": false}}: '
        "people are told then, as of any incident"
    )
    return SpamRow(incident.spam_reason or "it looks like spam", appeal)


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
        character=member.character,
        seen_by=list(member.detectors),
        needed=member.needed or None,
        curve=[CurvePointRow(rfc3339(point.at_ms), point.weeks) for point in member.curve],
        causes=[cause_row(cause) for cause in member.causes],
    )


def cause_row(cause: Cause) -> CauseRow:
    """One cause."""
    return CauseRow(
        kind=cause.kind,
        name=cause.name,
        bad=cause.bad,
        bad_of=cause.bad_of,
        usual=cause.usual,
        usual_of=cause.usual_of,
        times_usual=cause.times_usual,
        z=cause.z,
    )


def case_row(case: Case, p: PriorityParts, now_ms: int, incident: int | None = None) -> CaseRow:
    """A case as it stands now, with its priority and the incident it is a part of."""
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
        next_contact_due=_time(case.next_contact_due_ms),
        promise=case.promise,
        resolution_due=_time(case.resolution_due_ms),
        clocks=[
            ClockRow(clock.name, clock.state_at(now_ms), rfc3339(clock.due_ms), _time(clock.done_ms))
            for clock in clocks_of(case)
        ],
        incident=incident,
        main_reason=case.main_reason,
        claimed_by=case.claimed_by,
        snoozed_until=_time(case.snoozed_until_ms),
        closed_at=_time(case.closed_ms),
        closed_reason=case.closed_reason,
        version=case.version,
        updated_at=rfc3339(case.updated_ms),
    )


def contact_row(made: ContactMade) -> ContactRow:
    """One attempt."""
    return ContactRow(rfc3339(made.at_ms), made.way, made.reached, made.asked, made.actor, made.note)


def permission_row(allowed: Permission) -> PermissionRow:
    """Whether contacting is fine."""
    return PermissionRow(allowed.why_not, allowed.used, allowed.most, allowed.days, _time(allowed.next_ms))


def counts_row(counts: QueueCounts) -> QueueCountsRow:
    """The numbers above the queue."""
    return QueueCountsRow(**asdict(counts))


def event_row(event: Event) -> EventRow:
    """One line of a history."""
    return EventRow(rfc3339(event.at_ms), event.kind, event.actor, event.text)
