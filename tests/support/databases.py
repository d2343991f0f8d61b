"""The databases that everything must behave the same on: SQLite in a file, and a real PostgreSQL.

A suite takes part by a fixture with `params=DATABASES` that yields `empty(request, folder)`. There is one PostgreSQL a
test process; a test gets its one database, with every room's tables and no rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from cxwatch import migrations
from cxwatch.database import open_engine
from cxwatch.migrations.tables import ALL_TABLES
from tests.support.postgres import Server

DATABASES = ("sqlite", "postgresql")
NAME = "cxwatch"
_TABLES = [table for tables in ALL_TABLES for table in tables.sorted_tables]


@contextmanager
def empty(request: pytest.FixtureRequest, folder: Path, *, kind: str | None = None) -> Iterator[Engine]:
    """The database of the test's parameter (or of this kind), with all tables and nothing in them."""
    engine = open_database(request, folder, kind or request.param)
    try:
        yield engine
    finally:
        engine.dispose()


def open_database(request: pytest.FixtureRequest, folder: Path, kind: str) -> Engine:
    """The same, for those who dispose of it themselves."""
    if kind == "sqlite":
        engine = open_engine(folder / "state.db", durable=False)
        with engine.begin() as conn:
            for tables in ALL_TABLES:
                tables.create_all(conn, checkfirst=False)
        return engine
    server: Server = request.getfixturevalue("postgres")
    _clear(server)
    return open_engine(server.url(NAME), durable=False)


@cache
def _clear_statement() -> str:
    """Empties what holds rows: a truncation costs a file a table, and most tests fill few."""
    steps = [f"IF EXISTS (SELECT FROM {t.name}) THEN TRUNCATE {t.name} RESTART IDENTITY; END IF;" for t in _TABLES]
    return f"DO $$ BEGIN {' '.join(steps)} END $$"


def _clear(server: Server) -> None:
    if server.sql(f"SELECT 1 FROM pg_database WHERE datname = '{NAME}'"):
        server.cut(NAME)
        try:
            server.sql("SET synchronous_commit = off", _clear_statement(), database=NAME)
        except psycopg.errors.UndefinedTable:  # a test took tables away
            server.sql(f"DROP DATABASE {NAME}")
        else:
            return
    server.sql(f"CREATE DATABASE {NAME}")
    engine = open_engine(server.url(NAME), durable=False)
    migrations.upgrade(engine)
    engine.dispose()
