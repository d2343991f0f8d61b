"""The few words in which SQLite and PostgreSQL differ."""

from __future__ import annotations

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def failure_name(error: BaseException) -> str:
    """What a database said, for log lines: its name for the failure, never its text, which may hold a customer's."""
    cause = getattr(error, "orig", None) or error
    name = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__} {name}" if name else type(cause).__name__


def plain_insert(conn: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """INSERT in the connection's own dialect, which both know on_conflict_do_update in the same words."""
    return _insert(conn.dialect.name, table)


def upsert(conn: Connection, table: Table, replace: list[str] | None = None) -> sqlite.Insert | postgresql.Insert:
    """INSERT that replaces the row of the same primary key.

    `replace` names the columns to overwrite (default: all outside the key); an empty list leaves the row that is
    there as it is.
    """
    return upsert_into(conn.dialect.name, table, replace)


def upsert_into(dialect: str, table: Table, replace: list[str] | None = None) -> sqlite.Insert | postgresql.Insert:
    """The same, for the dialect of this name."""
    statement = _insert(dialect, table)
    key = [column.name for column in table.primary_key.columns]
    names = [c.name for c in table.columns if c.name not in key] if replace is None else replace
    if not names:
        return statement.on_conflict_do_nothing(index_elements=key)
    return statement.on_conflict_do_update(
        index_elements=key, set_={name: getattr(statement.excluded, name) for name in names}
    )


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
