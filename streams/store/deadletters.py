"""Bad input, kept with its reason: nothing is lost silently, and the number kept is bounded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, update

from streams.store.dialect import plain_insert
from streams.store.tables import dead_letters

RAW_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused record and why. `origin` says where it came from: "http", "file NAME", "log"."""

    origin: str
    field: str
    value: str
    rule: str
    raw: bytes

    @property
    def letter_id(self) -> str:
        """The same for the same record refused for the same reason, so that a retry is not kept twice."""
        digest = hashlib.blake2b(digest_size=12)
        for part in (self.field.encode(), self.rule.encode(), self.raw):
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A dead letter as it is kept."""

    letter_id: str
    origin: str
    field: str
    value: str
    rule: str
    raw: bytes
    complete: bool
    times: int
    first_ms: int
    last_ms: int
    state: str


def keep(conn: Connection, letters: Iterable[DeadLetter], now_ms: int, keep_max: int = 10_000) -> None:
    """Keep refused records. One that is there already only counts up; beyond `keep_max` the oldest go."""
    rows: dict[str, dict[str, object]] = {}
    for letter in letters:
        row = rows.get(letter.letter_id)
        if row is not None:
            row["times"] = int(str(row["times"])) + 1
            continue
        rows[letter.letter_id] = {
            "letter_id": letter.letter_id,
            "origin": letter.origin[:128],
            "field": letter.field[:64],
            "value": letter.value.replace("\x00", "\\u0000")[:256],  # PostgreSQL has no text with this character
            "rule": letter.rule[:1000],
            "raw": letter.raw[:RAW_BYTES_MAX],
            "complete": len(letter.raw) <= RAW_BYTES_MAX,
            "times": 1,
            "first_ms": now_ms,
            "last_ms": now_ms,
            "state": "kept",
        }
    if not rows:
        return
    insert = plain_insert(conn, dead_letters)
    statement = insert.on_conflict_do_update(
        index_elements=["letter_id"],
        set_={
            "times": dead_letters.c.times + insert.excluded.times,
            "last_ms": insert.excluded.last_ms,
            "state": "kept",
        },
    )
    conn.execute(statement, list(rows.values()))
    _trim(conn, keep_max)


def _trim(conn: Connection, keep_max: int) -> None:
    surplus = count(conn) - keep_max
    if surplus <= 0:
        return
    oldest = select(dead_letters.c.letter_id).order_by(dead_letters.c.last_ms, dead_letters.c.letter_id).limit(surplus)
    conn.execute(delete(dead_letters).where(dead_letters.c.letter_id.in_(oldest)))


def count(conn: Connection, state: str | None = None) -> int:
    """How many letters are kept."""
    query = select(func.count()).select_from(dead_letters)
    if state is not None:
        query = query.where(dead_letters.c.state == state)
    return int(conn.execute(query).scalar_one())


def read(conn: Connection, limit: int = 100, state: str | None = "kept") -> list[KeptLetter]:
    """Kept letters, newest first."""
    query = select(dead_letters).order_by(dead_letters.c.last_ms.desc(), dead_letters.c.letter_id).limit(limit)
    if state is not None:
        query = query.where(dead_letters.c.state == state)
    return [KeptLetter(**row._mapping) for row in conn.execute(query)]


def mark_retried(conn: Connection, letter_ids: Sequence[str]) -> None:
    """Say that these were appended to the log again; if refused again they come back as kept."""
    conn.execute(update(dead_letters).where(dead_letters.c.letter_id.in_(letter_ids)).values(state="retried"))
