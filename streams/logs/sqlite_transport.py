"""The Faust transport of the embedded log: all partitions belong to the one process that measures it.

The database, not the transport, knows how far measuring got: the consumer starts where the owner says and reports as
committed what the owner has committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import faust
from faust.transport import base
from faust.types import TP, ConsumerMessage
from yarl import URL

from streams.logs.faust_mends import AnyOffset
from streams.logs.faust_producer import LogProducer
from streams.logs.protocol import TOPIC, Owner, Packed, partition_of
from streams.logs.sqlite import SqliteLog
from streams.logs.sqlite_feed import Feed

_GENERATION = 1  # there is one assignment in the life of a process
_APPEND_TIME = 1  # Kafka's timestamp type for the time a record was appended


class SqliteConsumer(base.Consumer):  # type: ignore[misc]  # faust has no types for us
    """Hands packed batches of all partitions to Faust, and nothing ahead of what its streams take."""

    transport: SqliteTransport

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._read_offset = AnyOffset()
        self._log = self.transport.log
        self._owner = self.transport.owner
        self._feed: Feed | None = None
        self._claimed: set[int] = set()

    # --- partitions

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Become the owner of every partition. Faust waits for the end of this before it takes partitions."""
        if self._feed is None and TOPIC in set(topics):
            self._feed = Feed(self._log)
            self.add_future(self._assign())

    async def _assign(self) -> None:
        self.app.on_rebalance_start()
        self.app.consumer_generation_id = _GENERATION
        await self.on_partitions_assigned({TP(TOPIC, p) for p in range(self._log.partitions)}, _GENERATION)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """The owner loads its state first: Faust resumes the flow before its own signal has come back."""
        self._claimed = {tp.partition for tp in assigned}
        offsets = await self._owner.claim(self._claimed)
        self._fed.start(offsets)
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_stop(self) -> None:
        """Report the last commit, then give the partitions back."""
        await super().on_stop()
        if self._feed is not None:
            self._feed.stop()
        self._owner.release(self._claimed)

    def assignment(self) -> set[TP]:
        """All partitions, once they are claimed."""
        return {TP(TOPIC, p) for p in self._claimed}

    # --- batches

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Mapping[TP, list[Packed]]:
        wanted = self._claimed if active_partitions is None else {tp.partition for tp in active_partitions}
        batch = await self._fed.next(wanted, timeout)
        return {} if batch is None else {TP(TOPIC, batch.partition): [batch]}

    def _to_message(self, tp: TP, record: Packed) -> ConsumerMessage:
        at_s = record.append_ms[-1] / 1_000 if record.append_ms else 0.0
        value: Any = record  # see PackedSchema
        return ConsumerMessage(
            TOPIC, tp.partition, record.end - 1, at_s, _APPEND_TIME, None, None, value, None, 0, 0, tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    def on_buffer_full(self, tp: TP) -> None:
        """The full queue holds the consumer up by itself."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Nothing was taken out when it was full."""

    # --- offsets

    def _new_offset(self, tp: TP) -> int:
        """What may be reported as committed: never more than the database has."""
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return self._owner.durable(tp.partition)

    async def _commit(self, _offsets: Mapping[TP, int]) -> bool:
        return True  # the owner's database is where offsets are kept

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go to what the database has committed."""
        offsets = {tp: self._owner.durable(tp.partition) for tp in self.assignment()}
        await self.seek_wait(offsets)
        return offsets

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Go on from these offsets."""
        for tp, offset in partitions.items():
            self._fed.seek(tp.partition, offset)

    async def _seek(self, partition: TP, offset: int) -> None:
        self._fed.seek(partition.partition, offset)

    async def position(self, tp: TP) -> int | None:
        """Offset of the next read."""
        return self._fed.position(tp.partition)

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        """Where reading could start; retention may have dropped some of it."""
        return dict.fromkeys(partitions, 0)

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        """One past the last offset."""
        return {tp: self.highwater(tp) for tp in partitions}

    def highwater(self, tp: TP) -> int:
        """One past the last offset."""
        return self._log.ends()[tp.partition]

    def topic_partitions(self, topic: str) -> int | None:
        """How many partitions the topic has."""
        return self._log.partitions if topic == TOPIC else None

    def key_partition(self, _topic: str, key: bytes | None, partition: int | None = None) -> int | None:
        """The partition that a key's records go to."""
        return partition_of(key or b"", self._log.partitions) if partition is None else partition

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    async def create_topic(self, topic: str, *_args: Any, **_options: Any) -> None:
        """The log is there before Faust is."""

    @property
    def _fed(self) -> Feed:
        if self._feed is None:
            raise faust.exceptions.ConsumerNotStarted
        return self._feed


class SqliteTransport(base.Transport):  # type: ignore[misc]  # faust has no types for us
    """`sqlite://`: the embedded log as Faust's broker."""

    Consumer = SqliteConsumer
    Producer = LogProducer
    driver_version = "sqlite"

    def __init__(self, app: Any, log: SqliteLog, owner: Owner) -> None:
        super().__init__([URL("sqlite://")], app)
        self.log = log
        self.owner = owner
