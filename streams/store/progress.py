"""How far the log has been measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from streams.store.tables import partitions

_c = partitions.c
_ALL = select(_c.partition, _c.next_offset, _c.commits, _c.greatest_ms, _c.append_ms).order_by(_c.partition)


@dataclass(frozen=True, slots=True)
class Progress:
    """One partition: everything below `next_offset` is in the tables."""

    partition: int
    next_offset: int
    commits: int
    greatest_ms: int | None
    append_ms: int | None


def read_progress(conn: Connection) -> list[Progress]:
    """All partitions that were ever claimed, in order."""
    return [Progress(*row) for row in conn.execute(_ALL)]


def next_offsets(conn: Connection) -> dict[int, int]:
    """Partition -> the offset it will measure next."""
    return {p.partition: p.next_offset for p in read_progress(conn)}


def unmeasured(measured: Mapping[int, int], ends: Mapping[int, int]) -> int:
    """How many records wait: of a log with these ends, when partitions were measured up to these offsets."""
    return sum(max(0, end - measured.get(partition, 0)) for partition, end in ends.items())


def newest_event_ms(conn: Connection) -> int | None:
    """Time of the newest event measured, None before the first."""
    newest: int | None = conn.execute(select(func.max(partitions.c.greatest_ms))).scalar()
    return newest


@dataclass(frozen=True, slots=True)
class Totals:
    """Events measured since the beginning, over all partitions. `history` is part of `accepted`."""

    accepted: int
    duplicate: int
    refused: int
    history: int


def totals(conn: Connection) -> Totals:
    """What became of all events read so far."""
    c = partitions.c
    row = conn.execute(
        select(func.sum(c.accepted), func.sum(c.duplicate), func.sum(c.refused), func.sum(c.history))
    ).one()
    return Totals(*(int(value or 0) for value in row))
