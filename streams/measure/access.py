"""How measuring reaches its database: a thread that reads, one that commits, and patience while it is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from streams.measure.commit import write
from streams.measure.errors import StorageFailed
from streams.measure.rows import Change
from streams.store.dialect import failure_name

TRIES = 30
PAUSE_S = 0.1  # doubles with every try
PAUSE_MAX_S = 1.0  # so that it goes on soon after the database is back
T = TypeVar("T")
log = structlog.get_logger()


class Access:
    """Reads and commits off the event loop, each one at a time and side by side."""

    def __init__(self, engine: Engine, dead_letters_max: int) -> None:
        self._engine = engine
        self._dead_letters_max = dead_letters_max
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="measure-read")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="measure-commit")

    def close(self) -> None:
        """Let the threads go."""
        self._reader.shutdown()
        self._writer.shutdown()

    def look(self, work: Callable[[Connection], T]) -> T:
        """Read, in this thread."""
        with self._engine.connect() as conn:
            return work(conn)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Read. Raises DBAPIError."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, partial(self.look, work))

    async def claim(self, work: Callable[[Connection], T]) -> T:
        """Read and write in a transaction of its own, outside the order of commits. Raises DBAPIError."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, partial(self._change, work))

    async def commit(self, changes: Sequence[Change]) -> None:
        """One transaction with all these changes. Raises Fenced, Raced and DBAPIError; nothing is written then."""
        await asyncio.get_running_loop().run_in_executor(self._writer, self._write, changes)

    async def patiently(self, doing: str, work: Callable[[], Awaitable[T]]) -> T:
        """Await `work()` again while the database does not answer. Raises StorageFailed after TRIES, saying `doing`."""
        for attempt in range(TRIES):
            try:
                return await work()
            except DBAPIError as error:
                log.warning("the database did not answer, trying again", doing=doing, error=failure_name(error))
            await asyncio.sleep(min(PAUSE_MAX_S, PAUSE_S * 2**attempt))
        raise StorageFailed(
            f"the database did not answer {TRIES} times while {doing}: look at its disk and connection, then start "
            "again; nothing is lost"
        )

    def _change(self, work: Callable[[Connection], T]) -> T:
        with self._engine.begin() as conn:
            return work(conn)

    def _write(self, changes: Sequence[Change]) -> None:
        with self._engine.begin() as conn:
            for change in changes:
                write(conn, change, self._dead_letters_max)
