"""Hashes of interactions measured lately: what dedupes them over restarts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from streams.store.tables import interaction_hashes


def load_hashes(conn: Connection, partition: int) -> list[tuple[int, bytes]]:
    """(hour of append time, packed hashes) in the order written."""
    c = interaction_hashes.c
    query = select(c.bucket, c.hashes).where(c.partition == partition).order_by(c.bucket, c.seq)
    return [(bucket, hashes) for bucket, hashes in conn.execute(query)]


def add_hashes(conn: Connection, partition: int, seq: int, rows: Sequence[tuple[int, bytes]]) -> None:
    """Store what a commit has seen for the first time."""
    if rows:
        conn.execute(
            insert(interaction_hashes),
            [{"partition": partition, "bucket": b, "seq": seq, "hashes": hashes} for b, hashes in rows],
        )


def drop_hashes(conn: Connection, partition: int, before_bucket: int) -> None:
    """Delete hashes of hours before this one."""
    c = interaction_hashes.c
    conn.execute(delete(interaction_hashes).where(c.partition == partition, c.bucket < before_bucket))
