"""Many rows at once, past SQLAlchemy's handling of every value: what MEASURE writes by the thousand.

SQLite takes them row by row; PostgreSQL gets one array a column, so that a statement takes as many rows as it likes
and is planned once. Values go to the driver as they are: whole numbers, text, bytes, None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table

from streams.store.dialect import element_of, parts_of, upsert, upsert_into

Row = tuple[object, ...]


def write_rows(conn: Connection, table: Table, rows: Sequence[Row], *, replace: bool) -> int:
    """Insert rows of different keys, each with all columns in the table's order; how many were written.

    A row whose primary key is there already is overwritten (`replace`), or left as it is and not counted.
    """
    if not rows:
        return 0
    if conn.dialect.name == "postgresql":
        return _write_arrays(conn, table, tuple(c.name for c in table.columns), rows, None if replace else ())
    return conn.exec_driver_sql(_statement(conn.dialect, table, replace), list(rows)).rowcount


def put(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]], replace: list[str] | None = None) -> int:
    """`upsert` rows of different keys, all with the same columns; how many were written."""
    if not rows:
        return 0
    if conn.dialect.name == "postgresql":
        names = tuple(rows[0])
        values = [tuple(row[name] for name in names) for row in rows]
        return _write_arrays(conn, table, names, values, None if replace is None else tuple(replace))
    return conn.execute(upsert(conn, table, replace), list(rows)).rowcount


@lru_cache(maxsize=64)
def _statement(dialect: Dialect, table: Table, replace: bool) -> str:
    compiled = upsert_into(dialect.name, table, None if replace else []).compile(dialect=dialect)
    assert compiled.positiontup == [column.name for column in table.columns]
    return str(compiled)


def _write_arrays(
    conn: Connection, table: Table, names: tuple[str, ...], rows: Sequence[Row], replace: tuple[str, ...] | None
) -> int:
    statement = _arrays_statement(conn.dialect, table, names, replace)
    written = 0
    for part in parts_of(rows):
        columns = tuple(map(list, zip(*part, strict=True)))
        done = conn.exec_driver_sql(statement, columns, execution_options={"preserve_rowcount": True})
        written += done.rowcount
    return written


@lru_cache(maxsize=64)
def _arrays_statement(dialect: Dialect, table: Table, names: tuple[str, ...], replace: tuple[str, ...] | None) -> str:
    quoted = dialect.identifier_preparer.quote
    key = [column.name for column in table.primary_key.columns]
    over = [c.name for c in table.columns if c.name not in key] if replace is None else replace
    arrays = ", ".join(f"%b::{element_of(table.columns[name]).compile(dialect)}[]" for name in names)
    changes = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in over if name in names)
    return (
        f"INSERT INTO {quoted(table.name)} ({', '.join(map(quoted, names))}) "  # noqa: S608  # names of our own tables
        f"SELECT * FROM unnest({arrays}) "
        f"ON CONFLICT ({', '.join(map(quoted, key))}) DO {'UPDATE SET ' + changes if changes else 'NOTHING'}"
    )
