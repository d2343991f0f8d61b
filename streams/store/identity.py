"""Which log the tables were measured from. Another log, or another number of partitions, is an error with a way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from streams.store.progress import next_offsets
from streams.store.tables import log_identity


class WrongLog(Exception):
    """The database belongs to another log, or reaches beyond the end of this one. Going on would mix histories."""


class Identity(NamedTuple):
    """The log's identity, its number of partitions, and the secret that keys hashes of forgotten customers."""

    identity: str
    partitions: int
    secret: bytes


def read_identity(conn: Connection) -> Identity | None:
    """What the database was measured from, None while it is empty."""
    c = log_identity.c
    row = conn.execute(select(c.identity, c.partitions, c.secret)).one_or_none()
    return None if row is None else Identity(*row)


def ensure_identity(
    conn: Connection, identity: str, partitions: int, ends: Mapping[int, int], secret: bytes
) -> Identity:
    """Remember the log at the first start; afterwards insist on it.

    `ends` are the log's ends; an offset beyond them means that the log was replaced or lost records. `secret` is
    used at the first start only. Raises WrongLog.
    """
    known = read_identity(conn)
    if known is None:
        conn.execute(insert(log_identity).values(one=1, identity=identity, partitions=partitions, secret=secret))
        return Identity(identity, partitions, secret)
    if known.identity != identity:
        raise WrongLog(
            f"the database was measured from log {known.identity}, this is log {identity}: put the log back that "
            "belongs to the database, or start with an empty database (`cxwatch replay` rebuilds it from a log)"
        )
    if known.partitions != partitions:
        raise WrongLog(
            f"the log has {partitions} partitions, the database was measured with {known.partitions}: customers "
            "would change partitions; go back to that number, or run `cxwatch migrate --repartition`"
        )
    for partition, offset in next_offsets(conn).items():
        if offset > ends.get(partition, 0):
            raise WrongLog(
                f"the database has measured partition {partition} up to offset {offset}, the log ends at "
                f"{ends.get(partition, 0)}: records are gone from the log; restore the log, or start with an "
                "empty database and `cxwatch replay`"
            )
    return known
