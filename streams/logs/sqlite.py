"""The embedded log: one SQLite file, appended to by any process, measured by one.

WAL, synchronous=FULL: an append that returned survives a power cut. Append time is the clock's when the transaction
is written and never decreases within a partition.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from streams.clock import Clock
from streams.logs.errors import LogClosed
from streams.logs.protocol import Appended, Packed, Record
from streams.logs.sqlite_file import connect, errors_explained, prepare
from streams.logs.sqlite_rows import BATCH_BYTES_MAX, read_batch
from streams.logs.sqlite_upkeep import expire, redact
from streams.logs.sqlite_writer import GroupWriter

PARTITIONS = 4


class SqliteLog:
    """A `Log` in one file. A file that exists keeps the number of partitions it was made with.

    Raises LogError when the file cannot be made or used (full or read-only disk, damage, another program's file).
    """

    ours = True

    def __init__(self, path: Path | str, clock: Clock, partitions: int = PARTITIONS) -> None:
        self.path = Path(path)
        with errors_explained(self.path):
            self._identity, self._partitions = prepare(self.path, partitions)
            self._reader = _Guarded(self.path)  # batches and ends
            self._watch = _Guarded(self.path)  # asked on the event loop: never waits for a read
            self._keeper = _Guarded(self.path)  # erasure and retention: may take long
        self._listeners: list[Callable[[], None]] = []
        self._writer = GroupWriter(self.path, clock, self._partitions, self._tell)

    @property
    def identity(self) -> str:
        """UUID of this log, made up when the file was created."""
        return self._identity

    @property
    def partitions(self) -> int:
        """How many partitions the file has."""
        return self._partitions

    async def append(self, records: Sequence[Record], origin: str | None = None) -> Appended:
        """Return when all records are durable, in one transaction of their own or with others'."""
        return await self._writer.append(records, origin)

    def ends(self) -> dict[int, int]:
        """Partition -> one past its last offset, fresh from the file."""
        with self._watch.use() as conn:
            return dict(conn.execute("SELECT partition, next_offset FROM heads ORDER BY partition"))

    def read(self, partition: int, start: int, limit: int) -> Packed:
        """At most `limit` records, or about 4 MiB, from `start` on. Blocks: call it off the event loop."""
        with self._reader.use() as conn:
            return read_batch(conn, partition, start, limit, BATCH_BYTES_MAX)

    def version(self) -> int:
        """A number that changes with every commit of anyone; costs some microseconds."""
        with self._watch.use() as conn:
            (number,) = conn.execute("PRAGMA data_version").fetchone()
        return int(number)

    def redact(self, partition: int, change: Callable[[bytes], bytes | None]) -> int:
        """Erasure: rewrite values in place, offsets stay, no old text stays in the file or beside it."""
        with self._keeper.use() as conn:
            return redact(conn, partition, change)

    def expire(self, before_ms: int, keep_from: Mapping[int, int]) -> int:
        """Retention by append time; a partition that is not named in `keep_from` is left alone."""
        with self._keeper.use() as conn:
            return expire(conn, before_ms, keep_from)

    def listen(self, told: Callable[[], None]) -> None:
        """Call `told` after each commit of this process, on the log's own thread."""
        self._listeners.append(told)

    def unlisten(self, told: Callable[[], None]) -> None:
        """Stop calling `told`."""
        self._listeners.remove(told)

    async def close(self) -> None:
        """Write what waits, then close the file. Closing twice does no harm."""
        await asyncio.to_thread(self._writer.close)
        for conn in (self._reader, self._watch, self._keeper):
            await asyncio.to_thread(conn.close)

    def _tell(self) -> None:
        for told in tuple(self._listeners):
            told()


class _Guarded:
    """A connection that one thread uses at a time and nobody after it was closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._conn: sqlite3.Connection | None = connect(path)
        self._lock = threading.Lock()

    @contextmanager
    def use(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._conn is None:
                raise LogClosed
            with errors_explained(self._path):
                yield self._conn

    def close(self) -> None:
        with self._lock:
            conn, self._conn = self._conn, None
            if conn is not None:
                conn.close()
