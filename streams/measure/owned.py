"""The partitions that this process owns, each with its state in memory; claiming, giving back, starting again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial

from streams.measure.access import PAUSE_S, Access
from streams.measure.erased import ErasedCustomers
from streams.measure.load import claim, load_erased, reload
from streams.measure.rows import Pending
from streams.measure.state import PartitionState
from streams.settings import MeasureSettings

Seek = Callable[[int, int], Awaitable[None]]


class OwnedPartitions:
    """States by partition, and who was forgotten. `seek` asks the transport to deliver a partition from an offset."""

    def __init__(self, access: Access, settings: MeasureSettings) -> None:
        self._access = access
        self._settings = settings
        self._states: dict[int, PartitionState] = {}
        self.erased = ErasedCustomers(b"")
        self.seek: Seek | None = None

    def start(self, secret: bytes) -> None:
        """Take over who was forgotten; `secret` keys their hashes (log_identity.secret)."""
        self.erased = ErasedCustomers(secret, self._access.look(load_erased))

    def get(self, partition: int) -> PartitionState | None:
        """The state of a partition, None for one that is not owned."""
        return self._states.get(partition)

    def states(self) -> list[PartitionState]:
        """All of them. May be called from any thread."""
        return list(self._states.copy().values())

    @property
    def uncommitted(self) -> int:
        """Records folded and not committed."""
        return sum(state.uncommitted for state in self._states.values())

    async def claim(self, partitions: Collection[int]) -> Mapping[int, int]:
        """Own these partitions from now on; the offsets to start at. Whoever had them is fenced.

        Raises StorageFailed when the database does not answer for long.
        """
        for partition in sorted(partitions):
            old = self._states.get(partition)
            if old is not None:
                old.dead = True
            claimed = partial(claim, partition=partition, settings=self._settings)
            doing = f"partition {partition} was claimed"
            self._states[partition] = await self._access.patiently(doing, partial(self._access.claim, claimed))
        if partitions:  # whom another process forgot meanwhile
            forgotten = await self._access.patiently("erasures were read", partial(self._access.read, load_erased))
            self.erased.add(forgotten)
        kept = {partition: self._states.get(partition) for partition in partitions}  # some may be given back by now
        return {partition: state.next_offset for partition, state in kept.items() if state is not None}

    def release(self, partitions: Collection[int]) -> None:
        """Own them no more: work in flight for them is dropped."""
        for partition in partitions:
            state = self._states.pop(partition, None)
            if state is not None:
                state.dead = True

    async def start_again(self, state: PartitionState) -> None:
        """Replace a state whose fold or commit failed by what the database holds, and read on from there."""
        state.dead = True
        await asyncio.sleep(PAUSE_S)
        doing = f"partition {state.partition} was reloaded"
        fresh = await self._access.patiently(doing, lambda: self._fresh(state))
        if self._states.get(state.partition) is state:
            self._states[state.partition] = fresh
            await self.seek_back(fresh)

    async def seek_back(self, state: PartitionState) -> None:
        """Have the partition delivered again from what is folded."""
        if self.seek is not None:
            await self.seek(state.partition, state.next_offset)

    async def _fresh(self, state: PartitionState) -> PartitionState:
        again = partial(reload, partition=state.partition, epoch=state.epoch, settings=self._settings)
        fresh = await self._access.read(again)
        self._unforget(state.pending, state.on_the_way)
        self.erased.add(await self._access.read(load_erased))
        return fresh

    def _unforget(self, *pending: Pending) -> None:
        for rows in pending:
            for forgotten in rows.forgotten:
                self.erased.by_hash.pop(forgotten.customer_hash, None)
