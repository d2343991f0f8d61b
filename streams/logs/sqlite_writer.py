"""Group commit: appends that arrive while one transaction is being made durable share the next one."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from streams.clock import Clock
from streams.logs.errors import LogBehind, LogClosed, LogError
from streams.logs.protocol import Appended, Record, partition_of
from streams.logs.sqlite_file import connect, errors_explained, transaction
from streams.logs.sqlite_rows import pack, pieces

WAITING_BYTES_MAX = 64 * 1024 * 1024
GROUP_BYTES_MAX = 16 * 1024 * 1024  # of one transaction: bounds how long other processes wait for the lock
RECORD_BYTES_MAX = 1024 * 1024
_RECORD_COST = 64  # bytes that a record costs beside its value while it waits


@dataclass(slots=True)
class _Waiting:
    """One append on its way to the disk."""

    records: Sequence[Record]
    origin: str | None
    size: int
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[Appended]
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)


class GroupWriter:
    """Owns the one writing connection of this process and the thread that uses it."""

    def __init__(self, path: Path, clock: Clock, partitions: int, committed: Callable[[], None]) -> None:
        self._path = path
        self._clock = clock
        self._partitions = partitions
        self._committed = committed
        self._conn = connect(path)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cxwatch-log")
        self._lock = threading.Lock()
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._closed = False

    async def append(self, records: Sequence[Record], origin: str | None) -> Appended:
        """Queue the records and return when they are durable."""
        size = 0
        for record in records:
            if not (isinstance(record.key, bytes) and isinstance(record.value, bytes)):
                raise TypeError("keys and values of records are bytes")  # one other in a row would spoil the row
            if len(record.value) > RECORD_BYTES_MAX:
                raise LogError(f"a record has {len(record.value):,} bytes", f"send at most {RECORD_BYTES_MAX:,} in one")
            size += len(record.value) + _RECORD_COST
        loop = asyncio.get_running_loop()
        waiting = _Waiting(records, origin, size, loop, loop.create_future())
        with self._lock:
            if self._closed:
                raise LogClosed
            if self._bytes and self._bytes + size > WAITING_BYTES_MAX:
                raise LogBehind(self._bytes)
            idle = not self._bytes
            self._queue.append(waiting)
            self._bytes += max(size, 1)
            if idle:
                self._thread.submit(self._write_all)
        return await waiting.done

    def close(self) -> None:
        """Write what waits, then close. Blocks; call it off the event loop."""
        with self._lock:
            already, self._closed = self._closed, True
        self._thread.shutdown(wait=True)
        if not already:
            self._conn.close()

    def _write_all(self) -> None:
        while group := self._take():
            failure: LogError | None = None
            try:
                with errors_explained(self._path), transaction(self._conn):
                    self._write(group)
            except LogError as error:
                failure = error
            if failure is None:
                self._committed()
            for waiting in group:
                _answer(waiting, failure)
            with self._lock:
                self._bytes -= sum(max(w.size, 1) for w in group)

    def _take(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size = 0
        with self._lock:
            while self._queue and (not group or size + self._queue[0].size <= GROUP_BYTES_MAX):
                group.append(self._queue.popleft())
                size += group[-1].size
        return group

    def _write(self, group: list[_Waiting]) -> None:
        """One transaction: neighbours of the same origin share rows."""
        heads = {p: (end, at_ms) for p, end, at_ms in self._conn.execute("SELECT * FROM heads")}
        now_ms = self._clock.now_ms()
        runs: dict[int, list[tuple[str | None, list[bytes]]]] = defaultdict(list)
        ends = {p: end for p, (end, _) in heads.items()}
        for waiting in group:
            for partition, values in _by_partition(waiting.records, self._partitions).items():
                begun = ends[partition]
                ends[partition] = begun + len(values)
                waiting.spans[partition] = (begun, ends[partition])
                run = runs[partition]
                if run and run[-1][0] == waiting.origin:
                    run[-1][1].extend(values)
                else:
                    run.append((waiting.origin, values))
        for partition, run in runs.items():
            first, last_ms = heads[partition]
            at_ms = max(now_ms, last_ms)
            rows = []
            for origin, values in run:
                for piece in pieces(values):
                    rows.append((partition, first, first + len(piece) - 1, at_ms, origin, pack(piece)))
                    first += len(piece)
            self._conn.executemany("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._conn.execute(
                "UPDATE heads SET next_offset = ?, append_ms = ? WHERE partition = ?", (first, at_ms, partition)
            )


def _by_partition(records: Sequence[Record], partitions: int) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = defaultdict(list)
    for record in records:
        found[partition_of(record.key, partitions)].append(record.value)
    return found


def _answer(waiting: _Waiting, failure: LogError | None) -> None:
    """Tell the loop that waits; it may have given up or be closed meanwhile."""

    def settle() -> None:
        if waiting.done.done():
            return
        if failure is None:
            waiting.done.set_result(Appended(waiting.spans))
        else:
            waiting.done.set_exception(failure)

    if not waiting.loop.is_closed():
        waiting.loop.call_soon_threadsafe(settle)
