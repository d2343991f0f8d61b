"""A year is filled in through the topic that live answers come by: what is live is told, what is past is not."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from streams.logs.kafka_settings import KafkaSettings
from tests.support.kafka import settings_for
from tests.support.postgres import Server
from tests.support.processes import Site, site

YEAR = timedelta(days=365)
PAST_MAX = 60_000  # answers of the past, whatever happens


class Sender:
    """Answers by a client of the company's own."""

    def __init__(self, topic: KafkaSettings) -> None:
        self.topic = topic.topic
        self.sent: list[dict[str, Any]] = []
        self._producer = Producer(
            {"bootstrap.servers": topic.brokers[0], "partitioner": "murmur2_random", "log_level": 0}
        )

    def send(self, name: str, time: datetime, score: int, place: tuple[str, str]) -> None:
        """One answer of a customer who says why."""
        channel, stage = place
        event = {
            "id": f"{name}{len(self.sent)}", "source": "shop", "type": "feedback", "metric": "nps", "score": score,
            "time": time.isoformat(), "channel": channel, "stage": stage, "customer": f"{name}{len(self.sent)}",
            "comment": "it broke" if score < 7 else "fine",
        }  # fmt: skip
        self.sent.append(event)
        self._producer.produce(self.topic, json.dumps(event), event["customer"])

    def flush(self) -> None:
        assert self._producer.flush(60) == 0


class Past:
    """A year of answers, half of them dreadful, appended from a thread until the block ends."""

    def __init__(self, topic: KafkaSettings) -> None:
        self.sender = Sender(topic)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def __enter__(self) -> Past:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    @property
    def goes_on(self) -> bool:
        return self._thread.is_alive()

    def _send(self) -> None:
        begin = datetime.now(UTC) - YEAR
        for number in range(PAST_MAX):
            score = 9 if number // 500 % 2 else 0  # hours of trouble, hours of calm
            self.sender.send("past", begin + number * YEAR / (PAST_MAX + 5_000), score, ("app", "deliver"))
            if number % 100 == 0:
                self.sender.flush()
                if self._stopping.wait(0.05):
                    return


@pytest.fixture
def shop(kafka: str, postgres: Server, tmp_path: Path) -> Iterator[Site]:
    topic = settings_for(kafka, partitions=4)
    name = topic.group.replace("-", "_")
    postgres.sql(f"CREATE DATABASE {name}")
    with site(tmp_path, topic, postgres.url(name)) as found:
        found.call("migrate")
        yield found


def live_trouble(live: Sender) -> None:
    """Two hours in which all is well, then a quarter of an hour in which nothing is."""
    now = datetime.now(UTC)
    for minute in range(140, 0, -1):
        for second in (0, 20, 40):
            score = 1 if minute < 18 else 9
            live.send("live", now - timedelta(minutes=minute, seconds=second), score, ("web", "buy"))
    live.flush()


@pytest.mark.long
def test_live_trouble_is_found_while_a_year_is_filled_in_and_nobody_hears_of_the_past(
    shop: Site, postgres: Server
) -> None:
    workers = [shop.new("worker"), shop.new("worker")]
    for worker in workers:
        worker.until_ready()
    live = Sender(shop.kafka)
    with Past(shop.kafka) as past:
        shop.until(lambda: len(past.sender.sent) > 2_000)
        live_trouble(live)

        def found() -> bool:
            live.send("live", datetime.now(UTC), 9, ("web", "deliver"))  # what is live goes on
            live.flush()
            return bool(shop.rows("incidents"))

        shop.until(found, workers[0])
        assert past.goes_on
        counted = windows(shop, "web", "buy")
        assert counted == Counter(str(e["score"]) for e in live.sent if e["stage"] == "buy")
        assert past.goes_on
    sent = len(past.sender.sent) + len(live.sent)
    name = shop.kafka.group.replace("-", "_")

    def rows(query: str) -> set[Any]:
        return {row[0] for row in postgres.sql(query, database=name)}

    shop.until(lambda: rows("SELECT sum(accepted) FROM partitions") == {sent}, workers[0])
    assert rows("SELECT sum(n) FROM hour_panes WHERE channel = 'app'") == {len(past.sender.sent)}
    assert rows("SELECT channel FROM incident_members UNION SELECT stage FROM incident_members") <= {
        "",
        None,
        "web",
        "buy",
    }
    assert rows("SELECT count(*) FROM flags WHERE customer LIKE 'past%'") == {0}
    assert rows("SELECT count(*) FROM cases WHERE customer LIKE 'past%'") == {0}
    assert rows("SELECT count(*) FROM cases") != {0}
    told = rows("SELECT count(*) FROM outbox")
    assert told == rows("SELECT (SELECT count(*) FROM cases) + (SELECT count(*) FROM incidents)")


def windows(shop: Site, channel: str, stage: str) -> Counter[str]:
    """What the day's window holds at a place."""
    rows = shop.rows("windows", "--window", "24h", "--channel", channel, "--stage", stage)
    (row,) = [row for row in rows if row["segment"] == {"channel": channel, "stage": stage}]
    return Counter(row["counts"])
