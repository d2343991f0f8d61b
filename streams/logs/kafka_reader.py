"""Reading the topic by offset, outside any consumer group: for `replay`, `--repartition` and tests. Blocks."""

from __future__ import annotations

import threading
import time

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from streams.logs.errors import LogClosed
from streams.logs.kafka_errors import LastError, explained
from streams.logs.kafka_settings import KafkaSettings, librdkafka
from streams.logs.kafka_values import origin_of, value_of
from streams.logs.protocol import Packed

ANSWER_S = 20.0
_WAIT_S = 0.5
_SETTINGS = {
    "enable.auto.commit": False,
    "enable.partition.eof": True,  # tells where reading stands also behind control records
    "isolation.level": "read_committed",  # what an aborted transaction left is not there
    "auto.offset.reset": "error",
    "check.crcs": True,
    "fetch.wait.max.ms": 10,  # a fetch that waits at the end of one partition would hold up the next read
}


class KafkaReader:
    """One consumer that is told where to read, by one thread at a time; goes on without a new fetch where it can."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._client: Consumer | None = None
        self._at: tuple[int, int] | None = None  # partition and offset that come next
        self._last = LastError()
        self._closed = False

    def read(self, partition: int, start: int, first: int, end: int, limit: int) -> Packed:
        """At most `limit` records from `start` on; `first` and `end` are what the partition holds now."""
        topic = self._settings.topic
        if start >= end:
            return Packed(topic, partition, start, start, [], [], [], [])
        with self._lock:
            found, reached = self._collect(partition, max(start, first), end, limit)
        return Packed(
            topic,
            partition,
            start,
            reached,
            [message.offset() for message in found],
            [value_of(message.value()) for message in found],
            [message.timestamp()[1] for message in found],
            [origin_of(message.headers()) for message in found],
        )

    def close(self) -> None:
        """Read no more."""
        with self._lock:
            self._closed = True
            if self._client is not None:
                self._client.close()
            self._client = None

    def _collect(self, partition: int, start: int, end: int, limit: int) -> tuple[list[Message], int]:
        client = self._at_offset(partition, start)
        found: list[Message] = []
        reached = start
        deadline = time.monotonic() + ANSWER_S
        while len(found) < limit and reached < end:
            message = client.poll(_WAIT_S)
            rest = [] if message is None else [message, *client.consume(limit - len(found) - 1, 0)]
            for one in rest:
                error = one.error()
                if error is None:
                    found.append(one)
                    reached = one.offset() + 1
                elif error.code() == KafkaError._PARTITION_EOF:
                    reached = max(reached, one.offset())
                else:
                    self._at = None
                    raise explained(self._last.take() or error, ",".join(self._settings.brokers))
            if time.monotonic() > deadline and not rest:
                self._at = None
                raise explained(
                    self._last.take() or KafkaError(KafkaError._TIMED_OUT), ",".join(self._settings.brokers)
                )
        self._at = (partition, reached)
        if reached >= end:
            client.unassign()  # or it would ask for more all the time
            self._at = None
        return found, reached

    def _at_offset(self, partition: int, start: int) -> Consumer:
        if self._closed:
            raise LogClosed
        if self._client is None:
            ours = {**_SETTINGS, "group.id": f"{self._settings.group}-reader", "error_cb": self._last.note}
            self._client = Consumer({**librdkafka(self._settings), **ours})
        if self._at != (partition, start):
            self._client.assign([TopicPartition(self._settings.topic, partition, start)])
            self._at = None
        return self._client
