"""Many rows at once, past SQLAlchemy's handling of every value: what MEASURE writes by the thousand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import Connection, Dialect, Table

from streams.store.dialect import upsert_into

Row = tuple[object, ...]


def write_rows(conn: Connection, table: Table, rows: Sequence[Row], *, replace: bool) -> int:
    """Insert rows, each with all columns in the table's order; how many were written.

    A row whose primary key is there already is overwritten (`replace`), or left as it is and not counted. Values go
    to the driver as they are: whole numbers, text, bytes, None.
    """
    if not rows:
        return 0
    return conn.exec_driver_sql(_statement(conn.dialect, table, replace), list(rows)).rowcount


@lru_cache(maxsize=64)
def _statement(dialect: Dialect, table: Table, replace: bool) -> str:
    compiled = upsert_into(dialect.name, table, None if replace else []).compile(dialect=dialect)
    assert compiled.positiontup == [column.name for column in table.columns]
    return str(compiled)
