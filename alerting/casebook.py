"""Reading and writing cases. Functions take a connection; nobody here commits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from alerting.records import OPEN_CASE_STATES, Case, CaseState, Event
from alerting.tables import case_events, case_flags, cases
from streams.clock import DAY_MS
from streams.records import Flag
from streams.store.dialect import upsert

LIST_MAX = 10_000
HISTORY_MAX = 1_000
REPEATS_DAYS = 30


def next_case_id(conn: Connection) -> int:
    """The number of the next case: they count up from 1."""
    return int(conn.execute(select(func.coalesce(func.max(cases.c.case_id), 0))).scalar_one()) + 1


def read_case(conn: Connection, case_id: int, *, lock: bool = False) -> Case | None:
    """One case; with `lock` a new flag waits until the transaction ends."""
    query = select(cases).where(cases.c.case_id == case_id)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _case(row)


def open_case_of(conn: Connection, customer: str) -> Case | None:
    """The customer's open case, locked against a person's action at the same moment."""
    query = select(cases).where(cases.c.customer == customer, cases.c.closed_ms.is_(None)).with_for_update()
    row = conn.execute(query).one_or_none()
    return None if row is None else _case(row)


def cases_of(conn: Connection, customer: str, limit: int = 20) -> list[Case]:
    """A customer's cases, newest first."""
    query = select(cases).where(cases.c.customer == customer).order_by(cases.c.case_id.desc()).limit(limit)
    return [_case(row) for row in conn.execute(query)]


def read_cases(
    conn: Connection,
    states: Collection[CaseState] | None = OPEN_CASE_STATES,
    before: int | None = None,
    limit: int = 1_000,
) -> list[Case]:
    """Cases, newest first; by default those that somebody still has to do something about."""
    query = select(cases).order_by(cases.c.case_id.desc()).limit(min(limit, LIST_MAX))
    if states is not None:
        query = query.where(cases.c.state.in_(list(states)))
    if before is not None:
        query = query.where(cases.c.case_id < before)
    return [_case(row) for row in conn.execute(query)]


def newest_cases(conn: Connection, wanted: ColumnElement[bool], before: int | None, limit: int) -> list[Case]:
    """Cases that a clause wants, newest first."""
    query = select(cases).where(wanted).order_by(cases.c.case_id.desc()).limit(min(limit, LIST_MAX))
    if before is not None:
        query = query.where(cases.c.case_id < before)
    return [_case(row) for row in conn.execute(query)]


def read_these(conn: Connection, case_ids: Collection[int]) -> list[Case]:
    """Some cases by their numbers, in no order."""
    return [_case(row) for row in conn.execute(select(cases).where(cases.c.case_id.in_(list(case_ids))))]


def _case(row: Row[Any]) -> Case:
    return Case(**row._mapping)


def save_case(conn: Connection, case: Case) -> None:
    """Write a case as it is now (DECIDE)."""
    conn.execute(upsert(conn, cases).values(**asdict(case)))


def save_transition(conn: Connection, case: Case, expected_version: int) -> bool:
    """Write a person's transition if nobody was faster: False when the version has moved on."""
    c = cases.c
    done = conn.execute(
        update(cases).where(c.case_id == case.case_id, c.version == expected_version).values(**asdict(case))
    )
    return done.rowcount == 1


def seen(conn: Connection, flag_id: str) -> bool:
    """Whether a flag was taken into account before."""
    query = select(case_flags.c.flag_id).where(case_flags.c.flag_id == flag_id)
    return conn.execute(query).one_or_none() is not None


def other_flags(conn: Connection, flag: Flag) -> int:
    """Flags of the same customer in the 30 days before this one."""
    c = case_flags.c
    since = flag.time_ms - REPEATS_DAYS * DAY_MS
    query = select(func.count()).where(c.customer == flag.customer, c.time_ms >= since, c.flag_id != flag.flag_id)
    return int(conn.execute(query).scalar_one())


def remember(conn: Connection, flag: Flag, case_id: int | None) -> None:
    """Take a flag into account, with the case it opened or raised, if any."""
    conn.execute(
        insert(case_flags).values(
            flag_id=flag.flag_id, case_id=case_id, customer=flag.customer, time_ms=flag.time_ms, kind=flag.kind
        )
    )


def add_case_event(conn: Connection, case_id: int, event: Event) -> None:
    """Append one line to a case's history; only an erasure ever blanks one."""
    conn.execute(insert(case_events).values(case_id=case_id, **asdict(event)))


def case_history(conn: Connection, case_id: int, limit: int = HISTORY_MAX) -> list[Event]:
    """What happened to a case, oldest first; of a very long history the newest `limit` lines."""
    c = case_events.c
    query = select(case_events).where(c.case_id == case_id).order_by(c.event_id.desc()).limit(limit)
    rows = conn.execute(query).all()
    return [Event(row.at_ms, row.kind, row.actor, row.text, row.version) for row in reversed(rows)]
