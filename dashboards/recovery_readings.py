"""Service recovery in numbers: who waits for a first contact, how long it took, and how often it came too late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from alerting.tables import cases
from streams.clock import HOUR_MS, MINUTE_MS, SECOND_MS

DUES = ("overdue", "within_1h", "later")
WAITING = ("open", "claimed")
BOUNDS_MS = tuple(
    minutes * MINUTE_MS for minutes in (15, 30, 60, 120, 240, 480, 1_440, 2_880)
)  # of the time to first contact
EXAMPLES_MAX = 100  # newest contacts looked through for an exemplar a bucket


@dataclass(frozen=True, slots=True)
class Contacted:
    """One first contact: which case, and how long after it was opened."""

    case_id: int
    took_seconds: float


@dataclass(frozen=True, slots=True)
class Recovery:
    """Open cases by when their first contact is due; first contacts by how long they took; targets missed so far.

    `waiting` has a number for each of DUES. `within` counts contacts per bound of BOUNDS_MS, each including the shorter
    ones. `examples` are the newest.
    """

    waiting: Mapping[str, int]
    within: tuple[int, ...]
    contacts: int
    seconds: float
    missed: int
    examples: Sequence[Contacted]


def read_recovery(conn: Connection, now_ms: int) -> Recovery:
    """How recovery stands at `now_ms` of the product's clock."""
    c = cases.c
    took = c.contacted_ms - c.opened_ms
    waits = c.state.in_(WAITING)
    due = c.first_contact_due_ms
    # Too late: contacted, or closed without a contact, after the target; or still waiting beyond it.
    late = func.coalesce(c.contacted_ms, c.closed_ms, now_ms) > due
    row = conn.execute(
        select(
            _count(and_(waits, due < now_ms)),
            _count(and_(waits, due >= now_ms, due < now_ms + HOUR_MS)),
            _count(and_(waits, due >= now_ms + HOUR_MS)),
            _count(late),
            func.count(c.contacted_ms),
            func.coalesce(func.sum(took), 0),
            *(_count(took <= bound) for bound in BOUNDS_MS),
        )
    ).one()
    newest = (
        select(c.case_id, took)
        .where(c.contacted_ms.is_not(None))
        .order_by(c.contacted_ms.desc(), c.case_id.desc())
        .limit(EXAMPLES_MAX)
    )
    return Recovery(
        waiting=dict(zip(DUES, (int(n) for n in row[:3]), strict=True)),
        missed=int(row[3]),
        contacts=int(row[4]),
        seconds=int(row[5]) / SECOND_MS,
        within=tuple(int(n) for n in row[6:]),
        examples=[Contacted(int(case_id), int(ms) / SECOND_MS) for case_id, ms in conn.execute(newest)],
    )


def _count(what: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((what, 1), else_=0)), 0)
