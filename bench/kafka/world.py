"""The broker, the PostgreSQL and the topics that every case of a run shares."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from uuid import uuid4

import msgspec
from confluent_kafka import Producer
from sqlalchemy import Engine

from bench import common
from cxwatch.database import open_engine
from streams.logs.kafka_settings import KafkaSettings
from streams.logs.protocol import Record
from streams.store.tables import metadata
from tests.support.kafka import Broker, create_topic, fetch
from tests.support.postgres import Server, running

PARTITIONS = 4
FLUSH_S = 120.0
_places = msgspec.json.Decoder(dict[str, str | int | float | None])


@dataclass
class World:
    """Where the servers are, and databases by the dozen."""

    folder: Path
    broker: Broker
    postgres: Server

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def settings(self, topic: str) -> KafkaSettings:
        """A topic of this broker, read by a group of its own."""
        group = f"bench-{uuid4().hex[:12]}"
        return KafkaSettings(brokers=(self.broker.address,), topic=topic, group=group, partitions=PARTITIONS)

    def topic(self, name: str, records: Iterator[Record] | None = None, **config: str) -> KafkaSettings:
        """Create a topic and fill it."""
        settings = self.settings(name)
        create_topic(settings, **config)
        if records is not None:
            fill(settings, records)
        return settings

    @contextmanager
    def database(self, kind: str) -> Iterator[str]:
        """An empty database with the measuring tables, as `opened` wants it, gone afterwards."""
        name = f"bench{next(self._numbers)}"
        if kind == "sqlite":
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                yield f"{folder}/state.db"
            return
        self.postgres.sql(f"CREATE DATABASE {name}")
        try:
            yield self.postgres.url(name)
        finally:
            self.postgres.cut(name)
            self.postgres.sql(f"DROP DATABASE {name}")

    def written_bytes(self) -> int:
        """Bytes of PostgreSQL's write-ahead log so far."""
        return int(self.postgres.sql("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")[0][0])


def opened(where: str) -> Engine:
    """A database as MEASURE has it in the product, with its tables."""
    engine = open_engine(where if "://" in where else Path(where), durable=False)
    with engine.begin() as conn:
        metadata.create_all(conn)
    return engine


def fill(settings: KafkaSettings, records: Iterator[Record]) -> None:
    """Produce records as any client may, partitioned by key as Java's clients do it."""
    producer = Producer(
        {"bootstrap.servers": settings.brokers[0], "partitioner": "murmur2_random", "linger.ms": 50,
         "queue.buffering.max.messages": 1_000_000, "log_level": 0}
    )  # fmt: skip
    for number, (key, value) in enumerate(records):
        producer.produce(settings.topic, value, key)
        if number % 1_000 == 0:
            producer.poll(0)
    left = producer.flush(FLUSH_S)
    if left:
        raise TimeoutError(f"{left} records were not taken in {FLUSH_S:g} s")


def by_place(records: Iterator[Record]) -> Iterator[Record]:
    """The same records keyed by what they count for, for those who window by a record's key alone."""
    for record in records:
        place = _places.decode(record.value)
        key = f"{place['channel']}|{place['stage']}|{place.get('metric', 'interaction')}"
        yield Record(key.encode(), record.value)


@contextmanager
def world() -> Iterator[World]:
    """Start both servers; they and everything in them are gone afterwards."""
    fetch()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cxwatch-bench-")))
        broker = Broker(folder / "broker")
        stack.callback(broker.stop)
        broker.start()
        yield World(folder, broker, stack.enter_context(running()))


def now_ms() -> int:
    """Wall clock, ms."""
    return time.time_ns() // 1_000_000


def interactions(events: int, begin_ms: int) -> Iterator[Record]:
    """Interactions of nobody in particular: what the column "windows alone" reads. No rows but panes and hashes."""
    return common.events(events, begin_ms, named=False, feedback=0.0)


def anonymous(events: int, begin_ms: int) -> Iterator[Record]:
    """The same with 10 % answers, each of which is a row."""
    return common.events(events, begin_ms, named=False)


def customers(events: int, begin_ms: int) -> Iterator[Record]:
    """Events of 200,000 customers: what the column "whole pipeline" reads."""
    return common.events(events, begin_ms)
