"""Hashes of interactions measured lately: what dedupes them over restarts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from streams.store.tables import interaction_hashes

_c = interaction_hashes.c
_THIS = _c.partition == bindparam("this")
_LOAD = select(_c.bucket, _c.hashes).where(_THIS).order_by(_c.bucket, _c.seq)  # statements are built once
_DROP = delete(interaction_hashes).where(_THIS, _c.bucket < bindparam("before"))


def load_hashes(conn: Connection, partition: int) -> list[tuple[int, bytes]]:
    """(hour of append time, packed hashes) in the order written."""
    return [(bucket, hashes) for bucket, hashes in conn.execute(_LOAD, {"this": partition})]


def add_hashes(conn: Connection, partition: int, seq: int, rows: Sequence[tuple[int, bytes]]) -> None:
    """Store what a commit has seen for the first time."""
    if rows:
        conn.execute(
            insert(interaction_hashes),
            [{"partition": partition, "bucket": b, "seq": seq, "hashes": hashes} for b, hashes in rows],
        )


def drop_hashes(conn: Connection, partition: int, before_bucket: int) -> None:
    """Delete hashes of hours before this one."""
    conn.execute(_DROP, {"this": partition, "before": before_bucket})
