"""Commits: one at a time, each of every partition that has something folded and is not being folded right now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy.exc import DBAPIError

from streams.measure.access import Access
from streams.measure.errors import Fenced, MeasureError, Raced, StorageFailed
from streams.measure.owned import OwnedPartitions
from streams.measure.rows import Change
from streams.measure.state import PartitionState
from streams.signal import Signal
from streams.store.dialect import failure_name

COMMIT_TRIES = 20  # failures in a row, with a reload that worked after each: not an outage, but a refusal

ResponseKey = tuple[str, str, str, str, str]  # metric, survey kind, channel, stage, outcome
Part = tuple[PartitionState, Change]
log = structlog.get_logger()


class Committer:
    """Hands what is folded to the database, and has a partition read again where that failed.

    `committed` rings after every commit; `on_failed` hears why nothing can be committed any more.
    """

    def __init__(self, owned: OwnedPartitions, access: Access, committed: Signal) -> None:
        self._owned = owned
        self._access = access
        self._committed = committed
        self._task: asyncio.Task[None] | None = None
        self._failed: BaseException | None = None
        self._failures = 0  # since the last commit that worked
        self.folding: PartitionState | None = None  # not to be taken
        self.on_failed: Callable[[BaseException], None] | None = None
        self.responses: dict[ResponseKey, int] = {}  # live answers committed by this process

    @property
    def running(self) -> bool:
        """Whether a commit is on its way."""
        return self._task is not None

    def start(self) -> None:
        """Commit what is folded, unless a commit is on its way: then it is taken after that one."""
        if self._task is not None or self._failed is not None:
            return
        ready = [s for s in self._owned.states() if s.uncommitted and s is not self.folding and not s.dead]
        if ready:
            # Taken here and not when the task first runs: by then a fold may have looked for its answers in `pending`.
            parts = [(state, state.take()) for state in ready]
            self._task = asyncio.get_running_loop().create_task(self._commit(parts))

    async def wait(self) -> None:
        """Wait for the commit on its way, if there is one."""
        if self._task is not None:
            await asyncio.shield(self._task)

    def raise_failed(self) -> None:
        """Raise what ended all commits, if anything did: Fenced or StorageFailed."""
        if self._failed is not None:
            raise self._failed

    async def _commit(self, parts: list[Part]) -> None:
        try:
            done = await self._together(parts)
            for state, change in done:
                self._was_committed(state, change)
            for state, change in parts:
                if (state, change) not in done and not state.dead:  # the dead were given back or claimed anew
                    await self._owned.start_again(state)
        except BaseException as error:
            # Whatever it was: what was taken is not in memory any more, and a later commit must not pass it over.
            self._failed = error
            if self.on_failed is not None:
                self.on_failed(error)
            if not isinstance(error, MeasureError):
                raise
        finally:
            self._task = None
        self._committed.ring()
        self.start()

    async def _together(self, parts: list[Part]) -> list[Part]:
        """One transaction of all; those that are committed."""
        try:
            await self._access.commit([change for _, change in parts])
        except (Raced, Fenced) as reason:
            log.info("committing one partition at a time", reason=str(reason))
            return await self._singly(parts)
        except DBAPIError as error:
            log.warning("commit failed, reloading", error=failure_name(error))
            self._count_failure(failure_name(error))
            return []
        return parts

    async def _singly(self, parts: list[Part]) -> list[Part]:
        """Each for itself: of a race the first to commit keeps the answer, and one that is fenced stops no other."""
        done = []
        for state, change in parts:
            try:
                await self._access.commit([change])
            except Raced:
                continue
            except Fenced:
                if state.dead:  # by a claim of our own: a rebalance that left us the partition
                    continue
                raise
            done.append((state, change))
        return done

    def _was_committed(self, state: PartitionState, change: Change) -> None:
        state.committed(change)
        self._failures = 0
        for key, count in change.pending.responses.items():
            self.responses[key] = self.responses.get(key, 0) + count

    def _count_failure(self, name: str) -> None:
        self._failures += 1
        if self._failures >= COMMIT_TRIES:
            raise StorageFailed(
                f"the database refused {COMMIT_TRIES} commits one after the other ({name}): look at its disk and "
                "connection, then start again; nothing is lost"
            )
