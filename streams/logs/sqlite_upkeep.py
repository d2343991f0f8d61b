"""Erasure and retention in the embedded log. Both block: call them off the event loop."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

from streams.logs.errors import LogError
from streams.logs.sqlite_file import transaction
from streams.logs.sqlite_rows import pack, unpack

ROWS_A_STEP = 64  # rows looked at or dropped at a time, so that appends pass in between

_SOME_ROWS = """
SELECT first_offset, records FROM batches WHERE partition = ? AND first_offset > ? ORDER BY first_offset LIMIT ?
"""
_SWAP = "UPDATE batches SET records = ? WHERE partition = ? AND first_offset = ? AND records = ?"
_DROP = """
DELETE FROM batches WHERE partition = :partition AND first_offset IN (
    SELECT first_offset FROM batches WHERE partition = :partition AND append_ms < :before AND last_offset < :keep
    ORDER BY first_offset LIMIT :rows)
RETURNING last_offset - first_offset + 1
"""


def redact(conn: sqlite3.Connection, partition: int, change: Callable[[bytes], bytes | None]) -> int:
    """Rewrite values in place and leave no copy of the old ones: freed pages are zeroed, the WAL is emptied."""
    changed, after = 0, -1
    while rows := conn.execute(_SOME_ROWS, (partition, after, ROWS_A_STEP)).fetchall():
        for first, blob in rows:
            changed += _redact_row(conn, partition, first, blob, change)
        after = rows[-1][0]
    empty_wal(conn)
    return changed


def _redact_row(
    conn: sqlite3.Connection, partition: int, first: int, blob: bytes, change: Callable[[bytes], bytes | None]
) -> int:
    while True:
        values = unpack(blob)
        found = [(i, new) for i, old in enumerate(values) if (new := change(old)) is not None and new != old]
        if not found:
            return 0
        for i, new in found:
            values[i] = new
        with transaction(conn):
            swapped = conn.execute(_SWAP, (pack(values), partition, first, blob)).rowcount
            row = conn.execute(
                "SELECT records FROM batches WHERE partition = ? AND first_offset = ?", (partition, first)
            ).fetchone()
        if swapped:
            return len(found)
        if row is None:  # retention was faster
            return 0
        blob = row[0]  # another erasure was faster: change what it left


def expire(conn: sqlite3.Connection, before_ms: int, keep_from: Mapping[int, int]) -> int:
    """Drop whole rows that are old and measured, a few at a time."""
    dropped = 0
    for partition, keep in keep_from.items():
        bounds = {"partition": partition, "before": before_ms, "keep": keep, "rows": ROWS_A_STEP}
        while True:
            with transaction(conn):
                rows = conn.execute(_DROP, bounds).fetchall()
            dropped += sum(count for (count,) in rows)
            if len(rows) < ROWS_A_STEP:
                break
    return dropped


def empty_wal(conn: sqlite3.Connection) -> None:
    """Move everything into the main file and cut the WAL to nothing."""
    (busy, _, _) = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise LogError("another process reads the log, so its write-ahead file still holds old text", "forget again")
