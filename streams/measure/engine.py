"""The measuring engine: owns partitions, folds batches, commits groups of them while folding goes on.

One fold at a time and one commit at a time, side by side: the database works in a thread of its own while the event
loop folds. A commit takes every partition that is not being folded at that moment.
"""

from __future__ import annotations

import asyncio
import secrets
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from streams.decode import Decoder
from streams.events import Event, Refused
from streams.logs.protocol import Packed
from streams.measure.commit import write
from streams.measure.erased import TOKEN_PREFIX, ErasedCustomers
from streams.measure.errors import Fenced, MeasureError, Raced, StorageFailed
from streams.measure.fold import Fold
from streams.measure.items import Items, needs
from streams.measure.load import claim, find, find_panes, load_erased, reload
from streams.measure.rows import Change, Pending
from streams.measure.state import PartitionState
from streams.settings import MeasureSettings
from streams.signal import Signal
from streams.store.dialect import failure_name

SLICE = 200  # records decoded or folded between two looks at the event loop: some milliseconds
UNCOMMITTED_MAX = 20_000  # records folded ahead of the database
RELOAD_TRIES = 30
RELOAD_PAUSE_S = 0.1  # doubles with every try
RELOAD_PAUSE_MAX_S = 1.0  # so that it goes on soon after the database is back
COMMIT_TRIES = 20  # failures in a row, with a reload that worked after each: not an outage, but a refusal

ResponseKey = tuple[str, str, str, str, str]  # metric, survey kind, channel, stage, outcome
Seek = Callable[[int, int], Awaitable[None]]
T = TypeVar("T")
log = structlog.get_logger()


class MeasureEngine:
    """Measures batches of one log into one database.

    It is the `Owner` of the partitions for the log's transport (claim, release, durable), and `measure` is what the
    agent does with each batch. `seek` asks the transport to deliver a partition again from an offset; `committed`
    rings after every commit.
    """

    def __init__(self, engine: Engine, settings: MeasureSettings, decoder: Decoder, committed: Signal) -> None:
        self._engine = engine
        self._settings = settings
        self._decoder = decoder
        self._committed = committed
        self._states: dict[int, PartitionState] = {}
        self._folding: PartitionState | None = None
        self._commit: asyncio.Task[None] | None = None
        self._failed: BaseException | None = None
        self._failures = 0  # of commits, since the last that worked
        self._erased = ErasedCustomers(b"")
        self._database = ThreadPoolExecutor(1, thread_name_prefix="measure-read")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="measure-commit")
        self.seek: Seek | None = None
        self.on_failed: Callable[[BaseException], None] | None = None  # hears why nothing can be committed any more
        self.responses: dict[ResponseKey, int] = {}  # live answers committed by this process, for Prometheus

    # -- Owner of partitions, for the transport

    def start(self, secret: bytes) -> None:
        """Take over who was forgotten; `secret` keys their hashes (log_identity.secret)."""
        with self._engine.connect() as conn:
            self._erased = ErasedCustomers(secret, load_erased(conn))

    async def claim(self, partitions: Collection[int]) -> Mapping[int, int]:
        """Own these partitions from now on; the offsets to start at. Whoever had them is fenced.

        Raises StorageFailed when the database does not answer for long.
        """
        for partition in sorted(partitions):
            old = self._states.get(partition)
            if old is not None:
                old.dead = True
            self._states[partition] = await self._patiently(partial(self._claim, partition))
        if partitions:
            self._erased.add(await self._patiently(partial(self._look, load_erased)))  # by another process meanwhile
        return {partition: self._states[partition].next_offset for partition in partitions}

    def _claim(self, partition: int) -> PartitionState:
        with self._engine.begin() as conn:
            return claim(conn, partition, self._settings)

    def owned(self) -> frozenset[int]:
        """The partitions measured here now. May be called from any thread."""
        return frozenset(self._states.copy())

    def release(self, partitions: Collection[int]) -> None:
        """Own them no more: work in flight for them is dropped."""
        for partition in partitions:
            state = self._states.pop(partition, None)
            if state is not None:
                state.dead = True

    def durable(self, partition: int) -> int:
        """Everything below this offset is committed."""
        state = self._states.get(partition)
        return 0 if state is None else state.durable

    # -- What the agent does

    async def measure(self, batch: Packed) -> None:
        """Fold one batch; returns when it is folded, which may be before it is committed.

        Raises Fenced or StorageFailed when this process must end.
        """
        self._raise_failed()
        state = self._states.get(batch.partition)
        if state is None or batch.end <= state.next_offset:
            return
        if batch.start > state.next_offset:
            await self._seek_back(state)
            return
        self._folding = state
        try:
            await self._fold(state, batch)
        except DBAPIError as error:
            log.warning("reading failed, reloading", partition=state.partition, error=failure_name(error))
            await self._start_again(state)
        finally:
            self._folding = None
        self._start_commit()
        while sum(s.uncommitted for s in self._states.values()) > UNCOMMITTED_MAX and self._commit is not None:
            await asyncio.shield(self._commit)
        self._raise_failed()

    async def settle(self) -> None:
        """Wait until everything folded is committed."""
        while self._commit is not None or any(s.uncommitted for s in self._states.values()):
            self._raise_failed()
            self._start_commit()
            if self._commit is not None:
                await asyncio.shield(self._commit)
        self._raise_failed()

    async def close(self) -> None:
        """Commit what is folded and let the threads go."""
        try:
            await self.settle()
        finally:
            self._database.shutdown()
            self._writer.shutdown()

    async def _decode(self, batch: Packed, from_offset: int) -> Items:
        """The batch's records from an offset on, decoded, with a look at the event loop now and then."""
        skip = bisect_left(batch.offsets, from_offset)
        raw, append_ms = batch.values[skip:], batch.append_ms[skip:]
        decode = self._decoder.decode
        events: list[Event | Refused] = []
        for start in range(0, len(raw), SLICE):
            end = start + SLICE
            events += map(decode, raw[start:end], append_ms[start:end])
            if end < len(raw):
                await asyncio.sleep(0)
        return Items(events, raw, append_ms, batch.origins[skip:], self._tokens(events))

    def _tokens(self, events: list[Event | Refused]) -> list[str | None]:
        """For each event the token of its customer, where that was forgotten."""
        if not self._erased.by_hash:
            return [None] * len(events)
        token_for = self._erased.token_for
        return [
            None if isinstance(event, Refused) or not event.customer else token_for(event.customer, event.time_ms)
            for event in events
        ]

    async def _fold(self, state: PartitionState, batch: Packed) -> None:
        """Decode, load, fold. Until this is over nothing takes the state for a commit, and nothing trims it."""
        items = await self._decode(batch, state.next_offset)
        state.trim()
        needed = needs(state, items)
        found = await self._read(lambda conn: find(conn, state.partition, needed))
        if state.dead:
            return
        state.customers.put(found.customers)
        stored = {**found.feedback, **needed.on_the_way}
        fold = Fold(state, self._settings, self._erased, stored, TOKEN_PREFIX + secrets.token_hex(12), {})
        for number, item in enumerate(zip(*items, strict=True)):
            fold.add(*item)
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
        fold.finish()
        await self._merge(state, fold)
        if not state.dead:
            state.next_offset = batch.end

    async def _start_again(self, state: PartitionState) -> None:
        """After a fold that was cut short: half a batch may be in the state, which no commit may take any more."""
        if self._commit is not None:
            await asyncio.shield(self._commit)
        if not state.dead:
            await self._reload(state)

    async def _merge(self, state: PartitionState, fold: Fold) -> None:
        hours = fold.hours()
        minutes_missing = state.minutes.missing(key.minute for key in fold.minutes)
        hours_missing = state.hours.missing(key.minute for key in hours)
        if minutes_missing or hours_missing:
            panes = await self._read(lambda conn: find_panes(conn, state.partition, minutes_missing, hours_missing))
            state.minutes.put(minutes_missing, panes.minutes)
            state.hours.put(hours_missing, panes.hours)
        for key, change in fold.minutes.items():
            state.minutes.merge(key, change)
        for key, change in hours.items():
            state.hours.merge(key, change)

    # -- Commits

    def _start_commit(self) -> None:
        if self._commit is not None or self._failed is not None:
            return
        ready = [s for s in self._states.values() if s.uncommitted and s is not self._folding and not s.dead]
        if ready:
            # Taken here and not when the task first runs: by then a fold may have looked for its answers in `pending`.
            changes = [(state, state.take()) for state in ready]
            self._commit = asyncio.get_running_loop().create_task(self._commit_group(changes))

    async def _commit_group(self, changes: list[tuple[PartitionState, Change]]) -> None:
        loop = asyncio.get_running_loop()
        try:
            try:
                await loop.run_in_executor(self._writer, self._write, [change for _, change in changes])
                done = changes
            except (Raced, Fenced) as reason:
                log.info("committing one partition at a time", reason=str(reason))
                done = await self._commit_singly(changes)
            except DBAPIError as error:
                log.warning("commit failed, reloading", error=failure_name(error))
                self._count_failure(failure_name(error))
                done = []
            for state, change in done:
                self._was_committed(state, change)
            for state, change in changes:
                if (state, change) not in done and not state.dead:  # the dead were given back or claimed anew
                    await self._reload(state)
        except BaseException as error:
            # Whatever it was: what was taken is not in memory any more, and a later commit must not pass it over.
            self._failed = error
            if self.on_failed is not None:
                self.on_failed(error)
            if not isinstance(error, MeasureError):
                raise
        finally:
            self._commit = None
        self._committed.ring()
        self._start_commit()

    async def _commit_singly(self, changes: list[tuple[PartitionState, Change]]) -> list[tuple[PartitionState, Change]]:
        """Each for itself: of a race the first to commit keeps the answer, and one that is fenced stops no other."""
        done = []
        for state, change in changes:
            try:
                await asyncio.get_running_loop().run_in_executor(self._writer, self._write, [change])
            except Raced:
                continue
            except Fenced:
                if state.dead:  # by a claim of our own: a rebalance that left us the partition
                    continue
                raise
            done.append((state, change))
        return done

    def _write(self, changes: list[Change]) -> None:
        with self._engine.begin() as conn:
            for change in changes:
                write(conn, change, self._settings.dead_letters_max)

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

    async def _reload(self, state: PartitionState) -> None:
        """Replace a state whose commit failed by what the database holds, and read on from there."""
        state.dead = True
        for attempt in range(RELOAD_TRIES):
            await asyncio.sleep(min(RELOAD_PAUSE_MAX_S, RELOAD_PAUSE_S * 2**attempt))
            try:
                fresh = await self._read(lambda conn: reload(conn, state.partition, state.epoch, self._settings))
                self._unforget(state.pending, state.on_the_way)
                self._erased.add(await self._read(load_erased))
            except DBAPIError as error:
                log.warning("reload failed", partition=state.partition, error=failure_name(error))
                continue
            if self._states.get(state.partition) is state:
                self._states[state.partition] = fresh
                await self._seek_back(fresh)
            return
        raise StorageFailed(
            f"the database did not answer {RELOAD_TRIES} times while partition {state.partition} was reloaded: "
            "look at its disk and connection, then start again; nothing is lost"
        )

    def _unforget(self, *pending: Pending) -> None:
        for rows in pending:
            for forgotten in rows.forgotten:
                self._erased.by_hash.pop(forgotten.customer_hash, None)

    async def _seek_back(self, state: PartitionState) -> None:
        if self.seek is not None:
            await self.seek(state.partition, state.next_offset)

    def _raise_failed(self) -> None:
        if self._failed is not None:
            raise self._failed

    async def _patiently(self, work: Callable[[], T]) -> T:
        for attempt in range(RELOAD_TRIES):
            try:
                return await self._in_thread(work)
            except DBAPIError as error:
                log.warning("claim failed, trying again", error=failure_name(error))
            await asyncio.sleep(min(RELOAD_PAUSE_MAX_S, RELOAD_PAUSE_S * 2**attempt))
        raise StorageFailed(
            f"the database did not answer {RELOAD_TRIES} times while partitions were claimed: look at its disk and "
            "connection, then start again; nothing is lost"
        )

    async def _read(self, work: Callable[[Connection], T]) -> T:
        return await self._in_thread(partial(self._look, work))

    def _look(self, work: Callable[[Connection], T]) -> T:
        with self._engine.connect() as conn:
            return work(conn)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._database, work)
