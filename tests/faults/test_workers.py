"""`cxwatch worker` and `cxwatch web` as processes over a real broker: they wait, stop, take over and are fenced."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer

from streams.logs.kafka_settings import KafkaSettings
from tests.support.databases import DATABASES
from tests.support.kafka import Broker, fetch, settings_for
from tests.support.processes import Process, Site, site

STOP_S = 10.0


@pytest.fixture
def topic(kafka: str) -> KafkaSettings:
    return settings_for(kafka, partitions=4)


@pytest.fixture
def shop(tmp_path: Path, topic: KafkaSettings) -> Iterator[Site]:
    with site(tmp_path, topic) as found:
        yield found


class Load:
    """Answers of customers, produced by a foreign client (so that nothing of ours is in the way)."""

    def __init__(self, kafka: KafkaSettings, seed: int = 7) -> None:
        self.topic = kafka.topic
        self.producer = Producer(
            {"bootstrap.servers": kafka.brokers[0], "partitioner": "murmur2_random", "enable.idempotence": True,
             "log_level": 0}
        )  # fmt: skip
        self.rng = random.Random(seed)
        self.scores: dict[str, int] = {}

    def send(self, count: int) -> None:
        """Some of them twice: a careful client sends again what it is not sure of."""
        for _ in range(count):
            event = self._event()
            for _ in range(1 + (self.rng.random() < 0.1)):
                self.producer.produce(self.topic, json.dumps(event), event["customer"])
        self.producer.flush(60)

    def _event(self) -> dict[str, Any]:
        number, rng = len(self.scores), self.rng
        self.scores[f"e{number}"] = score = rng.randrange(11)
        time_ = datetime.now(UTC) - timedelta(seconds=rng.uniform(1, 30))
        return {
            "id": f"e{number}", "source": "shop", "type": "feedback", "metric": "nps", "score": score,
            "time": time_.isoformat(), "channel": rng.choice(("web", "app")), "stage": rng.choice(("buy", "deliver")),
            "customer": f"c{rng.randrange(50)}",
        }  # fmt: skip

    @property
    def counts(self) -> dict[str, int]:
        return {str(k): n for k, n in sorted(Counter(self.scores.values()).items())}


def counts(shop: Site) -> dict[str, int]:
    """What the hour's window holds, over all places."""
    found = [r for r in shop.rows("windows", "--window", "24h") if r["segment"] == {"channel": None, "stage": None}]
    return {str(k): n for k, n in sorted(found[0]["counts"].items(), key=lambda kv: int(kv[0]))} if found else {}


def exactly(shop: Site, load: Load) -> None:
    """Everything measured once: as often as it was meant, not as often as it was sent."""
    wanted = dict(sorted(load.counts.items(), key=lambda kv: int(kv[0])))
    shop.until(lambda: sum(counts(shop).values()) >= len(load.scores))
    assert counts(shop) == wanted
    replayed = {row["table"]: row["differences"] for row in shop.rows("replay")}
    assert replayed == dict.fromkeys(replayed, 0)


@pytest.mark.long
def test_the_halves_wait_for_their_topic_work_and_stop_in_order(shop: Site, topic: KafkaSettings) -> None:
    worker = shop.new("worker")
    shop.until(lambda: worker.ready()[0] == 503, worker)
    assert any(f"topic {topic.topic} is not there" in reason for reason in worker.ready()[1])
    shop.call("migrate")
    worker.until_ready()
    assert worker.said().count("waiting for the log") == 1
    web = shop.new("web").until_ready()
    sent = [{
        "id": f"e{i}", "source": "s", "type": "feedback", "metric": "nps", "score": 10, "channel": "web",
        "stage": "buy", "customer": f"c{i}", "time": (datetime.now(UTC) - timedelta(seconds=5)).isoformat(),
    } for i in range(50)]  # fmt: skip
    answer = httpx.post(f"{web.url}/api/v1/events", json=sent, timeout=30, trust_env=False)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 50)
    shop.until(lambda: _n(web) == 50)
    metrics = httpx.get(f"{worker.url}/metrics", timeout=30, trust_env=False).text
    assert "cx_unmeasured_records" in metrics
    assert httpx.get(f"{worker.url}/api/v1/windows", timeout=30, trust_env=False).status_code == 404
    for process in (web, worker):
        process.signal(signal.SIGTERM)
    assert [web.ended(STOP_S), worker.ended(STOP_S)] == [0, 0]


def _n(web: Process) -> int:
    found = httpx.get(f"{web.url}/api/v1/windows", params={"window": "1h"}, timeout=30, trust_env=False).json()
    return next((r["n"] for r in found["items"] if r["segment"] == {"channel": None, "stage": None}), 0)


@pytest.mark.long
def test_a_customer_in_two_partitions_has_one_case(shop: Site, topic: KafkaSettings) -> None:
    """Java's and librdkafka's partitioners put "zoe" into different ones; two unhappy answers, one open case."""
    shop.call("migrate")
    worker = shop.new("worker").until_ready()
    for number, partitioner in enumerate(("murmur2_random", "consistent_random")):
        producer = Producer({"bootstrap.servers": topic.brokers[0], "partitioner": partitioner, "log_level": 0})
        event = {
            "id": f"e{number}", "source": "s", "type": "feedback", "metric": "nps", "score": 0, "channel": "web",
            "stage": "buy", "customer": "zoe", "comment": "it broke",
            "time": (datetime.now(UTC) - timedelta(seconds=5)).isoformat(),
        }  # fmt: skip
        producer.produce(topic.topic, json.dumps(event), "zoe")
        producer.flush()
    shop.until(lambda: sum(counts(shop).values()) == 2, worker)
    shop.until(lambda: len(shop.rows("queue")) >= 1, worker)
    time.sleep(3)  # time for a second one, which there must not be
    assert len(shop.rows("queue")) == 1
    doctor = {row["check"]: row["text"] for row in map(json.loads, shop.call("doctor", "--json").splitlines())}
    assert doctor["customers"].startswith("1 customers turned up in two partitions")


@pytest.mark.long
def test_a_process_that_waits_for_its_topic_stops_when_it_is_told(shop: Site) -> None:
    worker = shop.new("worker")
    shop.until(lambda: worker.ready()[0] == 503, worker)
    worker.signal(signal.SIGTERM)
    assert worker.ended(STOP_S) == 0


@pytest.fixture(params=DATABASES)
def shop_on_either(request: pytest.FixtureRequest, tmp_path: Path, topic: KafkaSettings) -> Iterator[Site]:
    """The same over SQLite and over PostgreSQL."""
    if request.param == "sqlite":
        with site(tmp_path, topic) as found:
            yield found
        return
    server, name = request.getfixturevalue("postgres"), topic.group.replace("-", "_")
    server.sql(f"CREATE DATABASE {name}")
    with site(tmp_path, topic, server.url(name)) as found:
        yield found


@pytest.mark.long
def test_killed_workers_lose_nothing_and_double_nothing(shop_on_either: Site, topic: KafkaSettings) -> None:
    shop = shop_on_either
    shop.call("migrate")
    workers = [shop.new("worker"), shop.new("worker")]
    for worker in workers:
        worker.until_ready()
    load = Load(topic)
    for number in range(4):
        load.send(2_000)
        time.sleep(random.Random(number).uniform(0.05, 0.6))
        victim = workers[number % 2]
        victim.signal(signal.SIGKILL)
        victim.ended(5)
        load.send(500)
        victim.start()
    exactly(shop, load)


@pytest.mark.long
def test_a_worker_that_stood_still_comes_back_or_asks_to_be_started_again(shop: Site, topic: KafkaSettings) -> None:
    """With work in hand it is fenced (75), without it joins its group again; either way the numbers are right."""
    shop.call("migrate")
    frozen, other = shop.new("worker"), shop.new("worker")
    for worker in (frozen, other):
        worker.until_ready()
    load = Load(topic)
    load.send(1_000)
    frozen.signal(signal.SIGSTOP)
    load.send(3_000)
    shop.until(lambda: sum(counts(shop).values()) >= 4_000)  # the other one has taken over
    frozen.signal(signal.SIGCONT)
    load.send(1_000)
    shop.until(lambda: sum(counts(shop).values()) >= 5_000)
    assert frozen.process is not None
    assert frozen.process.poll() in (None, 75)
    exactly(shop, load)


@pytest.mark.long
def test_a_worker_whose_partitions_another_one_took_ends_with_75(shop: Site, topic: KafkaSettings) -> None:
    shop.call("migrate")
    worker = shop.new("worker").until_ready()
    load = Load(topic)
    load.send(100)
    shop.until(lambda: sum(counts(shop).values()) >= 100)
    with sqlite3.connect(shop.folder / "cxwatch-data" / "state.db", timeout=10) as conn:
        conn.execute("UPDATE partitions SET epoch = epoch + 1")  # as a claim does
    conn.close()
    load.send(100)
    assert worker.ended(20) == 75
    assert "taken over by another process" in worker.said()
    worker.start().until_ready()
    exactly(shop, load)


@pytest.mark.long
def test_a_broker_that_comes_back_is_all_that_is_needed(tmp_path: Path) -> None:
    fetch()
    broker = Broker(tmp_path / "broker").start()
    try:
        kafka = settings_for(broker.address, partitions=4)
        with site(tmp_path, kafka) as shop:
            shop.call("migrate")
            worker = shop.new("worker").until_ready()
            load = Load(kafka)
            load.send(2_000)
            broker.kill()
            shop.until(lambda: worker.ready()[0] == 503)
            broker.start()
            load.send(2_000)
            worker.until_ready()
            exactly(shop, load)
            assert worker.process is not None
            assert worker.process.poll() is None
    finally:
        broker.stop()
