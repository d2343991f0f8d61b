"""A file's rows in batches, from where an earlier run stopped."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cxwatch.errors import CannotStart
from streams.decode import Decoder
from streams.events import Refused
from streams.files.digest import file_digest
from streams.files.mapping import Mapping
from streams.files.reader import Row, UnreadableFile, read_rows
from streams.store.deadletters import DeadLetter

ROWS = 2_000
BATCH_BYTES = 4 * 1024 * 1024


class Batch(NamedTuple):
    """Rows to hand over, after `skipped` rows that an earlier run has handed over."""

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


def letters_of(path: Path, rows: Sequence[Row]) -> list[DeadLetter]:
    """Those of the rows that were refused, as they are kept."""
    return [
        DeadLetter(f"file {path.name}", row.event.field, row.event.value, row.event.rule, row.raw)
        for row in rows
        if isinstance(row.event, Refused)
    ]


async def batches(path: Path, mapping: Mapping, decoder: Decoder, now_ms: int, done: int) -> AsyncIterator[Batch]:
    """The rows of a file, read in a thread; of the first `done` only how many there were.

    Raises CannotStart where the file cannot be read.
    """
    rows = read_rows(path, mapping, decoder, now_ms)
    count = 0
    try:
        while batch := await _to_the_end(_take, rows):
            skipped = min(len(batch), max(0, done - count))
            count += len(batch)
            yield Batch(batch[skipped:], skipped, count, batch[-1].position)
    except UnreadableFile as error:
        raise CannotStart(str(error)) from error
    finally:
        rows.close()


async def _to_the_end(take: Callable[[Iterator[Row]], list[Row]], rows: Iterator[Row]) -> list[Row]:
    """Read in a thread, to its end also when this is cancelled: a file cannot be closed while it is being read."""
    reading = asyncio.get_running_loop().run_in_executor(None, take, rows)
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        await asyncio.wait([reading])
        raise


def _take(rows: Iterator[Row]) -> list[Row]:
    taken: list[Row] = []
    size = 0
    for row in rows:
        taken.append(row)
        size += len(row.raw)
        if len(taken) >= ROWS or size >= BATCH_BYTES:
            break
    return taken
