"""Erasures on their way: what MEASURE has noted, what is still to be redacted elsewhere, and the receipt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, select, update

from streams.store.tables import dead_letters, erasures

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class PendingErasure(NamedTuple):
    """A customer whose rows are redacted, and whose log records, letters and messages are not yet."""

    customer_hash: str
    customer: str
    token: str
    requested_ms: int


def pending_erasures(conn: Connection, limit: int = 10) -> list[PendingErasure]:
    """Erasures without a receipt, oldest first."""
    return _in_state(conn, "pending", limit)


def note_mentions(conn: Connection, mentioned: Mapping[str, str]) -> None:
    """Customers (by keyed hash) whose key came in again after everything was redacted: to be looked for once more."""
    c = erasures.c
    for customer_hash, customer in mentioned.items():
        again = (c.customer_hash == customer_hash) & c.state.in_(("redacted", "done"))
        conn.execute(update(erasures).where(again).values(state="late", customer=customer))


def late_erasures(conn: Connection, limit: int = 10) -> list[PendingErasure]:
    """Those of whom records came in after their receipt, oldest first."""
    return _in_state(conn, "late", limit)


def add_to_receipt(conn: Connection, customer_hash: str, log_records: int, dead_letters: int) -> None:
    """What was found later is counted in the receipt too, which is handed out again."""
    text = conn.execute(select(erasures.c.receipt).where(erasures.c.customer_hash == customer_hash)).scalar()
    receipt = {} if text is None else msgspec.json.decode(text, type=dict[str, Any])
    receipt["log_records"] = receipt.get("log_records", 0) + log_records
    receipt["dead_letters"] = receipt.get("dead_letters", 0) + dead_letters
    note_redacted(conn, customer_hash, receipt)


def _in_state(conn: Connection, state: str, limit: int) -> list[PendingErasure]:
    c = erasures.c
    query = (
        select(c.customer_hash, c.customer, c.token, c.requested_ms)
        .where(c.state == state, c.customer.is_not(None))
        .order_by(c.requested_ms)
        .limit(limit)
    )
    return [PendingErasure(*row) for row in conn.execute(query)]


def mentions(raw: bytes, customer: str) -> bool:
    """Whether a text names a customer, however JSON escapes the key and however broken the JSON is."""
    if customer.encode() in raw:
        return True
    if b"\\" not in raw:
        return False
    text = _ESCAPE.sub(_unescaped, raw.decode("utf-8", "replace"))
    return customer in text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # joins surrogate pairs


def _unescaped(found: re.Match[str]) -> str:
    what = found[1]
    return chr(int(what[1:], 16)) if len(what) > 1 else _CONTROL.get(what, what)


def redact_letters(conn: Connection, customer: str) -> int:
    """Empty the dead letters that mention a customer, and those that may: of a cut one nobody knows. How many."""
    found = 0
    c = dead_letters.c
    for letter_id, raw, complete in conn.execute(select(c.letter_id, c.raw, c.complete)).all():
        if raw and (not complete or mentions(raw, customer)):
            row = c.letter_id == letter_id
            conn.execute(update(dead_letters).where(row).values(raw=b"", value="(erased)", complete=False))
            found += 1
    return found


def note_redacted(conn: Connection, customer_hash: str, receipt: Mapping[str, Any]) -> None:
    """Keep the receipt until it may be handed out; from now on only the keyed hash and the token remain."""
    text = msgspec.json.encode(receipt).decode()
    conn.execute(
        update(erasures)
        .where(erasures.c.customer_hash == customer_hash)
        .values(state="redacted", customer=None, receipt=text)
    )


def redacted_erasures(conn: Connection) -> list[str]:
    """Hashes of those whose rows are redacted everywhere, while the database's files may still hold old pages."""
    return list(conn.execute(select(erasures.c.customer_hash).where(erasures.c.state == "redacted")).scalars())


def finish_erasures(conn: Connection, customer_hashes: Sequence[str]) -> None:
    """Hand out these receipts; one who was to be forgotten again meanwhile waits for the next."""
    c = erasures.c
    conn.execute(
        update(erasures).where(c.customer_hash.in_(customer_hashes), c.state == "redacted").values(state="done")
    )


def receipt_of(conn: Connection, customer_hash: str, requested_ms: int) -> dict[str, Any] | None:
    """The receipt of an erasure asked for at that time or later, None while it is not there."""
    c = erasures.c
    query = select(c.receipt).where(c.customer_hash == customer_hash, c.state == "done", c.requested_ms >= requested_ms)
    text = conn.execute(query).scalar()
    return None if text is None else msgspec.json.decode(text, type=dict[str, Any])
