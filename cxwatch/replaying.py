"""Measuring a log again from its start, and comparing with what the live tables hold: numbers that can be trusted.

The live database is read in one transaction, so that it stands still; the log is measured up to the offsets it had
then. Compared is from the first full hour on of what the log still holds; what depends on the customer's last hours
or days (first complaints, third contacts) only from where the log holds those too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Table, false, insert, select, true

from cxwatch.offline import measure_log, open_engine
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS
from streams.logs.protocol import Log
from streams.settings import MeasureSettings
from streams.store.dialect import stand_still
from streams.store.identity import read_identity
from streams.store.progress import next_offsets
from streams.store.retention import kept
from streams.store.tables import customers, erasures, feedback, flags, hour_panes, log_identity, panes

EXAMPLES_MAX = 5  # differences named a table
AHEAD_MS = 5 * MINUTE_MS  # an event may be that much younger than its append time
FIRSTS_MS = DAY_MS  # how far `bad_first` looks back
CONTACTS_MS = 7 * DAY_MS  # how far a third contact looks back
_NOT_COMPARED = {"changed", "seq"}  # commit numbers: they depend on the batching


@dataclass(frozen=True, slots=True)
class TableResult:
    """How one table compares: rows in both, and what differs. Examples are keys, never a customer's words."""

    table: str
    rows: int
    differences: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What a replay found. `whole` says that the log still reaches back to its first record."""

    records: int
    whole: bool
    tables: tuple[TableResult, ...]

    @property
    def equal(self) -> bool:
        """Whether every compared row is the same."""
        return not any(table.differences for table in self.tables)


async def replay(log: Log, live: Engine, fresh: Engine, settings: MeasureSettings, now_ms: int) -> ReplayResult:
    """Measure the log into `fresh` (empty, migrated) and compare with `live`. Nothing is sent, nothing else written.

    `now_ms` is the product's time: what has outlived its retention by then is not compared.
    """
    with live.connect() as conn:
        stand_still(conn)
        identity = read_identity(conn)
        if identity is None:
            return ReplayResult(0, whole=True, tables=())
        upto = next_offsets(conn)  # the first read: the transaction sees this moment until it ends
        with fresh.begin() as other:
            _carry_over(conn, other)
        engine = await open_engine(fresh, settings, identity.secret, identity.partitions)
        records = await measure_log(engine, log, upto)
        await engine.close()
        first_ms = await asyncio.to_thread(_first_append_ms, log)
        whole = all(_holds_first(log, p) for p in range(log.partitions))
        with fresh.connect() as other:
            tables = tuple(
                _compare(conn, other, table, _since(table, first_ms, whole) & kept(table, now_ms, settings))
                for table in COMPARED
            )
    return ReplayResult(records, whole, tables)


COMPARED = (panes, hour_panes, customers, feedback, flags)


def _carry_over(live: Connection, fresh: Connection) -> None:
    """Who was forgotten stays forgotten, under the same tokens."""
    for table in (log_identity, erasures):
        rows = [dict(row._mapping) for row in live.execute(select(table))]
        if rows:
            fresh.execute(insert(table), rows)


def _holds_first(log: Log, partition: int) -> bool:
    """Whether the partition's first record is still there, or there never was one."""
    first = log.read(partition, 0, 1)
    return not first.offsets or first.offsets[0] == 0


def _first_append_ms(log: Log) -> int:
    firsts = [log.read(p, 0, 1).append_ms for p in range(log.partitions)]
    return max((times[0] for times in firsts if times), default=0)


def _since(table: Table, first_ms: int, whole: bool) -> ColumnElement[bool]:
    """The rows that a log cut by retention can still explain: from its first full hour on."""
    if whole:
        return true()
    hour_ms = ((first_ms + AHEAD_MS) // HOUR_MS + 1) * HOUR_MS
    if table in (panes, hour_panes):
        return table.c.minute >= (hour_ms + FIRSTS_MS) // MINUTE_MS
    if table is customers:
        return false()  # journeys reach back before the cut
    if table is flags:
        told_by_itself = (flags.c.kind != "third_contact") & (flags.c.time_ms >= hour_ms)
        return told_by_itself | (flags.c.time_ms >= hour_ms + CONTACTS_MS)
    return table.c.time_ms >= hour_ms


def _compare(live: Connection, fresh: Connection, table: Table, where: ColumnElement[bool]) -> TableResult:
    """Walk both tables in the order of their keys, side by side."""
    rows = differences = 0
    examples: list[str] = []
    mine, theirs = _rows(live, table, where), _rows(fresh, table, where)
    left, right = next(mine, None), next(theirs, None)
    while left is not None or right is not None:
        rows += 1
        key = min(row[0] for row in (left, right) if row is not None)
        if left != right:
            differences += 1
            if len(examples) < EXAMPLES_MAX:
                examples.append(" ".join(part.hex() if isinstance(part, bytes) else str(part) for part in key))
        if left is not None and left[0] == key:
            left = next(mine, None)
        if right is not None and right[0] == key:
            right = next(theirs, None)
    return TableResult(str(table.name), rows, differences, tuple(examples))


def _rows(conn: Connection, table: Table, where: ColumnElement[bool]) -> Iterator[tuple[tuple[Any, ...], Row[Any]]]:
    """(key, row) in the order of keys; keys are compared as Python does, so collations do not matter on SQLite."""
    columns = [column for column in table.columns if column.name not in _NOT_COMPARED]
    names = [column.name for column in table.primary_key.columns]
    if table is flags:
        where = where & (flags.c.kind != "silent_unhappy")  # decided, not measured
    query = select(*columns).where(where).order_by(*table.primary_key.columns).execution_options(yield_per=2_000)
    for row in conn.execute(query):
        yield tuple(row._mapping[name] for name in names), row
