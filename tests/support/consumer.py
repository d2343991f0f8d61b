"""A consumer of the topic of changes, as docs/export.md tells one to be: for each key the highest revision counts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer as Client
from confluent_kafka import TopicPartition

from streams.logs.kafka_settings import KafkaSettings
from streams.logs.protocol import Record

READ_S = 30.0


@dataclass
class Consumer:
    """What it knows by key, and how many records it has seen."""

    newest: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: int = 0

    def take(self, records: Iterable[Record]) -> None:
        for record in records:
            self.seen += 1
            key, value = record.key.decode(), json.loads(record.value)
            if key not in self.newest or value["revision"] >= self.newest[key]["revision"]:
                self.newest[key] = value

    def windows(self) -> dict[tuple[Any, ...], dict[str, Any]]:
        """As a table of windows: by what names one, what the API gives for it; those without answers left out."""
        return {_name(v): _bare(v) for v in self.newest.values() if v["type"] == "window" and v["n"]}

    def incidents(self) -> dict[int, dict[str, Any]]:
        return {v["number"]: v for v in self.newest.values() if v["type"] == "incident"}


def table(rows: Iterable[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The API's rows in the same form."""
    return {_name(row): row for row in rows}


def _name(row: dict[str, Any]) -> tuple[Any, ...]:
    place = row["segment"]
    return (row["window"], row["end"], row["metric"], row["survey_kind"], place["channel"], place["stage"])


def _bare(value: dict[str, Any]) -> dict[str, Any]:
    return {name: v for name, v in value.items() if name not in ("type", "schema", "revision", "as_of")}


def whole_topic(settings: KafkaSettings) -> list[Record]:
    """All records that may be read, in the order of their partitions."""
    client = Client(
        {"bootstrap.servers": settings.brokers[0], "group.id": "reader", "isolation.level": "read_committed",
         "enable.partition.eof": True, "log_level": 0}
    )  # fmt: skip
    left = set(range(settings.partitions))
    client.assign([TopicPartition(settings.topic, partition, 0) for partition in left])
    found: list[Record] = []
    until = time.monotonic() + READ_S
    while left:
        assert time.monotonic() < until, "the topic's end was not reached"
        message = client.poll(0.5)
        if message is None:
            continue
        if message.error() is None:
            found.append(Record(message.key(), message.value()))
        else:  # the end of a partition
            left.discard(message.partition())
    client.close()
    return found
