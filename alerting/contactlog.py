"""Attempts to reach customers, as they are stored. Nobody here commits."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, insert, select

from alerting.records import ContactMade
from alerting.tables import contacts
from streams.clock import DAY_MS

LOG_MAX = 200


def add(conn: Connection, made: ContactMade) -> None:
    """Keep one attempt."""
    conn.execute(insert(contacts).values(**asdict(made)))


def of_case(conn: Connection, case_id: int, limit: int = LOG_MAX) -> list[ContactMade]:
    """A case's attempts, newest first."""
    c = contacts.c
    query = select(contacts).where(c.case_id == case_id).order_by(c.contact_id.desc()).limit(limit)
    names = ContactMade.__slots__
    return [ContactMade(**{name: row._mapping[name] for name in names}) for row in conn.execute(query)]


def recent_ms(conn: Connection, customer: str, now_ms: int, days: int) -> list[int]:
    """When a customer was contacted in the last days, over all their cases."""
    c = contacts.c
    query = select(c.at_ms).where(c.customer == customer, c.at_ms > now_ms - days * DAY_MS)
    return list(conn.execute(query.order_by(c.at_ms).limit(LOG_MAX)).scalars())
