"""What the clients themselves can do: each one's loop around the product's own decoding and fold, no database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import aiokafka
from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as Where

from bench import common
from bench.common import SETTINGS, Result
from streams.decode import Decoder
from streams.duplicates import SeenHashes
from streams.logs.kafka_settings import KafkaSettings
from streams.logs.kafka_thread import FETCH_BYTES_MAX
from streams.measure.book import PaneBook
from streams.measure.customers import CustomerCache
from streams.measure.erased import ErasedCustomers
from streams.measure.fold import Fold
from streams.measure.items import Items
from streams.measure.rows import Pending
from streams.measure.state import PartitionState
from streams.store.feedback import FeedbackRow

BATCH = 5_000


class MemoryFold:
    """Decode, validate, dedupe and fold into panes, as the product does, with everything kept in memory."""

    def __init__(self) -> None:
        self._decoder = Decoder(SETTINGS)
        self._erased = ErasedCustomers(b"bench")
        self._states: dict[int, PartitionState] = {}
        self._answers: dict[bytes, FeedbackRow] = {}
        self.events = 0
        self.began = 0.0

    def add(self, partition: int, values: Sequence[bytes], append_ms: Sequence[int]) -> None:
        """Fold one partition's records."""
        if not self.events:
            self.began = time.perf_counter()
        nothing = [None] * len(values)
        state = self._states.get(partition) or self._states.setdefault(partition, _empty(partition))
        items = Items(self._decoder.decode_all(values, append_ms), values, append_ms, nothing, nothing)
        fold = Fold(state, SETTINGS, self._erased, self._answers, "", {})
        fold.add_all(items, 0, len(values))
        fold.finish()
        for book, changes in ((state.minutes, fold.minutes), (state.hours, fold.hours())):
            for key, change in changes.items():
                book.merge(key, change)
        self._answers |= state.pending.feedback
        state.pending = Pending()
        self.events += len(values)

    def customer_states(self) -> list[bytes]:
        """The journeys that were folded, as the database holds them."""
        return [state.encode() for owned in self._states.values() for _, state in owned.customers.take()[0]]

    def result(self) -> Result:
        """How fast it was since the first record."""
        seconds = time.perf_counter() - self.began
        return {"events": self.events, "seconds": seconds, "per_second": self.events / seconds}


def _empty(partition: int) -> PartitionState:
    return PartitionState(
        partition, 1, 0, 0, 0, None, None, PaneBook(-1), PaneBook(-1), CustomerCache(),
        SeenHashes(SETTINGS.dedupe_hours, SETTINGS.dedupe_max),
    )  # fmt: skip


def aiokafka_loop(topic: KafkaSettings, events: int) -> Result:
    """aiokafka's getmany and the fold."""
    return asyncio.run(_aiokafka_loop(topic, events))


async def _aiokafka_loop(topic: KafkaSettings, events: int) -> Result:
    consumer = aiokafka.AIOKafkaConsumer(
        bootstrap_servers=list(topic.brokers), enable_auto_commit=False, max_partition_fetch_bytes=FETCH_BYTES_MAX
    )
    fold = MemoryFold()
    await consumer.start()
    consumer.assign([aiokafka.TopicPartition(topic.topic, number) for number in range(topic.partitions)])
    await consumer.seek_to_beginning()
    common.tune_gc()
    while fold.events < events:
        for tp, records in (await consumer.getmany(timeout_ms=1_000, max_records=BATCH)).items():
            fold.add(tp.partition, [r.value for r in records], [r.timestamp for r in records])
    found = fold.result()
    await consumer.stop()
    return found


def confluent_loop(topic: KafkaSettings, events: int) -> Result:
    """librdkafka's consume and the fold."""
    consumer = Consumer(
        {"bootstrap.servers": topic.brokers[0], "group.id": topic.group, "enable.auto.commit": False,
         "fetch.message.max.bytes": FETCH_BYTES_MAX, "log_level": 0}
    )  # fmt: skip
    consumer.assign([Where(topic.topic, number, 0) for number in range(topic.partitions)])
    fold = MemoryFold()
    common.tune_gc()
    while fold.events < events:
        found: dict[int, tuple[list[bytes], list[int]]] = {}
        for message in consumer.consume(BATCH, 1.0):
            values, times = found.setdefault(message.partition(), ([], []))
            values.append(message.value())
            times.append(message.timestamp()[1])
        for partition, (values, times) in found.items():
            fold.add(partition, values, times)
    done = fold.result()
    consumer.close()
    return done
