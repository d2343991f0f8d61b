"""How deliveries stand: what waits, since when, and what went out, for the metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from alerting.tables import notes, outbox

STATES = ("ready", "sending", "sent", "unknown", "dead")
WAITING = ("ready", "sending", "unknown")


@dataclass(frozen=True, slots=True)
class DeliveryCounts:
    """Messages and notes by state; `results` counts them by (sink, "delivered" or "gave_up").

    `oldest_due_ms` is the product time at which the oldest one that still waits was due, None when none does.
    """

    by_state: Mapping[str, int]
    results: Mapping[tuple[str, str], int]
    oldest_due_ms: int | None


def read_delivery(conn: Connection) -> DeliveryCounts:
    """The outbox and its notes as they stand now."""
    by_state: dict[str, int] = {}
    for table in (outbox, notes):
        for state, many in conn.execute(select(table.c.state, func.count()).group_by(table.c.state)):
            by_state[state] = by_state.get(state, 0) + int(many)
    return DeliveryCounts(by_state, _results(conn), _oldest_due_ms(conn))


def _results(conn: Connection) -> dict[tuple[str, str], int]:
    rows = [
        *conn.execute(
            select(outbox.c.channel, outbox.c.state, outbox.c.ts.is_not(None), func.count()).group_by(
                outbox.c.channel, outbox.c.state, outbox.c.ts.is_not(None)
            )
        ),
        *conn.execute(
            select(outbox.c.channel, notes.c.state, notes.c.ts.is_not(None), func.count())
            .join(outbox, outbox.c.outbox_id == notes.c.outbox_id)
            .group_by(outbox.c.channel, notes.c.state, notes.c.ts.is_not(None))
        ),
    ]
    results: dict[tuple[str, str], int] = {}
    for sink, state, posted, many in rows:
        result = "delivered" if posted else "gave_up" if state == "dead" else None
        if result is not None:
            key = (sink or "none", result)
            results[key] = results.get(key, 0) + int(many)
    return results


def _oldest_due_ms(conn: Connection) -> int | None:
    behind = outbox.c.desired_revision > outbox.c.sent_revision
    due = [
        conn.execute(select(func.min(outbox.c.not_before_ms)).where(behind, outbox.c.state.in_(WAITING))).scalar(),
        conn.execute(select(func.min(notes.c.at_ms)).where(notes.c.state.in_(WAITING))).scalar(),
    ]
    return min((int(value) for value in due if value is not None), default=None)
