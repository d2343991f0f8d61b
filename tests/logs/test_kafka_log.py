"""A Kafka topic as a log, on a real broker: what every log does, and what is its own."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

import hypothesis
import pytest
from hypothesis import given

from streams.clock import Clock
from streams.logs.errors import LogError
from streams.logs.kafka import KafkaLog
from streams.logs.kafka_errors import TopicMissing
from streams.logs.kafka_settings import KafkaSettings
from streams.logs.protocol import Record, partition_of
from tests.logs.conformance import SHARED, LogConformance, NewStorage, interleave, steps
from tests.logs.support import records
from tests.support.kafka import create_topic, free_port, kcat, settings_for


@dataclass
class KafkaStorage:
    settings: KafkaSettings
    kind: str = "kafka"

    @property
    def place(self) -> str:
        return f"{self.settings.brokers[0]}/{self.settings.topic}"

    def open(self, clock: Clock) -> KafkaLog:
        return KafkaLog(self.settings).connect()


@pytest.fixture
def new_storage(kafka: str) -> NewStorage:
    def new() -> KafkaStorage:
        settings = settings_for(kafka)
        KafkaLog(settings).create()
        return KafkaStorage(settings)

    return new


class TestKafkaLog(LogConformance):
    """The conformance suite on Kafka. Topics take a while to make, and this one test makes many."""

    @pytest.mark.long
    @hypothesis.settings(max_examples=25, deadline=None, suppress_health_check=SHARED)
    @given(steps=steps)
    def test_any_interleaving_gives_every_record_once_in_order_without_gaps(
        self, new_storage: NewStorage, steps: list[tuple[str, object, object]]
    ) -> None:
        asyncio.run(interleave(new_storage(), steps))


@pytest.fixture
def settings(kafka: str) -> KafkaSettings:
    return settings_for(kafka)


async def test_a_topic_is_made_once_with_the_brokers_clock_and_has_an_identity(settings: KafkaSettings) -> None:
    log = KafkaLog(settings)
    with pytest.raises(TopicMissing, match="cxwatch migrate"):
        log.connect()
    assert log.create()
    assert not log.create()
    log.connect()
    assert log.partitions == 4
    assert len(log.identity) == 22
    assert log.timestamps_are_the_brokers()
    await log.close()


async def test_nothing_of_a_topic_is_redacted_or_dropped(settings: KafkaSettings) -> None:
    log = KafkaLog(settings)
    log.create()
    (partition,) = (await log.connect().append(records("anna: hi"))).spans
    assert not log.ours
    assert log.redact(partition, lambda _: b"") == 0
    assert log.expire(2**60, {partition: 1}) == 0
    assert log.read(partition, 0, 1).values == [b"anna: hi"]
    await log.close()


async def test_the_same_key_goes_where_javas_and_aiokafkas_clients_put_it(settings: KafkaSettings) -> None:
    from aiokafka.partitioner import DefaultPartitioner

    log = KafkaLog(settings)
    log.create()
    log.connect()
    keys = [b"anna", b"ben", b"carla", b"dora", "Jürgen".encode()]
    appended = [await log.append([Record(key, b"1")]) for key in keys]
    places = DefaultPartitioner()
    assert [list(a.spans) for a in appended] == [[places(key, [0, 1, 2, 3], [0, 1, 2, 3])] for key in keys]
    assert {p for a in appended for p in a.spans} != {partition_of(key, 4) for key in keys[:1]}
    await log.close()


async def test_records_of_a_foreign_client_are_read_with_their_broker_time(settings: KafkaSettings) -> None:
    log = KafkaLog(settings)
    log.create()
    log.connect()
    kcat(settings, "-P", "-K:", "-H", "trace=1", given=b'anna:{"id": 1}\nanna:{"id": 2}\n')
    (partition,) = {p for p, end in log.ends().items() if end}
    batch = log.read(partition, 0, 10)
    assert batch.values == [b'{"id": 1}', b'{"id": 2}']
    assert batch.origins == [None, None]
    assert all(ms > 1_700_000_000_000 for ms in batch.append_ms)
    await log.close()


@pytest.mark.long
async def test_a_broker_that_is_not_there_is_named_with_the_way_out() -> None:
    log = KafkaLog(settings_for(f"127.0.0.1:{free_port()}"))
    with pytest.raises(LogError, match=r"Kafka does not answer.*check that it runs"):
        log.connect()
    await log.close()


async def test_a_record_that_is_too_large_is_refused_with_its_size(settings: KafkaSettings) -> None:
    create_topic(settings, **{"max.message.bytes": "20000"})
    log = KafkaLog(settings).connect()
    with pytest.raises(LogError, match="1,048,577 bytes"):
        await log.append(records("x" * 1_048_577))
    with pytest.raises(LogError, match="too large for the topic"):
        await log.append([Record(b"a", os.urandom(100_000))])
    await log.append(records("after"))
    await log.close()
