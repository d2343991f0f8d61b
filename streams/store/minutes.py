"""What minutes and hours hold, for detectors and baselines: how many, bad ones, first bad ones of a customer.

Answers, graded interactions and contacts (interactions without a grade) are read apart: together they would change the
share of bad ones with every change of the mix. A contact is counted as what it is about volume: all of them are bad.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from sqlalchemy import BigInteger, ColumnElement, Connection, Table, and_, cast, func, or_, select, tuple_

from streams.panes import CONTACT, INTERACTION
from streams.records import LeafMinute
from streams.store.tables import hour_panes, panes

Kind = Literal["answers", "interactions", "contacts"]
KINDS: tuple[Kind, ...] = ("answers", "interactions", "contacts")
NOT_ANSWERS = (INTERACTION, CONTACT)
CHANGED_MAX = 20_000  # (minute, channel, stage) triples read a call


def leaf_minutes(conn: Connection, from_minute: int, to_minute: int, kind: Kind = "answers") -> list[LeafMinute]:
    """Live totals (history left out) of the minutes in [from_minute, to_minute), by minute, channel, stage."""
    return _totals(conn, panes, from_minute, to_minute, kind, live=True)


def leaf_hours(conn: Connection, from_minute: int, to_minute: int, kind: Kind = "answers") -> list[LeafMinute]:
    """Totals of whole hours (`minute` = first minute of the hour), history included: what baselines learn from."""
    return _totals(conn, hour_panes, from_minute, to_minute, kind, live=False)


def _of_kind(table: Table, kind: Kind) -> ColumnElement[bool]:
    if kind == "answers":
        return table.c.metric.not_in(NOT_ANSWERS)
    return table.c.metric == (INTERACTION if kind == "interactions" else CONTACT)


def _totals(
    conn: Connection, table: Table, from_minute: int, to_minute: int, kind: Kind, *, live: bool
) -> list[LeafMinute]:
    c = table.c
    n, bad, first = (c.live_n, c.live_bad, c.live_bad_first) if live else (c.n, c.bad, c.bad_first)
    if kind == "contacts":
        bad = first = n
    query = (
        select(c.minute, c.channel, c.stage, *map(_sum, (n, bad, first)))
        .where(c.minute >= from_minute, c.minute < to_minute, _of_kind(table, kind))
        .group_by(c.minute, c.channel, c.stage)
        .having(func.sum(n) > 0)
        .order_by(c.minute, c.channel, c.stage)
    )
    return list(map(LeafMinute._make, conn.execute(query).all()))


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    """A sum as a whole number: PostgreSQL's of large ones is a decimal."""
    return cast(func.sum(column), BigInteger)


def changed_minutes(
    conn: Connection, cursors: Mapping[int, int], from_minute: int, to_minute: int, kind: Kind = "answers"
) -> list[LeafMinute]:
    """Live totals, as they are now, of those minutes in [from, to) in which a pane changed after the cursors.

    `cursors` maps a partition to the commit number seen last; a partition without one counts from 0.
    """
    c = panes.c
    n, bad, first = (c.live_n, c.live_n, c.live_n) if kind == "contacts" else (c.live_n, c.live_bad, c.live_bad_first)
    known: Sequence[int] = sorted(cursors)
    newer = [and_(c.partition == p, c.changed > cursors[p]) for p in known]
    newer.append(c.partition.not_in(known))
    query = (
        select(c.minute, c.channel, c.stage)
        .distinct()
        .where(c.minute >= from_minute, c.minute < to_minute, _of_kind(panes, kind), or_(*newer))
        .order_by(c.minute, c.channel, c.stage)
        .limit(CHANGED_MAX)
    )
    places = [tuple(row) for row in conn.execute(query)]
    found: list[LeafMinute] = []
    for start in range(0, len(places), 500):
        key = tuple_(c.minute, c.channel, c.stage)
        rows = conn.execute(
            select(c.minute, c.channel, c.stage, *map(_sum, (n, bad, first)))
            .where(key.in_(places[start : start + 500]), _of_kind(panes, kind))
            .group_by(c.minute, c.channel, c.stage)
            .order_by(c.minute, c.channel, c.stage)
        )
        found += map(LeafMinute._make, rows.all())
    return found


def visited_places(conn: Connection, from_minute: int, to_minute: int) -> set[tuple[str, str]]:
    """(channel, stage) where customers did something in the hours of [from, to), whether or not anybody was asked."""
    c = hour_panes.c
    rows = conn.execute(
        select(c.channel, c.stage)
        .distinct()
        .where(c.minute >= from_minute, c.minute < to_minute, c.metric.in_(NOT_ANSWERS))
    )
    return {(channel, stage) for channel, stage in rows}


def first_live_minute(conn: Connection) -> int | None:
    """The earliest minute that holds a live event, None while there is none: where DECIDE starts."""
    minute: int | None = conn.execute(select(func.min(panes.c.minute)).where(panes.c.live_n > 0)).scalar()
    return minute
