"""Cases and their queue as the API gives them."""

from __future__ import annotations

from dataclasses import asdict

from msgspec import Struct

from alerting.clocks import clocks_of
from alerting.permission import Permission
from alerting.queue import QueueCounts
from alerting.records import Case, ContactMade, PriorityParts
from alerting.wire import EventRow, Place, time_text
from streams.clock import rfc3339


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
        contacted_at=time_text(case.contacted_ms),
        next_contact_due=time_text(case.next_contact_due_ms),
        promise=case.promise,
        resolution_due=time_text(case.resolution_due_ms),
        clocks=[
            ClockRow(clock.name, clock.state_at(now_ms), rfc3339(clock.due_ms), time_text(clock.done_ms))
            for clock in clocks_of(case)
        ],
        incident=incident,
        main_reason=case.main_reason,
        claimed_by=case.claimed_by,
        snoozed_until=time_text(case.snoozed_until_ms),
        closed_at=time_text(case.closed_ms),
        closed_reason=case.closed_reason,
        version=case.version,
        updated_at=rfc3339(case.updated_ms),
    )


def contact_row(made: ContactMade) -> ContactRow:
    """One attempt."""
    return ContactRow(rfc3339(made.at_ms), made.way, made.reached, made.asked, made.actor, made.note)


def permission_row(allowed: Permission) -> PermissionRow:
    """Whether contacting is fine."""
    return PermissionRow(allowed.why_not, allowed.used, allowed.most, allowed.days, time_text(allowed.next_ms))


def counts_row(counts: QueueCounts) -> QueueCountsRow:
    """The numbers above the queue."""
    return QueueCountsRow(**asdict(counts))
