"""Answers, one row each: what dedupes them, what a revision replaces, what stories are told from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from streams.store.bulk import write_rows
from streams.store.dialect import among, in_parts
from streams.store.tables import feedback


class FeedbackRow(NamedTuple):
    """One answer, as table `feedback` holds it (its columns, in order)."""

    key: bytes
    source: str
    id: str
    partition: int
    time_ms: int
    customer: str | None
    channel: str
    stage: str
    metric: str
    survey_kind: str
    survey: str | None
    score: int
    bad: bool
    revision: int
    comment: str | None
    reasons: str
    attributes: str
    live: bool


def key_of(source: str, event_id: str) -> bytes:
    """Primary key of an answer: a digest of (source, id), so that one short column finds it."""
    return hashlib.blake2b(f"{len(source)}:{source}{event_id}".encode(), digest_size=16).digest()


def _key(row: FeedbackRow) -> bytes:
    return row.key


def load_feedback(conn: Connection, keys: Sequence[bytes]) -> dict[bytes, FeedbackRow]:
    """The stored answers among these keys, over all partitions."""
    found: dict[bytes, FeedbackRow] = {}
    for part in in_parts(conn, keys):
        for row in conn.execute(select(feedback).where(among(conn, feedback.c.key, part))):
            found[row.key] = FeedbackRow(*row)
    return found


def add_feedback(conn: Connection, rows: Sequence[FeedbackRow]) -> int:
    """Insert answers that nobody stored yet; how many were new."""
    # By key, so that two workers that store the same answers cannot wait for each other.
    ordered = sorted(rows, key=_key)
    return write_rows(conn, feedback, ordered, replace=False)


def replace_feedback(conn: Connection, rows: Sequence[FeedbackRow], revisions: Sequence[int]) -> int:
    """Overwrite answers that still hold the given revisions; how many did."""
    if not rows:
        return 0
    names = [name for name in FeedbackRow._fields if name != "key"]
    statement = (
        update(feedback)
        .where(feedback.c.key == bindparam("b_key"), feedback.c.revision == bindparam("b_revision"))
        .values({name: bindparam(f"b_new_{name}") for name in names})
    )
    values = [
        {"b_key": row.key, "b_revision": revision, **{f"b_new_{name}": getattr(row, name) for name in names}}
        for row, revision in sorted(zip(rows, revisions, strict=True), key=lambda pair: pair[0].key)
    ]
    return conn.execute(statement, values).rowcount
