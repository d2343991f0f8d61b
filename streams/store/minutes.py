"""What minutes and hours hold, for detectors and baselines: answers, bad ones, first bad ones of a customer.

Answers only: graded interactions would change the share of bad ones with every change of the mix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Table, and_, func, or_, select, tuple_

from streams.panes import CONTACT, INTERACTION
from streams.records import LeafMinute
from streams.store.tables import hour_panes, panes

NOT_ANSWERS = (INTERACTION, CONTACT)
CHANGED_MAX = 20_000  # (minute, channel, stage) triples read a call


def leaf_minutes(conn: Connection, from_minute: int, to_minute: int) -> list[LeafMinute]:
    """Live totals (history left out) of the minutes in [from_minute, to_minute), by minute, channel, stage."""
    return _totals(conn, panes, from_minute, to_minute, live=True)


def leaf_hours(conn: Connection, from_minute: int, to_minute: int) -> list[LeafMinute]:
    """Totals of whole hours (`minute` = first minute of the hour), history included: what baselines learn from."""
    return _totals(conn, hour_panes, from_minute, to_minute, live=False)


def _totals(conn: Connection, table: Table, from_minute: int, to_minute: int, *, live: bool) -> list[LeafMinute]:
    c = table.c
    n, bad, first = (c.live_n, c.live_bad, c.live_bad_first) if live else (c.n, c.bad, c.bad_first)
    query = (
        select(c.minute, c.channel, c.stage, func.sum(n), func.sum(bad), func.sum(first))
        .where(c.minute >= from_minute, c.minute < to_minute, c.metric.not_in(NOT_ANSWERS))
        .group_by(c.minute, c.channel, c.stage)
        .having(func.sum(n) > 0)
        .order_by(c.minute, c.channel, c.stage)
    )
    return [LeafMinute(m, ch, st, int(a), int(b), int(f)) for m, ch, st, a, b, f in conn.execute(query)]


def changed_minutes(conn: Connection, cursors: Mapping[int, int], from_minute: int, to_minute: int) -> list[LeafMinute]:
    """Live totals, as they are now, of those minutes in [from, to) in which a pane changed after the cursors.

    `cursors` maps a partition to the commit number seen last; a partition without one counts from 0.
    """
    c = panes.c
    known: Sequence[int] = sorted(cursors)
    newer = [and_(c.partition == p, c.changed > cursors[p]) for p in known]
    newer.append(c.partition.not_in(known))
    query = (
        select(c.minute, c.channel, c.stage)
        .distinct()
        .where(c.minute >= from_minute, c.minute < to_minute, c.metric.not_in(NOT_ANSWERS), or_(*newer))
        .order_by(c.minute, c.channel, c.stage)
        .limit(CHANGED_MAX)
    )
    places = [tuple(row) for row in conn.execute(query)]
    found: list[LeafMinute] = []
    for start in range(0, len(places), 500):
        key = tuple_(c.minute, c.channel, c.stage)
        rows = conn.execute(
            select(c.minute, c.channel, c.stage, func.sum(c.live_n), func.sum(c.live_bad), func.sum(c.live_bad_first))
            .where(key.in_(places[start : start + 500]), c.metric.not_in(NOT_ANSWERS))
            .group_by(c.minute, c.channel, c.stage)
            .order_by(c.minute, c.channel, c.stage)
        )
        found += [LeafMinute(m, ch, st, int(a), int(b), int(f)) for m, ch, st, a, b, f in rows]
    return found


def first_live_minute(conn: Connection) -> int | None:
    """The earliest minute that holds a live event, None while there is none: where DECIDE starts."""
    minute: int | None = conn.execute(select(func.min(panes.c.minute)).where(panes.c.live_n > 0)).scalar()
    return minute
