"""Asking Kafka about the topic: its id, its partitions, its ends; and creating it. Everything here blocks."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from confluent_kafka import (
    ConsumerGroupState,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, OffsetSpec, ResourceType

from streams.logs.errors import LogError
from streams.logs.kafka_errors import LastError, TopicMissing, explained
from streams.logs.kafka_settings import KafkaSettings, librdkafka

ANSWER_S = 5.0  # a request that takes longer has failed
_AGAIN = 12  # times, for what is over in a moment: a leader being elected, a topic just created
_PAUSE_S = 0.25
_PASSING = (
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.NOT_COORDINATOR,
)
OF_A_LOG: Mapping[str, str] = MappingProxyType({"message.timestamp.type": "LogAppendTime"})
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic is: its id (made up by Kafka when it was created) and its number of partitions."""

    identity: str
    partitions: int


class TopicAdmin:
    """One connection for questions; usable from any thread."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._last = LastError()
        self._client = AdminClient({**librdkafka(settings), "error_cb": self._last.note})

    def describe(self) -> Topic:
        """Raises TopicMissing, and LogError when Kafka does not answer."""
        settings = self._settings
        try:
            asked = self._client.describe_topics(TopicCollection([settings.topic]), request_timeout=ANSWER_S)
            found = asked[settings.topic].result()
        except KafkaException as error:
            if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise TopicMissing(settings.topic, ",".join(settings.brokers)) from error
            raise self._explained(error) from error
        return Topic(str(found.topic_id), len(found.partitions))

    def create(self, config: Mapping[str, str] = OF_A_LOG) -> bool:
        """Create the topic; as a log's it has the broker's clock as append time. False where it is there.

        Raises LogError.
        """
        settings = self._settings
        topic = NewTopic(settings.topic, settings.partitions, settings.replication, config=dict(config))
        try:
            self._client.create_topics([topic], request_timeout=ANSWER_S)[settings.topic].result()
        except KafkaException as error:
            if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
                return False
            raise self._explained(error) from error
        self._patiently(self._found)  # Kafka answers before every broker knows of it
        return True

    def _found(self) -> Topic:
        try:
            return self.describe()
        except TopicMissing as error:
            raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)) from error

    def starts(self, partitions: Collection[int]) -> dict[int, int]:
        """Partition -> its first offset that retention has left."""
        return self._offsets(partitions, OffsetSpec.earliest())

    def ends(self, partitions: Collection[int]) -> dict[int, int]:
        """Partition -> one past its last offset that may be read: an open transaction hides what follows it."""
        return self._offsets(partitions, OffsetSpec.latest())

    def _offsets(self, partitions: Collection[int], spec: OffsetSpec) -> dict[int, int]:
        asked = {TopicPartition(self._settings.topic, p): spec for p in partitions}

        def ask() -> dict[int, int]:
            answers = self._client.list_offsets(
                asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=ANSWER_S
            )
            return {tp.partition: int(answer.result().offset) for tp, answer in sorted(answers.items(), key=_number)}

        return self._patiently(ask)

    def timestamps_are_the_brokers(self) -> bool:
        """Whether records carry the time they were appended, and not one their producers made up."""
        return self.config("message.timestamp.type") == "LogAppendTime"

    def config(self, name: str) -> str | None:
        """One of the topic's settings. Raises LogError."""
        resource = ConfigResource(ResourceType.TOPIC, self._settings.topic)
        try:
            entries = self._client.describe_configs([resource], request_timeout=ANSWER_S)[resource].result()
        except KafkaException as error:
            raise self._explained(error) from error
        found = entries.get(name)
        return None if found is None else str(found.value)

    def members(self) -> int:
        """How many processes are in the consumer group: who measures."""

        def ask() -> int:
            asked = self._client.describe_consumer_groups([self._settings.group], request_timeout=ANSWER_S)
            group = asked[self._settings.group].result()
            return 0 if group.state == ConsumerGroupState.DEAD else len(group.members)

        return self._patiently(ask, none=(KafkaError.GROUP_ID_NOT_FOUND, 0))

    def _patiently(self, ask: Callable[[], T], none: tuple[int, T] | None = None) -> T:
        for attempt in range(_AGAIN):
            try:
                return ask()
            except KafkaException as error:
                code = error.args[0].code()
                if none is not None and code == none[0]:
                    return none[1]
                if code not in _PASSING or attempt == _AGAIN - 1:
                    raise self._explained(error) from error
            time.sleep(_PAUSE_S)
        raise AssertionError("unreachable")

    def _explained(self, error: KafkaException) -> LogError:
        self._client.poll(0)  # hands over what librdkafka said meanwhile
        return explained(self._last.take() or error, ",".join(self._settings.brokers))


def _number(item: tuple[TopicPartition, Future[Any]]) -> int:
    return int(item[0].partition)
