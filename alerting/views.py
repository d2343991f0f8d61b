"""What a message shows, gathered inside the transaction that claims it, so that it tells one moment."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from alerting import casebook, store
from alerting.belonging import incident_of, incidents_around
from alerting.priority import parts
from alerting.records import Case, Incident, PriorityParts
from alerting.settings import AlertSettings
from alerting.tables import cases
from detectors.records import Cause
from streams.records import Segment
from streams.store.stories import StoredFeedback, bad_feedback, feedback_of
from streams.store.tables import feedback

READ_MAX = 200  # answers looked at for the reasons most named
NAMED_MAX = 3


@dataclass(frozen=True, slots=True)
class Look:
    """How messages look here: links, zone, buttons, and the moment they tell."""

    now_ms: int
    timezone: str
    public_url: str | None
    buttons: bool

    @classmethod
    def of(cls, settings: AlertSettings, now_ms: int) -> Look:
        """The look that the settings ask for."""
        url = settings.public_url.rstrip("/") if settings.public_url else None
        return cls(now_ms, settings.timezone, url, settings.buttons)


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident as its message tells it. Unknown facts are None or empty, and left out."""

    incident: Incident
    affected: int | None  # customers with a bad answer
    most_named: tuple[str, ...]
    to_contact: int
    first_due_ms: int | None
    quotes: tuple[str, ...]
    causes: tuple[Cause, ...] = ()  # what is over-represented: told instead of what is most named, where there is any


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as its message tells it."""

    case: Case
    priority: PriorityParts
    quote: str | None
    incident: int | None = None  # which it is a part of


def incident_view(
    conn: Connection, number: int, now_ms: int, settings: AlertSettings
) -> tuple[IncidentView, frozenset[str]] | None:
    """An incident's view, and the customers whose words it holds. None if it is gone."""
    incident = store.read_incident(conn, number)
    if incident is None:
        return None
    segment, since_ms = incident.named, incident.naming.since_ms
    to_ms = (incident.resolved_ms or now_ms) + 1
    quoted = _quotes(conn, segment, since_ms, to_ms, settings.quotes_max)
    causes = incident.naming.causes[:NAMED_MAX]
    waiting, first_due_ms = _to_contact(conn, segment, since_ms)
    view = IncidentView(
        incident=incident,
        affected=_affected(conn, segment, since_ms, to_ms) or None,
        most_named=() if causes else _most_named(conn, segment, since_ms, to_ms),
        causes=causes,
        to_contact=waiting,
        first_due_ms=first_due_ms,
        quotes=tuple(answer.comment or "" for answer in quoted),
    )
    return view, frozenset(answer.customer for answer in quoted if answer.customer is not None)


def case_view(
    conn: Connection, case_id: int, now_ms: int, settings: AlertSettings
) -> tuple[CaseView, frozenset[str]] | None:
    """A case's view, and the customer whose words it holds. None if it is gone."""
    case = casebook.read_case(conn, case_id)
    if case is None:
        return None
    said = [answer for answer in feedback_of(conn, case.customer) if answer.bad and answer.comment]
    words = said[0].comment if said else None
    priority = parts(case, now_ms, settings)
    number = incident_of(case, incidents_around(conn, [case]))
    return CaseView(case, priority, words, number), frozenset({case.customer} if words else ())


def _most_named(conn: Connection, segment: Segment, from_ms: int, to_ms: int) -> tuple[str, ...]:
    answers = bad_feedback(conn, segment, from_ms, to_ms, READ_MAX, with_comment=False)
    reasons = Counter(reason for answer in answers for reason in answer.reasons)
    return tuple(sorted(reasons, key=lambda reason: (-reasons[reason], reason))[:NAMED_MAX])


def _quotes(conn: Connection, segment: Segment, from_ms: int, to_ms: int, limit: int) -> list[StoredFeedback]:
    """The newest words, one of each customer."""
    chosen: dict[str, StoredFeedback] = {}
    for answer in bad_feedback(conn, segment, from_ms, to_ms, 10 * limit):
        if len(chosen) < limit and answer.comment and answer.comment.strip():
            chosen.setdefault(answer.customer or f"{answer.source}/{answer.id}", answer)
    return list(chosen.values())


def _affected(conn: Connection, segment: Segment, from_ms: int, to_ms: int) -> int:
    c = feedback.c
    someone = func.count(func.distinct(c.customer)) + func.count().filter(c.customer.is_(None))
    query = select(someone).where(c.time_ms >= from_ms, c.time_ms < to_ms, c.bad)
    if segment.channel is not None:
        query = query.where(c.channel == segment.channel)
    if segment.stage is not None:
        query = query.where(c.stage == segment.stage)
    return int(conn.execute(query).scalar_one())


def _to_contact(conn: Connection, segment: Segment, since_ms: int) -> tuple[int, int | None]:
    c = cases.c
    query = select(func.count(), func.min(c.first_contact_due_ms)).where(
        c.state.in_(("open", "claimed")), c.opened_ms >= since_ms
    )
    if segment.channel is not None:
        query = query.where(c.channel == segment.channel)
    if segment.stage is not None:
        query = query.where(c.stage == segment.stage)
    waiting, first_due_ms = conn.execute(query).one()
    return int(waiting), first_due_ms
