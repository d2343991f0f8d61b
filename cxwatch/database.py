"""Opens the database: SQLite embedded, PostgreSQL for many workers.

`engine.begin()` is for writing and takes SQLite's write lock at once, so that what is read in the transaction is still
true when it is written; `engine.connect()` is for reading and never waits for a writer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError

from alerting.settings import Secret
from cxwatch import migrations
from cxwatch.errors import CannotStart
from cxwatch.postgres import open_postgres
from cxwatch.postgres import why as why_postgres
from cxwatch.settings.records import Settings
from streams.logs.sqlite_file import make_private

BUSY_TIMEOUT_S = 10
WRITING = "cxwatch_writing"
_CODES = {
    sqlite3.SQLITE_FULL: "the disk is full: free some space",
    sqlite3.SQLITE_READONLY: "it is read-only: make the file and its folder writable for this user",
    sqlite3.SQLITE_PERM: "this user may not open it: check who owns the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check that its folder exists and is writable for this user",
    sqlite3.SQLITE_CORRUPT: "it is damaged: put it aside, and let `cxwatch replay` rebuild it from the log",
    sqlite3.SQLITE_NOTADB: "it is not a database: move the file away, or name another data_dir",
    sqlite3.SQLITE_BUSY: "another process keeps it locked: look for a stuck one that has it open",
}


class SqliteEngine(Engine):
    """An engine whose `begin` takes the write lock from the start (BEGIN IMMEDIATE)."""

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A connection inside a transaction that may write; commits at the end, rolls back on an error."""
        with self.connect() as conn:
            conn.execution_options(**{WRITING: True})
            with conn.begin():
                yield conn


def open_state(settings: Settings, *, durable: bool = True) -> Engine:
    """The product's database, ready to use: SQLite is created and migrated, PostgreSQL must be already.

    `durable` False is for rows that can be measured again from the log: a power cut may lose the last commits, never
    the file. Raises CannotStart with the way out.
    """
    where = _where(settings)
    engine = open_engine(where, durable=durable, password=settings.secrets.database_password)
    with explained(engine):
        if engine.dialect.name == "sqlite":
            migrations.upgrade(engine)
            return engine
        with engine.connect() as conn:
            missing = not migrations.up_to_date(conn)
    if missing:
        engine.dispose()
        raise CannotStart("the database is not migrated to this version: run `cxwatch migrate` once, then start again")
    return engine


def open_existing(settings: Settings) -> Engine:
    """The database as it is, for commands that read. Raises CannotStart when nothing was ever started there."""
    if settings.database == "sqlite" and not settings.state_path.exists():
        raise CannotStart(
            f"there is nothing in {settings.data_dir} yet: start `cxwatch run` or `cxwatch ingest FILE`, or name the "
            "settings file with --config"
        )
    return open_state(settings)


def open_engine(where: Path | str, *, durable: bool, password: Secret | None = None) -> Engine:
    """An engine for a SQLite file (a path) or for PostgreSQL (a URL). Nothing is connected to before its first use."""
    if isinstance(where, Path):
        return _sqlite(where, durable)
    url = make_url(where)
    if password is not None:
        url = url.set(password=password.reveal())
    return open_postgres(url, durable=durable)


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Whatever the database refuses in here comes out as CannotStart, with the way out."""
    try:
        yield
    except DBAPIError as error:
        engine.dispose()
        raise CannotStart(f"the database cannot be used ({_place(engine.url)}): {_why(error)}") from error


def _sqlite(path: Path, durable: bool) -> Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_private(path)
    except OSError as error:
        raise CannotStart(
            f"the database cannot be opened ({path}): {(error.strerror or str(error)).lower()}; make its folder "
            "writable for this user, or name another data_dir"
        ) from error
    plain = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_TIMEOUT_S, "isolation_level": None},
        hide_parameters=True,  # they hold customers' words, and errors are logged
    )
    engine = SqliteEngine(plain.pool, plain.dialect, plain.url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        for pragma in (
            "journal_mode = WAL",
            f"synchronous = {'FULL' if durable else 'NORMAL'}",
            "foreign_keys = ON",
            "secure_delete = ON",  # what was erased is not left in free pages
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(conn: Connection) -> None:
        writing = conn.get_execution_options().get(WRITING, False)
        conn.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _where(settings: Settings) -> Path | str:
    return settings.state_path if settings.database == "sqlite" else settings.database


def _place(url: URL) -> str:
    return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def _why(error: DBAPIError) -> str:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if isinstance(code, int):
        return _CODES.get(code & 0xFF, f"{error.orig}; look at the file and its disk")
    return why_postgres(error)


def check(conn: Connection) -> None:
    """Ask the database anything at all."""
    conn.execute(text("SELECT 1"))
