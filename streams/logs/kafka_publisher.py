"""Publishing batches to a topic of ours: a batch is readable as a whole or not at all, and one process publishes.

Kafka's transactions do both: whoever begins under a name fences everybody who published under it before, also a
process that stood still in the middle of a batch and goes on later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from streams.logs.errors import LogError
from streams.logs.kafka_errors import LastError, TopicMissing, explained
from streams.logs.kafka_settings import KafkaSettings, librdkafka
from streams.logs.protocol import Record

BEGIN_S = 10.0
COMMIT_S = 20.0
ABORT_S = 5.0
_WAIT_S = 0.2
_QUEUE_FULL_MAX = 100  # waits of _WAIT_S for room in the client's queue
_FENCED = (KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED)
_SETTINGS = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 5,
    "compression.type": "lz4",
    "partitioner": "murmur2_random",
    "transaction.timeout.ms": 60_000,
    "delivery.timeout.ms": 20_000,
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 65_536,
}


class Replaced(LogError):
    """Another process publishes under our name now."""

    def __init__(self) -> None:
        super().__init__("another process publishes now", "nothing to do: it goes on where this one stopped")


class KafkaPublisher:
    """One topic, published to under one name. Used by one thread at a time; all of it blocks and raises LogError.

    After any failure the client is thrown away; the next batch begins with a new one, which ends what the old one
    left open.
    """

    def __init__(self, settings: KafkaSettings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._client: Producer | None = None
        self._last = LastError()
        self._failed: KafkaError | None = None

    def connect(self) -> None:
        """Fence whoever published before, where that was not done yet: from here on their batches come to nothing."""
        if self._client is not None:
            return
        ours = {**_SETTINGS, "transactional.id": self._name, "error_cb": self._last.note}
        topic = self._settings.topic
        client = Producer({**librdkafka(self._settings), **ours})
        try:
            if client.list_topics(topic, timeout=BEGIN_S).topics[topic].error is not None:
                raise TopicMissing(topic, ",".join(self._settings.brokers))
            client.init_transactions(BEGIN_S)
        except KafkaException as error:
            raise self._explained(error.args[0]) from error
        self._client = client

    def publish(self, records: Iterable[Record]) -> int:
        """Return when all copies in step have all records and they can be read; how many they were."""
        self.connect()
        assert self._client is not None
        client, self._failed = self._client, None
        sent = 0
        with self._told_in_words(client):
            client.begin_transaction()
            for record in records:
                self._produce(client, record)
                sent += 1
            client.commit_transaction(COMMIT_S)
        return sent

    def close(self) -> None:
        """Let go; a batch in hand comes to nothing."""
        self._drop(self._client)

    def _produce(self, client: Producer, record: Record) -> None:
        for _ in range(_QUEUE_FULL_MAX):
            if self._failed is not None:
                raise KafkaException(self._failed)
            try:
                client.produce(self._settings.topic, record.value, record.key, on_delivery=self._told)
            except BufferError:
                client.poll(_WAIT_S)
            else:
                client.poll(0)
                return
        raise KafkaException(KafkaError(KafkaError._MSG_TIMED_OUT))

    def _told(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._failed = self._failed or error

    @contextmanager
    def _told_in_words(self, client: Producer) -> Iterator[None]:
        try:
            yield
        except KafkaException as error:
            self._drop(client)
            first = self._failed if self._failed is not None else error.args[0]
            raise self._explained(first) from error
        except BaseException:
            self._drop(client)  # whatever read the records failed
            raise

    def _drop(self, client: Producer | None) -> None:
        self._client = None
        if client is None:
            return
        client.purge()
        try:
            client.abort_transaction(ABORT_S)
        except KafkaException:
            return  # fenced, fatal or away: the next one that begins under this name ends it

    def _explained(self, error: Any) -> LogError:
        if error.code() in _FENCED:
            return Replaced()
        return explained(self._last.take() or error, ",".join(self._settings.brokers))
