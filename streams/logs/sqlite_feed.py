"""What the embedded log has for the consumer next: positions, round robin, and waiting for new records."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from streams.logs.errors import LogError
from streams.logs.protocol import Packed
from streams.logs.sqlite import SqliteLog
from streams.logs.sqlite_rows import BATCH_RECORDS_MAX

LOOK_EVERY_S = 0.05  # for commits of other processes: well within 250 ms, idle at a fraction of a per cent


class Feed:
    """Reads packed batches, one at a time and no further than asked, so that a slow agent holds it up."""

    def __init__(self, log: SqliteLog) -> None:
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cxwatch-feed")
        self._appended = asyncio.Event()
        self._positions: dict[int, int] = {}
        self._seeks: dict[int, int] = {}  # how often each was moved: tells a read that was overtaken by a seek
        self._turn: deque[int] = deque()
        self._seen_version: int | None = None
        log.listen(self._told)

    def start(self, offsets: Mapping[int, int]) -> None:
        """Feed these partitions from these offsets. Raises LogError for one that lies beyond the log's end."""
        ends = self._log.ends()
        for partition, offset in offsets.items():
            if offset > ends[partition]:
                raise LogError(
                    f"the database has measured partition {partition} to {offset:,}, the log ends at "
                    f"{ends[partition]:,}",
                    "bring back the log that belongs to the database, or rebuild the database with cxwatch replay",
                )
        self._turn = deque(sorted(offsets))
        for partition, offset in offsets.items():
            self.seek(partition, offset)

    def seek(self, partition: int, offset: int) -> None:
        """Go on there; a read that is under way is thrown away and done again."""
        self._positions[partition] = offset
        self._seeks[partition] = self._seeks.get(partition, 0) + 1
        self._seen_version = None
        self._appended.set()

    def position(self, partition: int) -> int | None:
        """Offset of the next read."""
        return self._positions.get(partition)

    async def next(self, wanted: Collection[int], timeout_s: float) -> Packed | None:
        """The next batch of one of the wanted partitions; None when none came in time."""
        deadline = self._loop.time() + timeout_s
        while True:
            self._appended.clear()
            version = self._log.version()
            if version != self._seen_version:
                ends = self._log.ends()
                partition = self._pick(wanted, ends)
                if partition is None:
                    if self._pick(self._turn, ends) is None:
                        self._seen_version = version
                elif (batch := await self._read(partition)) is not None:
                    return batch
                else:
                    continue
            if self._loop.time() >= deadline:
                return None
            await self._wait()

    def stop(self) -> None:
        """Read no more."""
        self._log.unlisten(self._told)
        self._thread.shutdown(wait=False)

    def _pick(self, wanted: Collection[int], ends: Mapping[int, int]) -> int | None:
        """Whose turn it is among the wanted ones that have something to read."""
        for partition in self._turn:
            if partition in wanted and self._positions[partition] < ends[partition]:
                return partition
        return None

    async def _read(self, partition: int) -> Packed | None:
        seeks, start = self._seeks[partition], self._positions[partition]
        batch = await self._loop.run_in_executor(self._thread, self._log.read, partition, start, BATCH_RECORDS_MAX)
        if self._seeks[partition] != seeks:
            return None
        self._positions[partition] = batch.end
        self._turn.remove(partition)
        self._turn.append(partition)
        return batch

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._appended.wait(), LOOK_EVERY_S)
        except TimeoutError:
            return

    def _told(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._appended.set)
