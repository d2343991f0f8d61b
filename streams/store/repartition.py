"""Moving what is known of customers to the partitions where their events come from now on.

A topic with more partitions puts most keys elsewhere. Journeys, and answers that a revision may still replace, follow
their customer; hashes that dedupe interactions are copied to every partition that theirs may come through now. Panes
stay: they are summed over partitions.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from aiokafka.partitioner import murmur2
from sqlalchemy import Connection, bindparam, insert, select, update

from streams.measure.erased import TOKEN_PREFIX
from streams.store.tables import customers, feedback, interaction_hashes, log_identity

STEP = 1_000  # customers moved a statement


def place(key: bytes, partition: int, before: int, after: int) -> int:
    """Where a key of this partition goes when their number changes.

    By the partitioner that had put it there: murmur2 (Java, aiokafka, cxwatch) or CRC32 (librdkafka's default).
    One that neither explains stays.
    """
    for hashed in (murmur2(key) & 0x7FFFFFFF, zlib.crc32(key)):
        if hashed % before == partition:
            return hashed % after
    return partition


def targets(partition: int, before: int, after: int) -> list[int]:
    """The other partitions that keys of this one may go to."""
    every = range(after)
    return [p for p in every if p != partition and (after % before != 0 or p % before == partition)]


def move_customers(conn: Connection, before: int, after: int) -> int:
    """Give every customer the partition of the new number; how many moved. In the caller's transaction."""
    moved = 0
    for rows in _moving(conn, before, after):
        for table in (customers, feedback):
            c = table.c
            conn.execute(
                update(table)
                .where(c.customer == bindparam("who"), c.partition == bindparam("old"))
                .values(partition=bindparam("new")),
                rows,
            )
        moved += len(rows)
    return moved


def _moving(conn: Connection, before: int, after: int) -> Iterator[list[dict[str, object]]]:
    """Customers by key, so that those that were moved already are not met again."""
    c = customers.c
    last = ""
    while True:
        keys = list(
            conn.scalars(select(c.customer).where(c.customer > last).distinct().order_by(c.customer).limit(STEP))
        )
        if not keys:
            return
        last = keys[-1]
        found: dict[str, set[int]] = {}
        for who, partition in conn.execute(select(c.customer, c.partition).where(c.customer.in_(keys))):
            found.setdefault(who, set()).add(partition)
        rows: list[dict[str, object]] = []
        for who, taken in found.items():
            if who.startswith(TOKEN_PREFIX):
                continue  # stands for somebody whose key, and so whose partition, is forgotten
            for old in sorted(taken):
                new = place(who.encode(), old, before, after)
                if new not in taken:  # two journeys of one customer are not made one
                    rows.append({"who": who, "old": old, "new": new})
                    taken.add(new)
        if rows:
            yield rows


def copy_hashes(conn: Connection, before: int, after: int) -> None:
    """Let the new partitions know the interactions of the last hours, too. In the caller's transaction."""
    c = interaction_hashes.c
    stored = conn.execute(select(c.partition, c.bucket, c.seq, c.hashes)).all()
    for partition, bucket, seq, hashes in stored:
        copies = [
            # Below every number of a commit, and another one for each partition that it comes from.
            {"partition": p, "bucket": bucket, "seq": -(seq * before + partition) - 1, "hashes": hashes}
            for p in targets(partition, before, after)
        ]
        if copies:
            conn.execute(insert(interaction_hashes), copies)


def set_partitions(conn: Connection, after: int) -> None:
    """From now on the log has so many."""
    conn.execute(update(log_identity).values(partitions=after))
