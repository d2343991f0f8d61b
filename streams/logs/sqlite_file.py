"""The embedded log's file: its tables, its settings, and how to open it.

One row of `batches` holds the records that one partition got in one append (or in several that were committed
together); one row of `heads` says where a partition ends, also after retention has emptied it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.logs.errors import LogError, explained

BUSY_TIMEOUT_S = 5.0
FORMAT = 1
_APPLICATION = 0x63787731  # "cxw1", so that `file` and we tell it from other SQLite files

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS heads (
    partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL, append_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS batches (
    partition INTEGER NOT NULL, first_offset INTEGER NOT NULL, last_offset INTEGER NOT NULL,
    append_ms INTEGER NOT NULL, origin TEXT, records BLOB NOT NULL,
    PRIMARY KEY (partition, first_offset)
);
"""


@contextmanager
def errors_explained(path: Path) -> Iterator[None]:
    """Whatever SQLite or the file system refuses in here comes out as LogError with a way out."""
    try:
        yield
    except sqlite3.Error as failure:
        raise explained(failure, str(path)) from failure
    except OSError as failure:
        raise LogError(
            f"the log cannot be opened ({path}; {failure.strerror})", "check that its folder exists and is writable"
        ) from failure


def connect(path: Path) -> sqlite3.Connection:
    """A connection for one thread at a time; transactions are begun by hand."""
    conn = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    conn.execute("PRAGMA synchronous = FULL")
    conn.execute("PRAGMA secure_delete = ON")
    return conn


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[None]:
    """Write lock from the start, so that what is read in here is still true when it is written."""
    conn.execute("BEGIN IMMEDIATE")
    try:
        yield
        conn.execute("COMMIT")
    finally:
        if conn.in_transaction:
            conn.execute("ROLLBACK")


def make_private(path: Path) -> None:
    """Create a database file that only this user may read; SQLite gives -wal and -shm the same mode.

    A file that is there is not touched: opening and closing it would drop the POSIX locks that SQLite holds on it in
    this process, and another process could take the write-ahead log away (sqlite.org/howtocorrupt.html, 2.2).
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def prepare(path: Path, partitions: int) -> tuple[str, int]:
    """Create or check the file; its identity and its number of partitions, which a file keeps for good."""
    make_private(path)
    conn = connect(path)
    try:
        _check(conn, path)
        conn.execute("PRAGMA journal_mode = WAL")
        with transaction(conn):
            for statement in _TABLES.split(";"):
                conn.execute(statement)
            new = "INSERT OR IGNORE INTO meta VALUES (?, ?)"
            conn.executemany(new, [("identity", str(uuid.uuid4())), ("partitions", str(partitions))])
            meta = dict(conn.execute("SELECT name, value FROM meta"))
            count = int(meta["partitions"])
            conn.executemany("INSERT OR IGNORE INTO heads VALUES (?, 0, 0)", [(p,) for p in range(count)])
            conn.execute(f"PRAGMA application_id = {_APPLICATION}")
            conn.execute(f"PRAGMA user_version = {FORMAT}")
    finally:
        conn.close()
    return meta["identity"], count


def _check(conn: sqlite3.Connection, path: Path) -> None:
    (application,) = conn.execute("PRAGMA application_id").fetchone()
    (version,) = conn.execute("PRAGMA user_version").fetchone()
    (tables,) = conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != _APPLICATION:
        raise LogError(f"{path} is another program's database", "name another data_dir or move the file away")
    if version > FORMAT:
        raise LogError(f"{path} was written by a newer cxwatch (format {version})", "use that version or a newer one")
