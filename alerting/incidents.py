"""Incidents as pure transitions: anomalies of several segments in, one incident a spike out.

A spike at one place shows in the place itself and in its rollups (the channel, the stage, everything), and an
outage of one provider shows at several places of one stage. All of that is one incident, named by the leaf (one
channel at one stage) that explains most: the one with the most bad events beyond the expected. Silences are kept apart
from it: they are about what feeds us, and the widest names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from alerting.records import Incident, Member
from detectors.records import Anomaly, CurvePoint, Recovery, Update
from streams.clock import MINUTE_MS
from streams.records import Segment

MARKED = "marked by "  # how the reason begins where a person says that it is spam


def member_of(anomaly: Anomaly) -> Member:
    """The anomaly as a member of an incident."""
    return Member(
        segment=anomaly.segment,
        signal=anomaly.signal,
        page=anomaly.page,
        since_ms=anomaly.since_ms,
        detected_ms=anomaly.detected_ms,
        metric=anomaly.metric,
        n=anomaly.n,
        bad=anomaly.bad,
        observed=anomaly.observed,
        expected=anomaly.expected,
        expected_low=anomaly.expected_low,
        expected_high=anomaly.expected_high,
        times_usual_volume=anomaly.times_usual_volume,
        evidence=anomaly.evidence,
        severity=anomaly.severity,
        reason=anomaly.reason,
        character=anomaly.character,
        needed=anomaly.needed,
        detectors=anomaly.detectors,
        curve=anomaly.curve,
        causes=anomaly.causes,
    )


def with_curves(incident: Incident, curves: Mapping[Segment, tuple[CurvePoint, ...]]) -> Incident:
    """The incident with newer curves of its open members, for whoever looks at it."""
    members = tuple(replace(m, curve=curves.get(m.segment) or m.curve) if m.open else m for m in incident.members)
    return replace(incident, members=members)


def opened(number: int, anomaly: Anomaly, hold_off_ms: int, linked_to: int | None = None) -> Incident:
    """A new incident; it is pending until the hold-off ends."""
    return Incident(
        number=number,
        state="firing",
        named=anomaly.segment,
        members=(member_of(anomaly),),
        opened_ms=anomaly.detected_ms,
        firing_ms=anomaly.detected_ms + hold_off_ms,
        resolved_ms=None,
        resolved_by=None,
        acknowledged_ms=None,
        acknowledged_by=None,
        snoozed_until_ms=None,
        spam=anomaly.spam is not None,
        spam_reason=anomaly.spam,
        reminders=0,
        linked_to=linked_to,
        version=1,
        updated_ms=anomaly.detected_ms,
    )


def intersects(one: Segment, other: Segment) -> bool:
    """Whether some leaf lies in both segments."""
    return (one.channel is None or other.channel is None or one.channel == other.channel) and (
        one.stage is None or other.stage is None or one.stage == other.stage
    )


def covers(wide: Segment, narrow: Segment) -> bool:
    """Whether `wide` is `narrow` itself or one of its rollups."""
    return wide.channel in (None, narrow.channel) and wide.stage in (None, narrow.stage)


def core(incident: Incident, *, closed: bool = False) -> tuple[Member, ...]:
    """What the incident is about: its open leaves, else its open rollups (all of them with `closed`)."""
    members = [m for m in incident.members if closed or m.open]
    return tuple([m for m in members if m.leaf] or members)


def related(incident: Incident, segment: Segment, *, closed: bool = False) -> bool:
    """Whether an anomaly there is the same spike as this incident.

    A rollup belongs to it if it covers a leaf of it. A leaf belongs to it if it is one of its own, if the incident
    knows only rollups and one of them covers it, or if it shares its channel or its stage with one of its leaves
    and that channel's or stage's own rollup is a member: then both are seen to move together. "Everywhere" joins
    nothing, else two troubles on one day would be one incident.
    """
    middle = core(incident, closed=closed)
    if any(intersects(m.segment, segment) for m in middle):
        return True
    if segment.channel is None or segment.stage is None:
        return False
    common = {m.segment for m in incident.members if (closed or m.open) and not m.leaf}
    return any(
        (m.segment.channel == segment.channel and Segment(segment.channel, None) in common)
        or (m.segment.stage == segment.stage and Segment(None, segment.stage) in common)
        for m in middle
    )


def home_of(segment: Segment, current: Iterable[Incident]) -> Incident | None:
    """The open incident that an anomaly belongs to: where it is a member already, else the largest related one."""
    open_ones = [i for i in current if i.state != "resolved"]
    own = [i for i in open_ones if any(m.segment == segment for m in i.members)]
    fitting = own or [i for i in open_ones if related(i, segment)]
    return max(fitting, key=lambda i: (i.naming.excess, -i.number), default=None)


def earlier_of(segment: Segment, current: Iterable[Incident]) -> Incident | None:
    """The incident resolved last that an anomaly there continues."""
    over = [i for i in current if i.state == "resolved" and related(i, segment, closed=True)]
    return max(over, key=lambda i: (i.resolved_ms or 0, i.number), default=None)


def comes_back(earlier: Incident, at_ms: int, reopen_minutes: int) -> bool:
    """Whether it is early enough to be the same incident again."""
    return earlier.resolved_ms is not None and at_ms - earlier.resolved_ms <= reopen_minutes * MINUTE_MS


def attached(incident: Incident, anomaly: Anomaly) -> Incident:
    """The incident with this anomaly as a member, named anew."""
    others = tuple(m for m in incident.members if m.segment != anomaly.segment)
    joined = replace(incident, members=(*others, member_of(anomaly)), updated_ms=anomaly.detected_ms)
    if joined.spam and anomaly.spam is None and not (joined.spam_reason or "").startswith(MARKED):
        joined = replace(joined, spam=False, spam_reason=None)  # beside it, something real
    return _named(joined)


def reopened(incident: Incident, anomaly: Anomaly, hold_off_ms: int) -> Incident:
    """The resolved incident, firing again because it came back: nobody has taken it yet."""
    at_ms = incident.resolved_ms
    closed = tuple(m if m.recovered_ms is not None else replace(m, recovered_ms=at_ms) for m in incident.members)
    again = attached(replace(incident, members=closed), anomaly)
    return _named(
        replace(
            again,
            state="firing",
            firing_ms=anomaly.detected_ms + hold_off_ms,
            resolved_ms=None,
            resolved_by=None,
            acknowledged_ms=None,
            acknowledged_by=None,
            snoozed_until_ms=None,
            reminders=0,
            version=incident.version + 1,
        )
    )


def reopened_by(incident: Incident, actor: str, at_ms: int) -> Incident:
    """The resolved incident, open again because somebody says so: its members as they stood when it resolved."""
    ended = incident.resolved_ms
    members = tuple(replace(m, recovered_ms=None) if m.recovered_ms == ended else m for m in incident.members)
    if not any(m.open for m in members):  # the last to recover was its name
        members = tuple(replace(m, recovered_ms=None) if m.segment == incident.named else m for m in members)
    return _named(
        replace(
            incident,
            state="acknowledged",
            members=members,
            resolved_ms=None,
            resolved_by=None,
            acknowledged_ms=at_ms,
            acknowledged_by=actor,
            reminders=0,
        )
    )


def moved(incident: Incident, update: Update) -> Incident:
    """The incident with a member's newer numbers."""
    members = tuple(_with_newer(m, update) if m.segment == update.segment and m.open else m for m in incident.members)
    return _named(replace(incident, members=members, updated_ms=update.at_ms))


def _with_newer(member: Member, update: Update) -> Member:
    """The member with an update's numbers; it began when it began, and who saw it stays where the metric does."""
    newer = member
    if update.now is not None:
        since_ms = min(member.since_ms, update.now.since_ms)
        newer = replace(member_of(update.now), since_ms=since_ms, detected_ms=member.detected_ms)
        if newer.metric == member.metric:
            newer = replace(newer, character=member.character, detectors=member.detectors)
    return replace(
        newer,
        page=member.page,
        n=update.n,
        bad=update.bad,
        observed=update.observed,
        evidence=update.evidence or newer.evidence,
        severity=update.severity,
        reason=update.reason,
        needed=newer.needed or member.needed,
        curve=update.curve or member.curve,
        causes=update.causes or member.causes,
    )


def eased(incident: Incident, recovery: Recovery) -> Incident:
    """The incident with one member back to usual; resolved when its name is and no other leaf is left.

    Rollups that have not returned yet close with it: what they saw was this.
    """
    members = tuple(
        replace(m, recovered_ms=recovery.at_ms, curve=recovery.curve or m.curve)  # its numbers stay what was told
        if m.segment == recovery.segment and m.open
        else m
        for m in incident.members
    )
    left = [m for m in members if m.open]
    over = not left or (recovery.segment == incident.named and not any(m.leaf for m in left))
    if over:
        return resolved(replace(incident, members=members), recovery.at_ms, by=None)
    return _named(replace(incident, members=members, updated_ms=recovery.at_ms))


def resolved(incident: Incident, at_ms: int, by: str | None) -> Incident:
    """The incident, over. `by` is None when it resolved on evidence, by itself."""
    members = tuple(m if m.recovered_ms is not None else replace(m, recovered_ms=at_ms) for m in incident.members)
    return replace(
        incident,
        state="resolved",
        members=members,
        resolved_ms=at_ms,
        resolved_by=by,
        snoozed_until_ms=None,
        version=incident.version + 1,
        updated_ms=at_ms,
    )


def _named(incident: Incident) -> Incident:
    candidates: Sequence[Member] = core(incident) or core(incident, closed=True)
    if incident.operations:  # the widest silence names it
        candidates = [m for m in incident.members if m.open] or incident.members
    best = max(candidates, key=lambda m: (m.excess, m.segment == incident.named, m.segment.label))
    return replace(incident, named=best.segment)
