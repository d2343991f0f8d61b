"""The queue of customers to contact: most urgent first, filtered, and counted. Nobody here commits.

The part of a priority that grows with time needs the business hours, so it is not in the database. What it can add is
at most ten points: only cases within ten points of the last one shown are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from alerting import casebook
from alerting.clocks import share_used
from alerting.priority import TIME_MAX
from alerting.records import OPEN_CASE_STATES, Case, CaseState
from alerting.settings import AlertSettings
from alerting.tables import cases
from streams.clock import HOUR_MS, MINUTE_MS

QUEUE_MAX = 1_000  # cases in one answer
OFFSET_MAX = 10_000
Due = Literal["overdue", "within_1h", "later"]


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which cases; None means any. Cases that are snoozed are left out unless asked for."""

    states: Sequence[CaseState] = OPEN_CASE_STATES
    claimed_by: str | None = None
    channel: str | None = None
    stage: str | None = None
    tier: str | None = None
    kind: str | None = None
    customer: str | None = None
    case_ids: Sequence[int] | None = None
    snoozed: bool = False

    def clause(self, now_ms: int) -> ColumnElement[bool]:
        """As SQL."""
        c = cases.c
        wanted: list[ColumnElement[bool]] = [c.state.in_(list(self.states))]
        for name in ("claimed_by", "channel", "stage", "kind", "customer"):
            value = getattr(self, name)
            if value is not None:
                wanted.append(c[name] == value)
        if self.tier is not None:
            wanted.append(func.lower(c.tier) == self.tier.lower())
        if self.case_ids is not None:
            wanted.append(c.case_id.in_(list(self.case_ids)))
        if not self.snoozed:
            wanted.append(or_(c.snoozed_until_ms.is_(None), c.snoozed_until_ms <= now_ms))
        return and_(*wanted)


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """What stands above the list. `on_time` of `due_today` first contacts that were due today were in time."""

    overdue: int
    within_1h: int
    later: int
    outcome_awaited: int
    done_today: int
    snoozed: int
    on_time: int
    due_today: int


def read_queue(
    conn: Connection, wanted: QueueFilter, now_ms: int, settings: AlertSettings, *, offset: int = 0, limit: int = 50
) -> list[Case]:
    """Cases from the `offset`th most urgent on: by priority, then by whose time runs out first."""
    c = cases.c
    clause = wanted.clause(now_ms)
    base = c.severity + c.value + c.repeats
    end = min(offset, OFFSET_MAX) + min(limit, QUEUE_MAX)
    last = conn.execute(select(base).where(clause).order_by(base.desc()).offset(end - 1).limit(1)).scalar()
    near = clause if last is None else and_(clause, base >= last - TIME_MAX)
    columns = (c.case_id, base, c.opened_ms, c.first_contact_due_ms, c.contacted_ms)
    ranked = sorted(
        (-(points + _time_points(opened, due, contacted or now_ms, settings)), due, case_id)
        for case_id, points, opened, due, contacted in conn.execute(select(*columns).where(near))
    )
    ids = [case_id for _, _, case_id in ranked[offset:end]]
    found = {case.case_id: case for case in casebook.read_these(conn, ids)}
    return [found[case_id] for case_id in ids if case_id in found]


def _time_points(opened_ms: int, due_ms: int, until_ms: int, settings: AlertSettings) -> int:
    return int(TIME_MAX * share_used(opened_ms, due_ms, until_ms, settings.hours))


def count_queue(conn: Connection, now_ms: int, settings: AlertSettings) -> QueueCounts:
    """The numbers above the list."""
    c = cases.c
    awake = or_(c.snoozed_until_ms.is_(None), c.snoozed_until_ms <= now_ms)
    waiting = and_(c.state.in_(("open", "claimed")), awake)
    due = c.first_contact_due_ms
    zone = ZoneInfo(settings.timezone)
    today = datetime.fromtimestamp(now_ms / 1_000, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    day_ms = int(today.timestamp() * 1_000)
    due_today = and_(due >= day_ms, due <= now_ms)

    def count(*wanted: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count().filter(and_(*wanted))

    row = conn.execute(
        select(
            count(waiting, due < now_ms),
            count(waiting, due >= now_ms, due < now_ms + HOUR_MS),
            count(waiting, due >= now_ms + HOUR_MS),
            count(c.state == "contacted"),
            count(c.closed_ms >= day_ms),
            count(c.closed_ms.is_(None), c.snoozed_until_ms > now_ms),
            count(due_today, c.contacted_ms <= due),
            count(due_today, or_(c.closed_ms.is_(None), c.contacted_ms.is_not(None))),
        ).select_from(cases)
    ).one()
    return QueueCounts(*(int(n) for n in row))


def longest_due_ms(conn: Connection, now_ms: int) -> int | None:
    """When the first contact was due that is overdue longest, None where none is."""
    c = cases.c
    awake = or_(c.snoozed_until_ms.is_(None), c.snoozed_until_ms <= now_ms)
    late = and_(c.state.in_(("open", "claimed")), awake, c.first_contact_due_ms < now_ms)
    due_ms: int | None = conn.execute(select(func.min(c.first_contact_due_ms)).where(late)).scalar()
    return due_ms


def due_word(case: Case, now_ms: int) -> str:
    """ "overdue 14 min", "8 min left", or how it stands otherwise; the clock as people read it."""
    if case.state == "contacted":
        return "contacted"
    if not case.open:
        return case.state.replace("_", " ")
    left = case.first_contact_due_ms - now_ms
    minutes = abs(left) // MINUTE_MS
    hours, rest = divmod(minutes, 60)
    length = f"{minutes} min" if minutes < 60 else f"{hours} h {rest} min" if hours < 48 else f"{hours // 24} days"
    return f"! overdue {length}" if left < 0 else f"{length} left"
