"""A Kafka topic through Faust, on a real broker: what an agent sees of whatever others put there, and from where."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions
from faust.types import TP

from streams.decode import Decoder
from streams.events import Feedback, Refused
from streams.logs.errors import LogError
from streams.logs.faust_app import seek, start_app
from streams.logs.kafka import KafkaLog
from streams.logs.kafka_settings import KafkaSettings
from streams.logs.protocol import Packed, Record
from streams.settings import MeasureSettings
from tests.logs.kafka_rig import KafkaRig
from tests.logs.support import WAIT_S, RecordingOwner, body_of, records, until
from tests.support.kafka import create_topic, kcat, settings_for

EVENT = {"type": "feedback", "metric": "nps", "score": 3, "source": "s", "channel": "web", "stage": "buy"}


@pytest.fixture
async def rig(kafka: str) -> AsyncIterator[KafkaRig]:
    rig = KafkaRig(settings_for(kafka, partitions=2))
    KafkaLog(rig.settings).create()
    yield rig
    await rig.close()


@pytest.fixture
async def bare(kafka: str) -> AsyncIterator[KafkaRig]:
    """Without its topic: a test makes it as its owner would."""
    rig = KafkaRig(settings_for(kafka, partitions=1))
    yield rig
    await rig.close()


def foreign(settings: KafkaSettings, **more: Any) -> Producer:
    """Somebody else's producer, with librdkafka's own defaults."""
    return Producer({"bootstrap.servers": settings.brokers[0], "log_level": 0, **more})


def event(number: int) -> bytes:
    return json.dumps({**EVENT, "id": str(number), "time": "2026-11-25T12:00:00Z", "customer": "anna"}).encode()


async def test_an_agent_sees_every_record_once_in_packed_batches(rig: KafkaRig) -> None:
    worker = rig.worker()
    await worker.log.append([Record(b"%d" % i, b"%d" % i) for i in range(1_000)], "file-a")
    await worker.run()
    await until(lambda: len(worker.seen.values()) == 1_000)
    first = len(worker.seen.batches)
    await worker.log.append(records("live"))
    await until(lambda: len(worker.seen.values()) == 1_001)
    assert sorted(map(int, worker.seen.values()[:1_000])) == list(range(1_000))
    assert all(worker.seen.at(p) == list(range(end)) for p, end in worker.log.ends().items())
    assert first <= 10
    assert {o for b in worker.seen.batches for o in b.origins} == {"file-a", None}
    assert all(ms > 1_700_000_000_000 for b in worker.seen.batches for ms in b.append_ms)
    assert worker.fatal == []


async def test_it_starts_where_the_database_is_whatever_kafka_remembers(rig: KafkaRig) -> None:
    worker = rig.worker()
    (partition,) = (await worker.log.append(records(*"abcdefgh"))).spans
    app = await worker.run()
    await until(lambda: len(worker.seen.values()) == 8)
    worker.owner.offsets[partition] = 8
    await app.consumer.commit()
    await worker.stop()
    worker.owner.offsets[partition] = 3  # a database restored from a backup
    worker.seen.batches.clear()
    await worker.run()
    await until(lambda: worker.seen.values() == [b"d", b"e", b"f", b"g", b"h"])
    assert worker.seen.batches[0].start == 3


async def test_kafka_is_never_told_more_than_the_database_has(rig: KafkaRig) -> None:
    worker = rig.worker()
    (partition,) = (await worker.log.append(records(*"abcdefgh"))).spans
    app = await worker.run()
    await until(lambda: len(worker.seen.values()) == 8)
    worker.owner.offsets[partition] = 5
    await app.consumer.commit()
    assert app.monitor.tp_committed_offsets[TP(rig.settings.topic, partition)] == 5


async def test_after_a_seek_back_everything_from_there_comes_again_at_once(rig: KafkaRig) -> None:
    worker = rig.worker()
    (partition,) = (await worker.log.append(records(*map(str, range(100))))).spans
    app = await worker.run()
    await until(lambda: len(worker.seen.values()) == 100)
    await seek(app, partition, 7)
    await until(lambda: len(worker.seen.values()) == 193)
    assert worker.seen.at(partition)[100:] == list(range(7, 100))


async def test_a_seek_of_a_partition_that_is_not_ours_does_no_harm(rig: KafkaRig) -> None:
    worker = rig.worker()
    app = await worker.run()
    await seek(app, 77, 0)
    await worker.log.append(records("1"))
    await until(lambda: worker.seen.values() == [b"1"])
    assert worker.fatal == []


async def test_what_a_transaction_aborted_is_not_there_and_leaves_no_hole(rig: KafkaRig) -> None:
    worker = rig.worker()
    producer = foreign(rig.settings, **{"transactional.id": rig.settings.group})
    producer.init_transactions(20)
    for name, end in (("kept", producer.commit_transaction), ("gone", producer.abort_transaction)):
        producer.begin_transaction()
        for i in range(3):
            producer.produce(rig.settings.topic, f"{name} {i}", "anna", partition=0)
        producer.flush()
        end(20)
    await worker.log.append([Record(b"anna", b"after")])
    await worker.run()
    await until(lambda: {b"after", b"kept 2"} <= set(worker.seen.values()))  # in whichever partition comes first
    assert sorted(worker.seen.values()) == [b"after", b"kept 0", b"kept 1", b"kept 2"]
    reached = {p: max((b.end for b in worker.seen.batches if b.partition == p), default=0) for p in (0, 1)}
    assert reached == worker.log.ends()
    for partition in (0, 1):
        spans = [(b.start, b.end) for b in worker.seen.batches if b.partition == partition]
        assert [start for start, _ in spans] == [0, *(end for _, end in spans)][: len(spans)]
    await asyncio.to_thread(producer.flush)


async def test_a_partition_that_ends_with_a_control_record_is_read_to_its_end(rig: KafkaRig) -> None:
    worker = rig.worker()
    producer = foreign(rig.settings, **{"transactional.id": rig.settings.group})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(rig.settings.topic, "1", "anna", partition=1)
    producer.commit_transaction(20)
    await until(lambda: worker.log.ends()[1] == 2)  # the marker is written after the answer
    await worker.run()
    await until(lambda: bool(worker.seen.batches) and worker.seen.batches[-1].end == 2)
    assert worker.seen.values() == [b"1"]
    batch = worker.log.read(1, 0, 10)
    assert (batch.values, batch.end) == ([b"1"], 2)


@pytest.mark.long
async def test_holes_that_compaction_left_are_covered_by_batches(bare: KafkaRig) -> None:
    settings = bare.settings
    create_topic(
        settings,
        **{
            "cleanup.policy": "compact",
            "segment.ms": "200",
            "min.cleanable.dirty.ratio": "0.01",
            "max.compaction.lag.ms": "300",
            "min.compaction.lag.ms": "0",
        },
    )
    producer = foreign(settings)
    for i in range(20):
        producer.produce(settings.topic, f"{i}", f"k{i % 2}")
        producer.flush()
    await asyncio.sleep(0.5)
    producer.produce(settings.topic, "last", "end")  # a new segment, so that the old one is compacted
    producer.flush()
    worker = bare.worker()

    def kept() -> int:
        return len(worker.log.read(0, 0, 100).values)

    for _ in range(150):
        if await asyncio.to_thread(kept) < 21:
            break
        await asyncio.sleep(0.2)
    else:
        pytest.skip("the broker has not compacted in half a minute")
    await worker.run()
    await until(lambda: b"last" in worker.seen.values())
    batches = worker.seen.batches
    assert [b.start for b in batches] == [0, *(b.end for b in batches)][: len(batches)]
    assert worker.seen.at(0) == sorted(worker.seen.at(0))
    assert len(worker.seen.values()) < 21


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_every_compression_of_a_foreign_client_is_read(bare: KafkaRig, codec: str) -> None:
    create_topic(bare.settings)
    sent = b"\n".join(b"%d" % i for i in range(200))
    kcat(bare.settings, "-P", "-z", codec, given=sent)
    worker = bare.worker()
    await worker.run()
    await until(lambda: len(worker.seen.values()) == 200)
    assert sorted(map(int, worker.seen.values())) == list(range(200))


async def test_tombstones_and_foreign_records_are_refused_and_schema_frames_taken_off(bare: KafkaRig) -> None:
    create_topic(bare.settings)
    frame = b"\0" + (1_234).to_bytes(4, "big")
    producer = foreign(bare.settings)
    for value, headers in (
        (event(1), [("__value_schema_id", b"\0\1"), ("trace", None)]),
        (frame + event(2), None),
        (frame + b"\x02\x06avro", None),
        (None, None),
        (b"", None),
        (b"plain words", None),
        (b"[1, 2]", None),
        (event(3), [("cxwatch-origin", b"x" * 500)]),
    ):
        producer.produce(bare.settings.topic, value, "anna", headers=headers)
    producer.flush()
    worker = bare.worker()
    await worker.run()
    await until(lambda: len(worker.seen.values()) == 8)
    decode = Decoder(MeasureSettings(), lambda _: None).decode
    found = [decode(value, 1_795_700_000_000) for value in worker.seen.values()]
    assert [f.id if isinstance(f, Feedback) else type(f) for f in found] == [
        "1",
        "2",
        *[Refused] * 5,
        "3",
    ]
    assert isinstance(found[3], Refused)
    assert (found[3].field, found[3].value) == ("type", "tombstone")
    assert worker.seen.values() == worker.log.read(0, 0, 10).values
    assert {o for b in worker.seen.batches for o in b.origins} == {None}


async def test_times_are_the_producers_where_the_topic_says_so(bare: KafkaRig) -> None:
    create_topic(bare.settings, **{"message.timestamp.type": "CreateTime"})
    foreign_one = foreign(bare.settings)
    foreign_one.produce(bare.settings.topic, "1", timestamp=1_790_000_000_123)
    foreign_one.flush()
    worker = bare.worker()
    await worker.run()
    await until(lambda: len(worker.seen.values()) == 1)
    assert list(worker.seen.batches[0].append_ms) == [1_790_000_000_123]
    assert not worker.log.timestamps_are_the_brokers()


async def test_a_database_that_is_ahead_of_its_log_ends_it_by_name(rig: KafkaRig) -> None:
    worker = rig.worker()
    (partition,) = (await worker.log.append(records(*"abc"))).spans
    worker.owner.offsets = {partition: 17}
    await worker.run()
    await until(lambda: bool(worker.fatal))
    assert isinstance(worker.fatal[0], LogError)
    assert f"partition {partition} to 17, the log ends at 3" in str(worker.fatal[0])
    assert "cxwatch replay" in str(worker.fatal[0])


def drop_before(settings: KafkaSettings, offset: int) -> None:
    """As retention does."""
    from confluent_kafka import TopicPartition

    admin = AdminClient({"bootstrap.servers": settings.brokers[0], "log_level": 0})
    done = admin.delete_records([TopicPartition(settings.topic, 0, offset)])
    for future in done.values():
        future.result()


async def test_records_that_retention_took_before_they_were_measured_become_a_dead_letter(bare: KafkaRig) -> None:
    create_topic(bare.settings)
    worker = bare.worker()
    await worker.log.append(records(*map(str, range(10))))
    drop_before(bare.settings, 6)
    worker.owner.offsets = {0: 2}
    await worker.run()
    await until(lambda: b"9" in worker.seen.values())
    lost, rest = worker.seen.batches
    assert (lost.start, lost.end, rest.start) == (2, 6, 6)
    assert b"removed from the log before they were measured" in lost.values[0]
    assert rest.values == [b"6", b"7", b"8", b"9"]
    assert isinstance(Decoder(MeasureSettings(), lambda _: None).decode(lost.values[0], 0), Refused)


async def test_an_old_topic_is_begun_where_it_begins(bare: KafkaRig) -> None:
    create_topic(bare.settings)
    worker = bare.worker()
    await worker.log.append(records(*map(str, range(10))))
    drop_before(bare.settings, 6)
    await worker.run()
    await until(lambda: b"9" in worker.seen.values())
    assert worker.seen.values() == [b"6", b"7", b"8", b"9"]
    assert (worker.seen.batches[0].start, worker.seen.batches[-1].end) == (0, 10)
    batch = worker.log.read(0, 0, 100)
    assert (batch.start, batch.values) == (0, [b"6", b"7", b"8", b"9"])


async def test_two_workers_share_the_partitions_and_one_takes_over(rig: KafkaRig) -> None:
    one, two = rig.worker(instance_id="one"), rig.worker()
    await one.run()
    await until(lambda: one.owner.claimed == [{0, 1}])
    await two.run()
    await until(lambda: bool(two.owner.claimed) and len(one.owner.claimed) == 2)
    assert sorted([*one.owner.claimed[-1], *two.owner.claimed[-1]]) == [0, 1]
    assert one.owner.released == [{0, 1}]
    await one.log.append([Record(b"%d" % i, b"%d" % i) for i in range(100)])
    await until(lambda: len(one.seen.values()) + len(two.seen.values()) >= 100)
    assert sorted(map(int, one.seen.values() + two.seen.values())) == list(range(100))
    await two.stop()
    await until(lambda: one.owner.claimed[-1] == {0, 1})
    assert (one.fatal, two.fatal) == ([], [])


async def test_a_worker_too_many_waits_without_partitions(rig: KafkaRig) -> None:
    workers = [rig.worker() for _ in range(3)]
    for worker in workers:
        await worker.run()

    def shares() -> list[int]:
        return sorted(len(w.owner.claimed[-1]) if w.owner.claimed else -1 for w in workers)

    await until(lambda: shares() == [0, 1, 1])
    await until(lambda: all(w.app is not None and w.app.consumer.joined for w in workers))
    assert [w.fatal for w in workers] == [[], [], []]


async def test_a_claim_that_fails_ends_it_with_its_reason(rig: KafkaRig) -> None:
    class Broken(RecordingOwner):
        async def claim(self, partitions: object) -> dict[int, int]:
            raise RuntimeError("no database")

    worker = rig.worker()
    worker.owner = Broken()
    with pytest.raises(LogError):
        await asyncio.wait_for(worker.run(), WAIT_S)
    assert [str(f) for f in worker.fatal] == ["no database"]


async def test_partitions_are_loaded_before_the_flow_resumes(rig: KafkaRig) -> None:
    """However long the database takes, nothing is handed over, and nothing stalls afterwards."""

    class Slow(RecordingOwner):
        async def claim(self, partitions: Any) -> Any:
            await asyncio.sleep(0.5)
            assert worker.seen.batches == []
            return await super().claim(partitions)

    worker = rig.worker()
    worker.owner = Slow()
    await worker.log.append(records("1"))
    await worker.run()
    await until(lambda: worker.seen.values() == [b"1"])


async def test_an_agent_that_failed_is_reported_and_sees_nothing_more(rig: KafkaRig) -> None:
    worker = rig.worker()
    calls: list[int] = []

    async def body(stream: AsyncIterator[Packed]) -> None:
        async for batch in stream:
            calls.append(batch.start)
            raise ValueError("half a fold")

    app = worker.build(body)
    await start_app(app)
    (partition,) = (await worker.log.append(records("1"))).spans
    await until(lambda: bool(worker.fatal))
    await worker.log.append(records("2"))
    await seek(app, partition, 0)
    await asyncio.sleep(0.2)
    assert [str(failure) for failure in worker.fatal] == ["half a fold"]
    assert calls == [0]
    await app.consumer.commit()
    assert app.monitor.tp_committed_offsets.get(TP(rig.settings.topic, partition), 0) == 0


@pytest.mark.long
async def test_a_worker_that_its_group_has_forgotten_joins_again(
    rig: KafkaRig,
) -> None:
    worker = rig.worker()
    app = await worker.run()
    await until(lambda: app.consumer.joined)
    (partition,) = (await worker.log.append(records("1"))).spans
    await until(lambda: bool(worker.seen.values()))
    worker.owner.offsets[partition] = 1
    inner = app.consumer._thread._consumer
    inner._coordinator.member_id = "somebody else"  # as after a long pause: the group has forgotten us
    await app.consumer.commit()
    await until(lambda: len(worker.owner.claimed) == 2)
    await worker.log.append(records("2"))
    await until(lambda: b"2" in worker.seen.values())
    assert worker.fatal == []


async def test_a_slow_agent_holds_the_reading_up(rig: KafkaRig) -> None:
    go = asyncio.Event()

    async def wait(_: Packed) -> None:
        await go.wait()

    worker = rig.worker()
    padding = os.urandom(150).hex().encode()
    sent = [Record(b"anna", b"%d %s" % (i, padding[i % 100 :])) for i in range(60_000)]
    (partition,) = (await worker.log.append(sent)).spans
    app = await worker.run(wait)
    tp, at = TP(rig.settings.topic, partition), -1
    while at != (at := await app.consumer.position(tp)):  # noqa: ASYNC110 - until it stands still
        await asyncio.sleep(0.2)
    assert len(worker.seen.batches) == 1
    assert at < 60_000
    go.set()
    await until(lambda: len(worker.seen.values()) == 60_000)
    assert worker.seen.at(partition) == list(range(60_000))


async def test_it_stops_while_the_agent_works_and_its_buffer_is_full(rig: KafkaRig) -> None:
    async def for_ever(_: Packed) -> None:
        await asyncio.get_running_loop().create_future()

    worker = rig.worker()
    await worker.log.append([Record(b"anna", b"%d" % i) for i in range(60_000)])
    app = worker.build(body_of(worker.seen, for_ever))
    await start_app(app)
    await until(lambda: len(worker.seen.batches) == 1)
    await asyncio.sleep(0.2)
    await worker.stop()
    assert worker.owner.released[-1] == {0, 1}
    assert worker.fatal == []


def more_partitions(settings: KafkaSettings, count: int) -> None:
    admin = AdminClient({"bootstrap.servers": settings.brokers[0], "log_level": 0})
    for future in admin.create_partitions([NewPartitions(settings.topic, count)]).values():
        future.result()


async def test_a_topic_that_was_made_anew_or_has_more_partitions_looks_different(rig: KafkaRig) -> None:
    worker = rig.worker()
    before = worker.log.look_again()
    more_partitions(rig.settings, 5)
    for _ in range(50):
        now = worker.log.look_again()
        if now.partitions == 5:
            break
        await asyncio.sleep(0.1)
    assert (now.identity, now.partitions) == (before.identity, 5)
    assert worker.log.partitions == 2


async def test_a_codec_that_is_lacking_is_named_at_the_start(rig: KafkaRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiokafka.codec.cramjam", None)  # as where it is not installed
    worker = rig.worker()
    with pytest.raises(LogError, match=r"snappy, lz4, zstd.*install the package cramjam"):
        await worker.run()
    worker.app = None
