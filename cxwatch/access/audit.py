"""The audit log: who changed what, and who tried to sign in. Append-only; kept as long as answers are."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from cxwatch.access.tables import audit

ACTOR_MAX = 96
ADDRESS_MAX = 64
WHAT_MAX = 256
OUTCOME_MAX = 64
READ_MAX = 1_000


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing somebody did. `what` names no customer's words: a path, or a command."""

    at_ms: int
    actor: str
    what: str
    outcome: str
    address: str = ""
    number: int = 0


def note(conn: Connection, line: AuditLine) -> None:
    """Write one line; its number is given here."""
    row = {
        "at_ms": line.at_ms,
        "actor": line.actor[:ACTOR_MAX],
        "address": line.address[:ADDRESS_MAX],
        "what": line.what[:WHAT_MAX],
        "outcome": line.outcome[:OUTCOME_MAX],
    }
    conn.execute(insert(audit).values(row))


def read_audit(conn: Connection, limit: int = 100, before: int | None = None) -> list[AuditLine]:
    """The newest lines first; `before` goes on from a number."""
    query = select(audit).order_by(audit.c.number.desc()).limit(min(limit, READ_MAX))
    if before is not None:
        query = query.where(audit.c.number < before)
    return [
        AuditLine(row.at_ms, row.actor, row.what, row.outcome, row.address, row.number) for row in conn.execute(query)
    ]


def attempts(conn: Connection, address: str, outcome: str, since_ms: int) -> list[tuple[str, int]]:
    """(actor, when) of what an address tried since a time and that ended so; the newest READ_MAX, newest first."""
    a = audit.c
    query = select(a.actor, a.at_ms).where(a.address == address, a.outcome == outcome, a.at_ms >= since_ms)
    return [(row.actor, row.at_ms) for row in conn.execute(query.order_by(a.at_ms.desc()).limit(READ_MAX))]


def trim(conn: Connection, before_ms: int) -> int:
    """Drop lines from before a time; how many."""
    return conn.execute(delete(audit).where(audit.c.at_ms < before_ms)).rowcount
