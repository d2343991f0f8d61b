"""Erasures on their way: what MEASURE has noted, what is still to be redacted elsewhere, and the receipt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, select, update

from streams.store.tables import dead_letters, erasures


class PendingErasure(NamedTuple):
    """A customer whose rows are redacted, and whose log records, letters and messages are not yet."""

    customer_hash: str
    customer: str
    token: str
    requested_ms: int


def pending_erasures(conn: Connection, limit: int = 10) -> list[PendingErasure]:
    """Erasures without a receipt, oldest first."""
    c = erasures.c
    query = (
        select(c.customer_hash, c.customer, c.token, c.requested_ms)
        .where(c.state == "pending", c.customer.is_not(None))
        .order_by(c.requested_ms)
        .limit(limit)
    )
    return [PendingErasure(*row) for row in conn.execute(query)]


def redact_letters(conn: Connection, customer: str) -> int:
    """Empty the dead letters that mention a customer; how many."""
    needle = customer.encode()
    escaped = msgspec.json.encode(customer)[1:-1]
    found = 0
    for letter_id, raw in conn.execute(select(dead_letters.c.letter_id, dead_letters.c.raw)).all():
        if needle in raw or escaped in raw:
            row = dead_letters.c.letter_id == letter_id
            conn.execute(update(dead_letters).where(row).values(raw=b"", value="(erased)", complete=False))
            found += 1
    return found


def finish_erasure(conn: Connection, customer_hash: str, receipt: Mapping[str, Any]) -> None:
    """Write the receipt; from now on only the keyed hash and the token remain."""
    text = msgspec.json.encode(receipt).decode()
    conn.execute(
        update(erasures)
        .where(erasures.c.customer_hash == customer_hash)
        .values(state="done", customer=None, receipt=text)
    )


def receipt_of(conn: Connection, customer_hash: str, requested_ms: int) -> dict[str, Any] | None:
    """The receipt of an erasure asked for at that time or later, None while it is not there."""
    c = erasures.c
    query = select(c.receipt).where(c.customer_hash == customer_hash, c.state == "done", c.requested_ms >= requested_ms)
    text = conn.execute(query).scalar()
    return None if text is None else msgspec.json.decode(text, type=dict[str, Any])
