"""The few words in which SQLite and PostgreSQL differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    VARCHAR,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Select,
    String,
    Table,
    any_,
    cast,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InternalError, OperationalError, TimeoutError
from sqlalchemy.types import TypeEngine

# The database is away, full, locked or shutting down: worth another try. Anything else it says is a fault of ours.
UNAVAILABLE = (OperationalError, InternalError, TimeoutError)
JULIAN_DAY_OF_1970 = 2_440_587.5
ROWS_MAX = 5_000  # a statement
VALUES_MAX = 1_000  # in a list of SQLite's


def _milliseconds(seconds: ColumnElement[Any]) -> Select[Any]:
    return select(cast(seconds * 1_000, BigInteger))


_SERVER_MS = {  # built once; SQLite before 3.42 tells fractions of a second only through the Julian day
    "postgresql": _milliseconds(func.extract("epoch", func.clock_timestamp())),
    "sqlite": _milliseconds((func.julianday("now") - JULIAN_DAY_OF_1970) * 86_400),
}


def word(length: int) -> String:
    """The type of a key or a name: compared and ordered by code points, as SQLite and Python do everywhere."""
    return String(length).with_variant(VARCHAR(length, collation="C"), "postgresql")


def failure_name(error: BaseException) -> str:
    """What a database said, for log lines: its name for the failure, never its text, which may hold a customer's."""
    cause = getattr(error, "orig", None) or error
    name = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__} {name}" if name else type(cause).__name__


def server_ms(conn: Connection) -> int:
    """The database server's clock, milliseconds since the epoch."""
    return int(conn.execute(_SERVER_MS[conn.dialect.name]).scalar_one())


def stand_still(conn: Connection) -> None:
    """Let a transaction that has not read yet see one moment from its first read to its end, however long it takes."""
    if conn.dialect.name == "postgresql":  # on SQLite every transaction does
        conn.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        conn.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        conn.execute(text("SET LOCAL statement_timeout = 0"))


def plain_insert(conn: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """INSERT in the connection's own dialect, which both know on_conflict_do_update in the same words."""
    return _insert(conn.dialect.name, table)


def upsert(conn: Connection, table: Table, replace: list[str] | None = None) -> sqlite.Insert | postgresql.Insert:
    """INSERT that replaces the row of the same primary key; see bulk.py for many rows.

    `replace` names the columns to overwrite (default: all outside the key); an empty list leaves the row that is
    there as it is.
    """
    return upsert_into(conn.dialect.name, table, replace)


def upsert_into(dialect: str, table: Table, replace: list[str] | None = None) -> sqlite.Insert | postgresql.Insert:
    """The same, for the dialect of this name."""
    return _upsert(dialect, table, None if replace is None else tuple(replace))


@lru_cache(maxsize=256)  # more than there are tables; building a statement costs more than running it
def _upsert(dialect: str, table: Table, replace: tuple[str, ...] | None) -> sqlite.Insert | postgresql.Insert:
    statement = _insert(dialect, table)
    key = [column.name for column in table.primary_key.columns]
    names = [c.name for c in table.columns if c.name not in key] if replace is None else list(replace)
    if not names:
        return statement.on_conflict_do_nothing(index_elements=key)
    return statement.on_conflict_do_update(
        index_elements=key, set_={name: getattr(statement.excluded, name) for name in names}
    )


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def among(conn: Connection, column: Column[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Whether a column holds one of these values: one array on PostgreSQL, so that any number is one statement."""
    if conn.dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(element_of(column))))
    return column.in_(values)


def in_parts(conn: Connection, values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The values in slices that `among` takes."""
    return parts_of(values, ROWS_MAX if conn.dialect.name == "postgresql" else VALUES_MAX)


def parts_of(values: Sequence[Any], size: int = ROWS_MAX) -> Iterator[Sequence[Any]]:
    """The values in slices of a size."""
    return (values[start : start + size] for start in range(0, len(values), size))


def element_of(column: Column[Any]) -> TypeEngine[Any]:
    """A column's type as an element of an array: text without its length, which the column checks itself."""
    return String() if isinstance(column.type, String) else column.type
