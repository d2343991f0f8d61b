"""Incidents as the API gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from alerting.records import Event, Incident, Member
from alerting.wire import EventRow, Place, event_row, place_of, time_text
from detectors.records import Cause
from streams.clock import rfc3339


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


def incident_row(incident: Incident, now_ms: int) -> IncidentRow:
    """An incident as it stands now."""
    naming = incident.naming
    return IncidentRow(
        id=incident.number,
        state=incident.stage_at(now_ms),
        segment=place_of(incident.named),
        severity=incident.severity,
        page=incident.page,
        signal=naming.signal,
        metric=naming.metric,
        since=rfc3339(naming.since_ms),
        detected_at=rfc3339(naming.detected_ms),
        resolved_at=time_text(incident.resolved_ms),
        resolved_by=incident.resolved_by,
        acknowledged_at=time_text(incident.acknowledged_ms),
        acknowledged_by=incident.acknowledged_by,
        snoozed_until=time_text(incident.snoozed_until_ms),
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
        segment=place_of(member.segment),
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
        recovered_at=time_text(member.recovered_ms),
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
