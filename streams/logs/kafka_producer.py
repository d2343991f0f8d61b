"""Producing to the topic: acks from all copies in step, idempotent, and an answer only when all of it is there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from streams.logs.errors import LogBehind, LogClosed, LogError
from streams.logs.kafka_errors import LastError, explained
from streams.logs.kafka_settings import KafkaSettings, librdkafka
from streams.logs.kafka_values import headers_of
from streams.logs.protocol import Appended, Record

WAITING_BYTES_MAX = 64 * 1024 * 1024
RECORD_BYTES_MAX = 1024 * 1024 - 1024  # Kafka's own bound of a batch is 1 MiB and some
ACKNOWLEDGE_S = 20.0
_RECORD_COST = 64
_POLL_S = 0.2
_FLUSH_S = 5.0
_SETTINGS = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 5,
    "compression.type": "lz4",
    "partitioner": "murmur2_random",  # Java's: the same key, the same partition, whichever client produces
    "delivery.timeout.ms": int(ACKNOWLEDGE_S * 1_000),
    "queue.buffering.max.messages": 2_000_000,
    "queue.buffering.max.kbytes": 4 * WAITING_BYTES_MAX // 1024,  # ours is the smaller bound, and says so
}


class _Waiting:
    """One append on its way."""

    __slots__ = ("done", "error", "left", "loop", "size", "spans")

    def __init__(self, left: int, size: int) -> None:
        self.left = left
        self.size = size
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[Appended] = self.loop.create_future()
        self.spans: dict[int, tuple[int, int]] = {}
        self.error: KafkaError | None = None


class KafkaProducer:
    """Appends of this process. Nothing is connected to before the first one."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()  # one append is handed to the client at a time
        self._counting = threading.Lock()  # what is acknowledged is counted on the polling thread
        self._client: Producer | None = None
        self._poller: threading.Thread | None = None
        self._last = LastError()
        self._bytes = 0
        self._closed = False

    async def append(self, records: Sequence[Record], origin: str | None) -> Appended:
        """Return when all records are acknowledged. Raises LogBehind (none taken), LogError (send all again)."""
        if self._closed:
            raise LogClosed
        size = _size(records)
        if not records:
            return Appended({})
        if self._bytes and self._bytes + size > WAITING_BYTES_MAX:
            raise LogBehind(self._bytes)
        waiting = _Waiting(len(records), size)
        self._produce(waiting, records, origin)
        return await waiting.done

    def close(self) -> None:
        """Send what waits, then let go. Blocks."""
        with self._lock:
            self._closed = True
            client, poller = self._client, self._poller
        if poller is not None:
            poller.join()
        if client is not None and client.flush(_FLUSH_S):
            client.purge()  # their appends fail: nobody is told that they are there
            client.poll(0)
        self._client = self._poller = None

    def _produce(self, waiting: _Waiting, records: Sequence[Record], origin: str | None) -> None:
        topic, headers = self._settings.topic, headers_of(origin)
        with self._lock:  # one append after the other: its records lie together in their partitions
            client = self._connected()
            with self._counting:
                self._bytes += waiting.size

            def told(error: KafkaError | None, message: Message) -> None:
                self._told(waiting, error, message)

            for number, record in enumerate(records):
                try:
                    client.produce(topic, record.value, record.key, headers=headers, on_delivery=told)
                except (BufferError, KafkaException) as error:
                    waiting.error = error.args[0] if isinstance(error, KafkaException) else _queue_full()
                    self._count(waiting, len(records) - number)
                    break

    def _connected(self) -> Producer:
        if self._client is None:
            self._client = Producer({**librdkafka(self._settings), **_SETTINGS, "error_cb": self._last.note})
            self._poller = threading.Thread(target=self._poll, args=(self._client,), daemon=True, name="cxwatch-kafka")
            self._poller.start()
        return self._client

    def _poll(self, client: Producer) -> None:
        """Until it is closed, or replaced and empty."""
        while not self._closed and (self._client is client or len(client)):
            client.poll(_POLL_S)

    def _told(self, waiting: _Waiting, error: KafkaError | None, message: Message) -> None:
        """One record's fate, on the polling thread."""
        if error is not None:
            waiting.error = waiting.error or error
        else:
            partition, offset = message.partition(), message.offset()
            first, end = waiting.spans.get(partition, (offset, offset + 1))
            waiting.spans[partition] = (min(first, offset), max(end, offset + 1))
        self._count(waiting, 1)

    def _count(self, waiting: _Waiting, records: int) -> None:
        with self._counting:
            waiting.left -= records
            if waiting.left > 0:
                return
            self._bytes -= waiting.size
        if waiting.error is not None and waiting.error.fatal():
            self._client = None  # idempotence is lost for good in this client: the next append makes a new one
        if not waiting.loop.is_closed():
            waiting.loop.call_soon_threadsafe(_settle, waiting, self._failure(waiting.error))

    def _failure(self, error: KafkaError | None) -> LogError | None:
        if error is None:
            return None
        return explained(self._last.take() or error, ",".join(self._settings.brokers))


def _settle(waiting: _Waiting, failure: LogError | None) -> None:
    if waiting.done.done():
        return
    if failure is None:
        waiting.done.set_result(Appended(dict(sorted(waiting.spans.items()))))
    else:
        waiting.done.set_exception(failure)


def _size(records: Sequence[Record]) -> int:
    size = 0
    for record in records:
        if not (isinstance(record.key, bytes) and isinstance(record.value, bytes)):
            raise TypeError("keys and values of records are bytes")
        if len(record.value) > RECORD_BYTES_MAX:
            raise LogError(f"a record has {len(record.value):,} bytes", f"send at most {RECORD_BYTES_MAX:,} in one")
        size += len(record.value) + _RECORD_COST
    return size


def _queue_full() -> KafkaError:
    return KafkaError(KafkaError._QUEUE_FULL)
