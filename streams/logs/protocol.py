"""What every log of cxwatch is, whatever it is made of; tests/logs/conformance.py is the same in behaviour.

A log is the source of truth: records in partitions, each with an offset that counts up by one within its partition
and the time it was appended. Offsets are never given twice.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

TOPIC = "cx.events"


class Record(NamedTuple):
    """What is appended: the key decides the partition and is not kept, the value is one event."""

    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Appended:
    """Where an append went: partition -> its first offset and one past its last."""

    spans: Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Packed:
    """One batch of one partition, the value of one Faust event.

    It covers the offsets from `start` to before `end`; `offsets`, `values`, `append_ms` and `origins` run beside each
    other over the records that are still there (retention and compaction leave holes). `origin` names the import
    that appended a record, None for live ones.
    """

    topic: str
    partition: int
    start: int
    end: int
    offsets: range | Sequence[int]
    values: Sequence[bytes]
    append_ms: Sequence[int]
    origins: Sequence[str | None]


class Log(Protocol):
    """Where events are kept until they are measured, and for as long as retention says."""

    ours: bool  # whether records may be redacted and dropped; a Kafka topic is its owner's

    @property
    def identity(self) -> str:
        """Made up once when the log was created: tells this log from any other in its place."""

    @property
    def partitions(self) -> int:
        """How many partitions it has, for good."""

    async def append(self, records: Sequence[Record], origin: str | None = None) -> Appended:
        """Return when all records are durable. Raises LogBehind (none taken) and LogError (say so, try again)."""

    def ends(self) -> dict[int, int]:
        """Partition -> one past its last offset, other processes' appends included. Callable from any thread."""

    def read(self, partition: int, start: int, limit: int) -> Packed:
        """At most `limit` records from `start` on. `end` > `start` unless there is nothing from `start` on."""

    def redact(self, partition: int, change: Callable[[bytes], bytes | None]) -> int:
        """Rewrite values in place (None leaves one as it is); offsets stay. How many were changed."""

    def expire(self, before_ms: int, keep_from: Mapping[int, int]) -> int:
        """Drop records appended before then, never from `keep_from` on. How many were dropped."""

    async def close(self) -> None:
        """Write what waits, then let go of the files."""


class Owner(Protocol):
    """Who measures partitions: it says where to start and how far the database is."""

    async def claim(self, partitions: Collection[int]) -> Mapping[int, int]:
        """Load the partitions' state; partition -> offset to start at."""

    def release(self, partitions: Collection[int]) -> None:
        """No more batches of these will come."""

    def durable(self, partition: int) -> int:
        """Everything below this offset is committed in the database."""


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key, the same in every process and version."""
    return zlib.crc32(key) % partitions
