"""What an import tells while it runs and at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from streams.events import Refused


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is. While "measuring", `rows` counts the rows measured, and the bytes stand still."""

    file: str  # as it was named
    bytes_done: int
    bytes_all: int
    rows: int
    phase: Literal["reading", "measuring"]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row that was not taken, and why. `row` counts data rows of a CSV file, lines of JSON lines, from 1."""

    file: str  # as it was named
    row: int
    field: str
    value: str
    rule: str

    @classmethod
    def of(cls, file: Path, row: int, why: Refused) -> Self:
        """A row of a file, refused by the decoder."""
        return cls(str(file), row, why.field, why.value, why.rule)


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of all rows.

    `history` is part of `accepted`; `ambiguous` local times were read as the earlier offset. Rows that an earlier run
    took are skipped and count as `duplicate`.
    """

    accepted: int = 0
    duplicate: int = 0
    refused: int = 0
    history: int = 0
    ambiguous: int = 0


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears of an import while it runs."""

    progress: Callable[[Progress], None]
    refused: Callable[[RefusedRow], None]
