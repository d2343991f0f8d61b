"""A Kafka topic as a log. It belongs to its owner: records are appended and read here, never changed or dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from streams.logs.errors import LogClosed, LogError
from streams.logs.kafka_producer import KafkaProducer
from streams.logs.kafka_reader import KafkaReader
from streams.logs.kafka_settings import KafkaSettings, ssl_context
from streams.logs.kafka_topic import Topic, TopicAdmin
from streams.logs.protocol import Appended, Packed, Record


class KafkaLog:
    """A `Log` in one topic. `connect` first: it asks for the topic's identity and partitions, which then stay.

    Raises LogError for certificates that cannot be used.
    Append time is the record's timestamp: the broker's clock on topics with LogAppendTime (what `create` makes).
    """

    ours = False

    def __init__(self, settings: KafkaSettings) -> None:
        if settings.encrypted:
            ssl_context(settings)  # names a file that cannot be used, for both clients
        self.settings = settings
        self._admin = TopicAdmin(settings)
        self._producer = KafkaProducer(settings)
        self._reader = KafkaReader(settings)
        self._topic: Topic | None = None
        self._away = LogError("the topic has not been looked at", "connect to it first")
        self._closed = False

    def connect(self) -> KafkaLog:
        """Blocks. Raises TopicMissing, and LogError when Kafka does not answer or refuses us."""
        try:
            self._topic = self._admin.describe()
        except LogError as error:
            self._away = error
            raise
        return self

    def create(self) -> bool:
        """Create the topic where it is absent; whether that was so. Blocks. Raises LogError."""
        return self._admin.create()

    def look_again(self) -> Topic:
        """What the topic is now: another identity or number of partitions than at `connect` ends measuring."""
        return self._admin.describe()

    def timestamps_are_the_brokers(self) -> bool:
        """Whether append times come from the broker's clock. Blocks."""
        return self._admin.timestamps_are_the_brokers()

    def members(self) -> int:
        """How many processes measure it. Blocks."""
        return self._admin.members()

    @property
    def identity(self) -> str:
        """The topic's id, made up by Kafka: a topic deleted and created again has another."""
        return self._known.identity

    @property
    def partitions(self) -> int:
        """How many partitions the topic had at `connect`."""
        return self._known.partitions

    async def append(self, records: Sequence[Record], origin: str | None = None) -> Appended:
        """Return when all copies in step have all records. Some may be there when it fails: send all again."""
        return await self._producer.append(records, origin)

    def starts(self) -> dict[int, int]:
        """Partition -> the first offset that retention has left."""
        return self._admin.starts(range(self.partitions))

    def ends(self) -> dict[int, int]:
        """Partition -> one past its last offset that may be read."""
        return self._admin.ends(range(self.partitions))

    def read(self, partition: int, start: int, limit: int) -> Packed:
        """At most `limit` records from `start` on. Blocks: call it off the event loop."""
        first, end = self._admin.starts([partition])[partition], self._admin.ends([partition])[partition]
        return self._reader.read(partition, start, first, end, limit)

    def redact(self, _partition: int, _change: Callable[[bytes], bytes | None]) -> int:
        """Nothing: Kafka cannot rewrite a record, and the topic is its owner's."""
        return 0

    def expire(self, _before_ms: int, _keep_from: Mapping[int, int]) -> int:
        """Nothing: the topic's own retention does that."""
        return 0

    async def close(self) -> None:
        """Send what waits, then let go. Closing twice does no harm."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._producer.close)
        await asyncio.to_thread(self._reader.close)

    @property
    def _known(self) -> Topic:
        if self._closed and self._topic is None:
            raise LogClosed
        if self._topic is None:
            raise self._away
        return self._topic
