"""What became of the records of one import, wherever they were measured."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from streams.store.tables import imports


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """Records measured so far. `history` is part of `accepted`."""

    accepted: int
    duplicate: int
    refused: int
    history: int

    @property
    def measured(self) -> int:
        """How many of the import's records have been read from the log."""
        return self.accepted + self.duplicate + self.refused


def counts(conn: Connection, origin: str) -> ImportCounts:
    """Counts of one origin (the name that was handed to `Log.append`), zeros before its first record."""
    c = imports.c
    row = conn.execute(
        select(func.sum(c.accepted), func.sum(c.duplicate), func.sum(c.refused), func.sum(c.history)).where(
            c.origin == origin
        )
    ).one()
    return ImportCounts(*(int(value or 0) for value in row))
