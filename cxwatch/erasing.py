"""Erasure outside the measured tables: log, dead letters, cases, outbox, messages; then the receipt.

MEASURE has redacted its own tables in the transaction of the event. What is done here can be repeated: a crash in
between starts it again, and the receipt is written last.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Engine, text

from alerting.erase import redact as redact_alerting
from streams.clock import to_ms
from streams.logs.protocol import Log
from streams.store.erasures import PendingErasure, finish_erasure, pending_erasures, redact_letters

REDACTED_FIELDS = ("comment", "attributes", "contact_id")


def erase_pending(engine: Engine, log: Log, now_ms: int) -> int:
    """Carry out the erasures that MEASURE has noted; how many got their receipt. Runs in a thread."""
    with engine.connect() as conn:
        waiting = pending_erasures(conn)
    for erasure in waiting:
        records = sum(
            log.redact(partition, lambda raw, e=erasure: redacted(raw, e))  # type: ignore[misc]  # bound now
            for partition in range(log.partitions)
        )
        with engine.begin() as conn:
            receipt: dict[str, Any] = {
                "token": erasure.token,
                "erased_at_ms": now_ms,
                "log_records": records,
                "dead_letters": redact_letters(conn, erasure.customer),
                "alerting": redact_alerting(conn, erasure.customer, erasure.token, now_ms).counts,
            }
            finish_erasure(conn, erasure.customer_hash, receipt)
    if waiting and engine.dialect.name == "sqlite":
        with engine.connect() as conn:  # the write-ahead log still holds old pages
            conn.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    return len(waiting)


def redacted(raw: bytes, erasure: PendingErasure) -> bytes | None:
    """A log record without the customer, None if it is not theirs or was written after they came back."""
    key = erasure.customer
    if key.encode() not in raw and msgspec.json.encode(key)[1:-1] not in raw and b"\\u" not in raw:
        return None
    try:
        fields = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return b"{}" if key.encode() in raw else None  # was refused as it stands, and is refused again
    if not isinstance(fields, dict) or fields.get("customer") != key:
        return None
    try:
        moment = msgspec.convert(fields.get("time"), datetime)
    except msgspec.ValidationError:
        pass  # was refused: theirs all the same
    else:
        if moment.tzinfo is not None and to_ms(moment) > erasure.requested_ms:
            return None
    kept = {name: value for name, value in fields.items() if name not in REDACTED_FIELDS}
    return msgspec.json.encode({**kept, "customer": erasure.token})
