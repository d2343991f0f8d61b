"""`kafka://`: the Faust transport of a Kafka topic, on Faust's own aiokafka driver.

A partition's fetched records reach the agent as one packed batch. The database, not Kafka, knows how far measuring
got: a partition starts where its owner says, and what is committed to Kafka is what the owner has committed.
Where Faust or aiokafka do what we cannot live with is in kafka_mends.py and faust_mends.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from yarl import URL

from streams.logs.faust_mends import AnyOffset
from streams.logs.faust_producer import LogProducer
from streams.logs.kafka import KafkaLog
from streams.logs.kafka_thread import KafkaThread
from streams.logs.protocol import Owner, Packed

_APPEND_TIME = 1


class KafkaConsumer(driver.Consumer):  # type: ignore[misc]  # faust has no types for us
    """Hands packed batches of the partitions that the group gives us to Faust."""

    transport: KafkaTransport

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._read_offset = AnyOffset()
        self._owner = self.transport.owner
        self._mine: set[int] = set()
        self.joined = False  # the group has given us our partitions, be it none

    def _new_consumer_thread(self) -> KafkaThread:
        return KafkaThread(self, loop=self.loop, beacon=self.beacon)

    # --- partitions

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Mend 5: the owner loads its state first. Faust's own signal comes when the flow may have resumed already.

        Mend 6: what fails in here aiokafka only logs, and reads on; github.com/dpkp/kafka-python/issues/917.
        """
        try:
            await self._owner.claim({tp.partition for tp in assigned})
        except Exception as error:
            await self.crash(error)
            raise
        self._mine = {tp.partition for tp in assigned}
        await super().on_partitions_assigned(assigned, generation_id)
        self.joined = True

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """What is in flight for them is dropped: the next owner folds it again."""
        gone = {tp.partition for tp in revoked}
        self._mine -= gone
        self.joined = False
        if gone:
            self._owner.release(gone)
        await super().on_partitions_revoked(revoked)

    async def on_stop(self) -> None:
        """Leave the group, then give the partitions back."""
        await super().on_stop()
        self._owner.release(self._mine)
        self._mine = set()

    # --- batches

    def _to_message(self, tp: TP, record: Packed) -> ConsumerMessage:
        at_s = record.append_ms[-1] / 1_000 if record.append_ms else 0.0
        value: Any = record  # see PackedSchema
        return ConsumerMessage(
            record.topic, record.partition, record.end - 1, at_s, _APPEND_TIME, None, None, value, None, 0, 0, tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    def on_buffer_full(self, tp: TP) -> None:
        """The full queue holds the consumer up by itself; Faust's own books cost a third of the rate."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Nothing was taken out when it was full."""

    # --- offsets

    def _new_offset(self, tp: TP) -> int | None:
        """What may be reported as committed: never more than the database has."""
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return self._owner.durable(tp.partition) if tp.partition in self._mine else None

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go to what the database has committed, whatever Kafka remembers.

        What the group has taken from us meanwhile is left out: github.com/faust-streaming/faust/issues/54.
        """
        offsets = {tp: self._owner.durable(tp.partition) for tp in self.assignment() if tp.partition in self._mine}
        await self.seek_wait(offsets)
        return offsets

    async def _seek(self, partition: TP, offset: int) -> None:
        await self._thread.call_thread(self._thread.seek_now, partition, offset)


class KafkaTransport(driver.Transport):  # type: ignore[misc]  # faust has no types for us
    """A Kafka topic as Faust's broker."""

    Consumer = KafkaConsumer
    Producer = LogProducer

    def __init__(self, app: Any, log: KafkaLog, owner: Owner) -> None:
        super().__init__([URL(f"kafka://{broker}") for broker in log.settings.brokers], app)
        self.log = log
        self.owner = owner
