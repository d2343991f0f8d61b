"""Flags: single customers that need attention, written once however often their event is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict

from sqlalchemy import Connection, and_, or_, select

from streams.customers import CustomerState
from streams.records import Flag
from streams.store.bulk import put
from streams.store.tables import customers, flags


def add_flags(conn: Connection, found: Iterable[Flag], seq: int) -> None:
    """Store flags under their partition's commit number; one that is there stays as it is."""
    put(conn, flags, [{**asdict(flag), "seq": seq} for flag in found], [])


def new_flags(conn: Connection, cursors: Mapping[int, int]) -> list[Flag]:
    """Flags after the cursors, in order of partition and commit. As many as live events raised since the last round."""
    c = flags.c
    known = sorted(cursors)
    newer = [and_(c.partition == p, c.seq > cursors[p]) for p in known]
    newer.append(c.partition.not_in(known))
    query = select(flags).where(or_(*newer)).order_by(c.partition, c.seq, c.flag_id)
    found = []
    for row in conn.execute(query):
        values = dict(row._mapping)
        del values["seq"]
        found.append(Flag(**values))
    return found


def silent_flags(conn: Connection, from_ms: int, to_ms: int) -> list[Flag]:
    """Flags of those whose time to answer ran out in [from_ms, to_ms): bad graded events and 48 h of silence."""
    c = customers.c
    query = (
        select(c.partition, c.state)
        .where(c.silent_due_ms >= from_ms, c.silent_due_ms < to_ms)
        .order_by(c.silent_due_ms, c.customer)
    )
    found = [CustomerState.decode(state).silent_flag(partition) for partition, state in conn.execute(query)]
    return [flag for flag in found if flag is not None]
