"""Claiming a partition, and reading back what a fold needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from streams.customers import CustomerState
from streams.duplicates import SeenHashes
from streams.measure.book import PaneBook
from streams.measure.customers import CustomerCache
from streams.measure.erased import Erased
from streams.measure.errors import Fenced
from streams.measure.items import Needs
from streams.measure.state import PartitionState
from streams.panes import Pane, PaneKey
from streams.settings import MeasureSettings
from streams.store.customers import load_customers
from streams.store.feedback import FeedbackRow, load_feedback
from streams.store.hashes import load_hashes
from streams.store.panes import last_minute, load_panes
from streams.store.tables import erasures, hour_panes, panes, partitions

_THIS = partitions.c.partition == bindparam("this")
_RAISE = update(partitions).where(_THIS).values(epoch=partitions.c.epoch + 1)  # built once: building costs most
_STAND = select(
    partitions.c.epoch, partitions.c.next_offset, partitions.c.commits, partitions.c.greatest_ms, partitions.c.append_ms
).where(_THIS)
_ERASED = select(erasures.c.customer_hash, erasures.c.token, erasures.c.requested_ms)


@dataclass(frozen=True, slots=True)
class Found:
    """Stored rows that a batch touches."""

    feedback: dict[bytes, FeedbackRow]
    customers: dict[str, CustomerState]


@dataclass(frozen=True, slots=True)
class FoundPanes:
    """Stored panes of the minutes and hours that a batch changes."""

    minutes: dict[PaneKey, Pane]
    hours: dict[PaneKey, Pane]


def claim(conn: Connection, partition: int, settings: MeasureSettings) -> PartitionState:
    """Become the partition's owner: its epoch grows, so that whoever had it is fenced. Loads where it stands."""
    raised = conn.execute(_RAISE, {"this": partition})
    if raised.rowcount == 0:
        conn.execute(insert(partitions).values(partition=partition, epoch=1, next_offset=0, commits=0))
    return _load(conn, partition, settings)


def reload(conn: Connection, partition: int, epoch: int, settings: MeasureSettings) -> PartitionState:
    """Start again from what is committed, after a commit that failed. Raises Fenced if somebody else took over."""
    state = _load(conn, partition, settings)
    if state.epoch != epoch:
        raise Fenced(partition, epoch)
    return state


def _load(conn: Connection, partition: int, settings: MeasureSettings) -> PartitionState:
    row = conn.execute(_STAND, {"this": partition}).one()
    seen = SeenHashes(settings.dedupe_hours, settings.dedupe_max)
    seen.load(load_hashes(conn, partition))
    return PartitionState(
        partition=partition,
        epoch=row.epoch,
        next_offset=row.next_offset,
        durable=row.next_offset,
        commits=row.commits,
        greatest_ms=row.greatest_ms,
        append_ms=row.append_ms,
        minutes=PaneBook(last_minute(conn, panes, partition)),
        hours=PaneBook(last_minute(conn, hour_panes, partition)),
        customers=CustomerCache(),
        seen=seen,
    )


def find(conn: Connection, partition: int, needed: Needs) -> Found:
    """Read the answers and customers a batch touches, the customers of answers it may replace included."""
    answers = load_feedback(conn, needed.feedback)
    theirs = {row.customer for row in answers.values() if row.customer is not None and row.partition == partition}
    return Found(answers, load_customers(conn, partition, sorted(theirs.union(needed.customers))))


def find_panes(conn: Connection, partition: int, minutes: Sequence[int], hours: Sequence[int]) -> FoundPanes:
    """Read the panes of these minutes and hours."""
    return FoundPanes(load_panes(conn, panes, partition, minutes), load_panes(conn, hour_panes, partition, hours))


def load_erased(conn: Connection) -> dict[str, Erased]:
    """All erasures, by keyed hash of the customer."""
    rows = conn.execute(_ERASED)
    return {customer_hash: Erased(token, requested_ms) for customer_hash, token, requested_ms in rows}
