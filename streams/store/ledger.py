"""How far each file was imported, so that a second run goes on where the first one stopped."""

from __future__ import annotations

from sqlalchemy import Connection, select

from streams.store.bulk import put
from streams.store.tables import ledger


def rows_done(conn: Connection, key: str) -> int:
    """Rows of this import that an earlier run has handed over for good, 0 before the first."""
    done: int | None = conn.execute(select(ledger.c.rows_done).where(ledger.c.key == key)).scalar()
    return done or 0


def advance(conn: Connection, key: str, file: str, rows: int, now_ms: int) -> None:
    """Remember that so many rows are handed over: appended and durable, or refused and kept as dead letters."""
    row = {"key": key, "file": file[:256], "rows_done": rows, "updated_ms": now_ms}
    put(conn, ledger, [row])
