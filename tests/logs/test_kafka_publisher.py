"""Publishing to a topic of ours on a real broker: whole batches, one process at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka.admin import AdminClient

from streams.logs.errors import LogError
from streams.logs.kafka_publisher import KafkaPublisher, Replaced
from streams.logs.kafka_settings import KafkaSettings
from streams.logs.kafka_topic import TopicAdmin
from streams.logs.protocol import Record
from tests.support.consumer import whole_topic
from tests.support.kafka import settings_for


@pytest.fixture
def topic(kafka: str) -> KafkaSettings:
    found = settings_for(kafka, partitions=2)
    assert TopicAdmin(found).create({"cleanup.policy": "compact,delete"})
    return found


def records(*names: str) -> list[Record]:
    return [Record(name.encode(), b"{}") for name in names]


def keys(topic: KafkaSettings) -> set[str]:
    return {record.key.decode() for record in whole_topic(topic)}


def test_a_batch_is_there_as_a_whole_or_not_at_all(topic: KafkaSettings) -> None:
    publisher = KafkaPublisher(topic, topic.group)
    assert publisher.publish(records("a", "b", "c")) == 3

    def breaks() -> Iterator[Record]:
        yield from records("d", "e")
        raise OSError("the database is gone")

    with pytest.raises(OSError, match="gone"):
        publisher.publish(breaks())
    assert publisher.publish(records("f")) == 1
    publisher.close()
    assert keys(topic) == {"a", "b", "c", "f"}


def test_whoever_connects_later_fences_who_was_there_before_even_in_the_middle_of_a_batch(
    topic: KafkaSettings,
) -> None:
    old, new = KafkaPublisher(topic, topic.group), KafkaPublisher(topic, topic.group)

    def stands_still() -> Iterator[Record]:
        yield from records("old 1")
        new.connect()
        assert new.publish(records("new")) == 1
        yield from records("old 2")

    with pytest.raises(Replaced):
        old.publish(stands_still())
    assert new.publish(records("new 2")) == 1
    old.close()
    new.close()
    assert keys(topic) == {"new", "new 2"}


def test_a_topic_that_is_not_there_is_named_with_the_way_out(kafka: str) -> None:
    publisher = KafkaPublisher(settings_for(kafka), "nobody")
    with pytest.raises(LogError, match="create it with `cxwatch migrate`"):
        publisher.publish(records("a"))
    publisher.close()


def test_the_topic_is_made_once_and_as_asked(topic: KafkaSettings) -> None:
    admin = TopicAdmin(topic)
    assert not admin.create({"cleanup.policy": "compact,delete"})
    assert admin.config("cleanup.policy") == "compact,delete"
    assert len(AdminClient({"bootstrap.servers": topic.brokers[0]}).list_topics().topics[topic.topic].partitions) == 2
