"""Batches as rows: packing them, and reading a stretch of a partition back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from streams.logs.protocol import TOPIC, Packed

BATCH_RECORDS_MAX = 5_000  # of one row, and of one read
BATCH_BYTES_MAX = 4 * 1024 * 1024

pack = msgspec.msgpack.Encoder().encode
unpack = msgspec.msgpack.Decoder(list[bytes]).decode

_ROWS = """
SELECT first_offset, append_ms, origin, records FROM batches
WHERE partition = :partition AND first_offset >= coalesce(
    (SELECT max(first_offset) FROM batches WHERE partition = :partition AND first_offset <= :start), :start)
AND last_offset >= :start ORDER BY first_offset
"""


def pieces(values: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Cut an append into rows of bounded size; a record larger than the bound has a row of its own."""
    if len(values) <= BATCH_RECORDS_MAX and sum(map(len, values)) <= BATCH_BYTES_MAX:
        return [values]
    cut: list[Sequence[bytes]] = []
    begun, size = 0, 0
    for i, value in enumerate(values):
        if i > begun and (i - begun >= BATCH_RECORDS_MAX or size + len(value) > BATCH_BYTES_MAX):
            cut.append(values[begun:i])
            begun, size = i, 0
        size += len(value)
    cut.append(values[begun:])
    return cut


def read_batch(conn: sqlite3.Connection, partition: int, start: int, limit: int, bytes_max: int) -> Packed:
    """Records from `start` on: whole rows while they fit into both bounds, of the first row as many as `limit`."""
    # The end is read before the rows: what is below it and not found was dropped by retention, not appended since.
    (head,) = conn.execute("SELECT next_offset FROM heads WHERE partition = ?", (partition,)).fetchone()
    offsets: list[int] = []
    values: list[bytes] = []
    append_ms: list[int] = []
    origins: list[str | None] = []
    size = 0
    rows = conn.execute(_ROWS, {"partition": partition, "start": start})
    for first, at_ms, origin, blob in rows:
        found = unpack(blob)
        skipped = max(start - first, 0)
        if values and (len(values) + len(found) > limit or size + len(blob) > bytes_max):
            break
        size += len(blob)
        found = found[skipped : skipped + limit]
        values += found
        offsets += range(first + skipped, first + skipped + len(found))
        append_ms += [at_ms] * len(found)
        origins += [origin] * len(found)
    rows.close()
    end = offsets[-1] + 1 if offsets else max(start, head)
    dense = bool(offsets) and end - offsets[0] == len(offsets)
    at: range | list[int] = range(offsets[0], end) if dense else offsets
    return Packed(TOPIC, partition, start, end, at, values, append_ms, origins)
