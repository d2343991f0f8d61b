"""A file's rows in batches, from where an earlier run stopped."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from cxwatch.errors import CannotStart
from streams.decode import Decoder
from streams.files.digest import file_digest
from streams.files.mapping import Mapping
from streams.files.reader import Row, UnreadableFile, read_rows

ROWS = 2_000
BATCH_BYTES = 4 * 1024 * 1024


class Batch(NamedTuple):
    """Rows to hand over. `skipped` of the rows before them were handed over by an earlier run."""

    rows: list[Row]
    skipped: int
    done: int  # rows of the file up to the end of this batch, the skipped ones included
    position: int  # bytes read


def ledger_key(path: Path, mapping: Mapping, destination: str) -> str:
    """Names one import: the same content, read in the same way, to the same place. Raises CannotStart."""
    try:
        content = file_digest(path)
    except UnreadableFile as error:
        raise CannotStart(str(error)) from error
    parts = (content.encode(), mapping.fingerprint, destination.encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def size_of(path: Path) -> int:
    """Bytes of a file, for progress."""
    return path.stat().st_size


async def batches(path: Path, mapping: Mapping, decoder: Decoder, now_ms: int, done: int) -> AsyncIterator[Batch]:
    """The rows after the first `done`, read in a thread. Ends with a batch without rows if all were done before.

    Raises CannotStart where the file cannot be read.
    """
    rows = read_rows(path, mapping, decoder, now_ms)
    try:
        skipped, position = await asyncio.to_thread(_skip, rows, done)
        count = skipped
        if skipped:
            yield Batch([], skipped, count, position)
        while batch := await asyncio.to_thread(_take, rows):
            count += len(batch)
            yield Batch(batch, 0, count, batch[-1].position)
    except UnreadableFile as error:
        raise CannotStart(str(error)) from error
    finally:
        rows.close()


def _skip(rows: Iterator[Row], done: int) -> tuple[int, int]:
    skipped = position = 0
    for row in islice(rows, done):
        skipped, position = skipped + 1, row.position
    return skipped, position


def _take(rows: Iterator[Row]) -> list[Row]:
    taken: list[Row] = []
    size = 0
    for row in rows:
        taken.append(row)
        size += len(row.raw)
        if len(taken) >= ROWS or size >= BATCH_BYTES:
            break
    return taken
