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
from cxwatch.database import BUSY_TIMEOUT_S
from streams.clock import to_ms
from streams.logs.protocol import Log
from streams.store.erasures import (
    PendingErasure,
    add_to_receipt,
    finish_erasures,
    late_erasures,
    mentions,
    note_redacted,
    pending_erasures,
    redact_letters,
    redacted_erasures,
)

WAL_WAIT_MS = 500  # for readers to be done, a round; decisions wait as long
TOPIC_IS_NOT_OURS = "the topic is its owner's: ask them to delete the customer's records, or wait for its retention"
REDACTED_FIELDS = ("comment", "attributes", "contact_id")


def erase_pending(engine: Engine, log: Log, now_ms: int) -> int:
    """Carry out the erasures that MEASURE has noted; how many got their receipt. Runs in a thread."""
    with engine.connect() as conn:
        waiting = pending_erasures(conn)
    for erasure in waiting:
        records = _redact_log(log, erasure)
        with engine.begin() as conn:
            receipt: dict[str, Any] = {
                "token": erasure.token,
                "erased_at_ms": now_ms,
                "log_records": records,
                **({} if log.ours else {"log": TOPIC_IS_NOT_OURS}),
                "dead_letters": redact_letters(conn, erasure.customer),
                "alerting": redact_alerting(conn, erasure.customer, erasure.token, now_ms).counts,
            }
            note_redacted(conn, erasure.customer_hash, receipt)
    return _hand_out_receipts(engine)


def erase_late(engine: Engine, log: Log) -> int:
    """Redact what came in of forgotten customers after their receipt; how many they were. Reads the whole log.

    Their rows are anonymous already, and cases they may have since they came back are theirs to keep.
    """
    with engine.connect() as conn:
        waiting = late_erasures(conn)
    for erasure in waiting:
        records = _redact_log(log, erasure)
        with engine.begin() as conn:
            add_to_receipt(conn, erasure.customer_hash, records, redact_letters(conn, erasure.customer))
    _hand_out_receipts(engine)
    return len(waiting)


def _redact_log(log: Log, erasure: PendingErasure) -> int:
    if not log.ours:
        return 0
    return sum(log.redact(partition, lambda raw: redacted(raw, erasure)) for partition in range(log.partitions))


def _hand_out_receipts(engine: Engine) -> int:
    """Write receipts once no old page is left in the write-ahead log; while somebody reads, later."""
    with engine.connect() as conn:
        ready = redacted_erasures(conn)
    if not ready or (engine.dialect.name == "sqlite" and not _wal_emptied(engine)):
        return 0
    with engine.begin() as conn:
        finish_erasures(conn, ready)
    return len(ready)


def _wal_emptied(engine: Engine) -> bool:
    with engine.connect() as conn:
        conn.execute(text(f"PRAGMA busy_timeout = {WAL_WAIT_MS}"))
        try:
            (busy, _, _) = conn.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
        finally:
            conn.execute(text(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1_000}"))
    return not busy


def redacted(raw: bytes, erasure: PendingErasure) -> bytes | None:
    """A log record without the customer, None if it is not theirs or was written after they came back."""
    key = erasure.customer
    if not mentions(raw, key):
        return None
    try:
        fields = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return b"{}"  # was refused as it stands, and is refused again
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
