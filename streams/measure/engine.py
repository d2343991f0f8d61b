"""The measuring engine: owns partitions, folds batches, commits groups of them while folding goes on.

One fold at a time and one commit at a time, side by side: the database works in a thread of its own while the event
loop folds. A commit takes every partition that is not being folded at that moment.
"""

from __future__ import annotations

import asyncio
import secrets
from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from streams.decode import Decoder
from streams.events import Event, Refused
from streams.logs.protocol import Packed
from streams.measure.access import Access
from streams.measure.committing import Committer, ResponseKey
from streams.measure.erased import TOKEN_PREFIX
from streams.measure.fold import Fold
from streams.measure.items import Items, needs
from streams.measure.load import find, find_panes
from streams.measure.owned import OwnedPartitions, Seek
from streams.measure.state import PartitionState
from streams.settings import MeasureSettings
from streams.signal import Signal
from streams.store.dialect import failure_name

SLICE = 200  # records decoded or folded between two looks at the event loop: some milliseconds
UNCOMMITTED_MAX = 20_000  # records folded ahead of the database

log = structlog.get_logger()


class MeasureEngine:
    """Measures batches of one log into one database.

    It is the `Owner` of the partitions for the log's transport (claim, release, durable), and `measure` is what the
    agent does with each batch. `committed` rings after every commit.
    """

    def __init__(self, engine: Engine, settings: MeasureSettings, decoder: Decoder, committed: Signal) -> None:
        self._settings = settings
        self._decoder = decoder
        self._access = Access(engine, settings.dead_letters_max)
        self._owned = OwnedPartitions(self._access, settings)
        self._commits = Committer(self._owned, self._access, committed)

    def start(self, secret: bytes) -> None:
        """Take over who was forgotten; `secret` keys their hashes (log_identity.secret)."""
        self._owned.start(secret)

    def on_seek(self, seek: Seek) -> None:
        """`seek` asks the transport to deliver a partition again from an offset."""
        self._owned.seek = seek

    def on_failed(self, told: Callable[[BaseException], None]) -> None:
        """`told` hears why nothing can be committed any more."""
        self._commits.on_failed = told

    @property
    def responses(self) -> Mapping[ResponseKey, int]:
        """Live answers committed by this process, for Prometheus."""
        return self._commits.responses

    # -- Owner of partitions, for the transport

    async def claim(self, partitions: Collection[int]) -> Mapping[int, int]:
        """Own these partitions from now on; the offsets to start at. Whoever had them is fenced.

        Raises StorageFailed when the database does not answer for long.
        """
        return await self._owned.claim(partitions)

    def owned(self) -> frozenset[int]:
        """The partitions measured here now. May be called from any thread."""
        return frozenset(state.partition for state in self._owned.states())

    def release(self, partitions: Collection[int]) -> None:
        """Own them no more: work in flight for them is dropped."""
        self._owned.release(partitions)

    def durable(self, partition: int) -> int:
        """Everything below this offset is committed."""
        state = self._owned.get(partition)
        return 0 if state is None else state.durable

    # -- What the agent does

    async def measure(self, batch: Packed) -> None:
        """Fold one batch; returns when it is folded, which may be before it is committed.

        Raises Fenced or StorageFailed when this process must end.
        """
        self._commits.raise_failed()
        state = self._owned.get(batch.partition)
        if state is None or batch.end <= state.next_offset:
            return
        if batch.start > state.next_offset:
            await self._owned.seek_back(state)
            return
        self._commits.folding = state
        try:
            await self._fold(state, batch)
        except DBAPIError as error:
            log.warning("reading failed, reloading", partition=state.partition, error=failure_name(error))
            await self._start_again(state)
        finally:
            self._commits.folding = None
        self._commits.start()
        while self._owned.uncommitted > UNCOMMITTED_MAX and self._commits.running:
            await self._commits.wait()
        self._commits.raise_failed()

    async def settle(self) -> None:
        """Wait until everything folded is committed."""
        while self._commits.running or self._owned.uncommitted:
            self._commits.raise_failed()
            self._commits.start()
            await self._commits.wait()
        self._commits.raise_failed()

    async def close(self) -> None:
        """Commit what is folded and let the threads go."""
        try:
            await self.settle()
        finally:
            self._access.close()

    async def _decode(self, batch: Packed, from_offset: int) -> Items:
        """The batch's records from an offset on, decoded, with a look at the event loop now and then."""
        skip = bisect_left(batch.offsets, from_offset)
        raw, append_ms = batch.values[skip:], batch.append_ms[skip:]
        decode = self._decoder.decode_all
        events: list[Event | Refused] = []
        for start in range(0, len(raw), SLICE):
            end = start + SLICE
            events += decode(raw[start:end], append_ms[start:end])
            if end < len(raw):
                await asyncio.sleep(0)
        return Items(events, raw, append_ms, batch.origins[skip:], self._owned.erased.tokens_for(events))

    async def _fold(self, state: PartitionState, batch: Packed) -> None:
        """Decode, load, fold. Until this is over nothing takes the state for a commit, and nothing trims it."""
        items = await self._decode(batch, state.next_offset)
        state.trim()
        needed = needs(state, items)
        found = await self._access.read(lambda conn: find(conn, state.partition, needed))
        if state.dead:
            return
        state.customers.put(found.customers)
        stored = {**found.feedback, **needed.on_the_way}
        fold = Fold(state, self._settings, self._owned.erased, stored, TOKEN_PREFIX + secrets.token_hex(12), {})
        for start in range(0, len(items.events), SLICE):
            fold.add_all(items, start, start + SLICE)
            await asyncio.sleep(0)
        fold.finish()
        await self._merge(state, fold)
        if not state.dead:
            state.next_offset = batch.end

    async def _start_again(self, state: PartitionState) -> None:
        """After a fold that was cut short: half a batch may be in the state, which no commit may take any more."""
        await self._commits.wait()
        if not state.dead:
            await self._owned.start_again(state)

    async def _merge(self, state: PartitionState, fold: Fold) -> None:
        hours = fold.hours()
        minutes_missing = state.minutes.missing(key.minute for key in fold.minutes)
        hours_missing = state.hours.missing(key.minute for key in hours)
        if minutes_missing or hours_missing:
            panes = await self._access.read(
                lambda conn: find_panes(conn, state.partition, minutes_missing, hours_missing)
            )
            state.minutes.put(minutes_missing, panes.minutes)
            state.hours.put(hours_missing, panes.hours)
        for key, change in fold.minutes.items():
            state.minutes.merge(key, change)
        for key, change in hours.items():
            state.hours.merge(key, change)
