"""The topic of changes with real workers, a real broker and a real PostgreSQL, one killed in the worst moment."""

from __future__ import annotations

import dataclasses
import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.logs.kafka_settings import KafkaSettings
from tests.faults.test_workers import Load
from tests.support.consumer import Consumer, whole_topic
from tests.support.kafka import settings_for
from tests.support.postgres import Server
from tests.support.processes import Site, site


@pytest.fixture
def topic(kafka: str) -> KafkaSettings:
    return settings_for(kafka, partitions=4)


@pytest.fixture
def changes(topic: KafkaSettings) -> KafkaSettings:
    return dataclasses.replace(topic, topic=f"{topic.topic}.changes")


@pytest.fixture
def shop(tmp_path: Path, topic: KafkaSettings, changes: KafkaSettings, postgres: Server) -> Iterator[Site]:
    name = topic.group.replace("-", "_")
    postgres.sql(f"CREATE DATABASE {name}")
    asked = {"CXWATCH_EXPORT_TOPIC": changes.address, "CXWATCH_EXPORT_EVERY_SECONDS": "1"}
    with site(tmp_path, topic, postgres.url(name), **asked) as found:
        yield found


def consumed(changes: KafkaSettings) -> Consumer:
    found = Consumer()
    found.take(whole_topic(changes))
    return found


def scores(consumer: Consumer) -> dict[str, int]:
    """What all days together hold, over all places."""
    found: Counter[str] = Counter()
    for window in consumer.windows().values():
        if window["window"] == "24h" and window["segment"] == {"channel": None, "stage": None}:
            found.update(window["counts"])
    return {str(k): n for k, n in sorted(found.items())}


@pytest.mark.long
def test_a_worker_killed_between_sending_and_noting_it_loses_nothing(
    shop: Site, topic: KafkaSettings, changes: KafkaSettings, postgres: Server
) -> None:
    name = topic.group.replace("-", "_")
    assert "created for changes: 4 partitions, compacted" in shop.call("migrate")
    # The cursor cannot be moved: the worker stands exactly between what it has sent and the note that it did.
    stands = "$$ BEGIN PERFORM pg_sleep(25); RETURN NEW; END $$"
    postgres.sql(
        f"CREATE FUNCTION stands() RETURNS trigger LANGUAGE plpgsql AS {stands}",
        "CREATE TRIGGER standing BEFORE INSERT ON change_cursors FOR EACH ROW EXECUTE FUNCTION stands()",
        database=name,
    )
    worker = shop.new("worker").until_ready()
    load = Load(topic)
    load.send(300)
    shop.until(lambda: scores(consumed(changes)) != {}, worker)
    sent = consumed(changes)
    worker.signal(signal.SIGKILL)
    worker.ended(5)
    postgres.cut(name)
    assert postgres.sql("SELECT count(*) FROM change_cursors", database=name) == [(0,)]
    postgres.sql("DROP FUNCTION stands CASCADE", database=name)
    load.send(300)
    other = shop.new("worker")
    shop.until(lambda: scores(consumed(changes)) == load.counts, other)
    after = consumed(changes)
    for key, before in sent.newest.items():  # sent again, each under a higher revision
        assert after.newest[key]["revision"] > before["revision"]
    twice = [n for n in Counter((r.key, r.value) for r in whole_topic(changes)).values() if n > 1]
    assert twice == []
    doctor = {row["check"]: (row["state"], row["text"]) for row in shop.rows("doctor")}
    assert doctor["export"][0] == "ok"
    assert changes.address in doctor["export"][1]


@pytest.mark.long
def test_a_sender_that_stood_still_sends_no_more_when_another_one_has_taken_over(
    shop: Site, topic: KafkaSettings, changes: KafkaSettings
) -> None:
    shop.call("migrate")
    first = shop.new("worker").until_ready()
    load = Load(topic)
    load.send(200)
    shop.until(lambda: scores(consumed(changes)) == load.counts, first)
    first.signal(signal.SIGSTOP)
    second = shop.new("worker")
    load.send(200)
    shop.until(lambda: scores(consumed(changes)) == load.counts, second)
    first.signal(signal.SIGCONT)
    load.send(200)
    shop.until(lambda: scores(consumed(changes)) == load.counts, second)
    revisions: dict[bytes, int] = {}
    for record in whole_topic(changes):  # within a partition, and so for every key, revisions only rise
        revision = int(json.loads(record.value)["revision"])
        assert revision >= revisions.get(record.key, 0)
        revisions[record.key] = revision
