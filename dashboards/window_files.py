"""Windows as files: CSV that no spreadsheet takes for a formula, and Parquet for warehouses."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from dashboards.window_rows import WindowRow

COLUMNS = (
    "window",
    "start",
    "end",
    "final",
    "channel",
    "stage",
    "metric",
    "survey_kind",
    "n",
    "score",
    "low",
    "high",
    "counts",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a text begins that a spreadsheet would run
CHUNK = 1_000  # rows in memory


class NoParquet(Exception):
    """Parquet needs a package that is not installed; the text says which."""


def csv_text(rows: Iterable[WindowRow], *, head: bool = True) -> str:
    """Rows as CSV (RFC 4180, UTF-8); an empty channel or stage is all of them, an empty score means too few answers."""
    out = io.StringIO()
    writer = csv.writer(out)
    if head:
        writer.writerow(COLUMNS)
    writer.writerows(_cells(row) for row in rows)
    return out.getvalue()


def _cells(row: WindowRow) -> list[object]:
    values = record(row)
    return [_safe(values[name]) for name in COLUMNS]


def _safe(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value


def record(row: WindowRow) -> dict[str, Any]:
    """A row as one flat record; counts are a JSON object of score points."""
    values = {name: getattr(row, name) for name in COLUMNS if name not in ("channel", "stage", "counts")}
    counts = msgspec.json.encode(row.counts).decode()
    return {**values, "channel": row.segment.channel, "stage": row.segment.stage, "counts": counts}


def write_csv(path: Path, rows: Iterable[WindowRow]) -> int:
    """Write a file; how many rows."""
    written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(csv_text(()))
        for chunk in _chunks(rows):
            file.write(csv_text(chunk, head=False))
            written += len(chunk)
    return written


def parquet_bytes(rows: Iterable[WindowRow]) -> bytes:
    """Rows as a Parquet file in memory. Raises NoParquet without pyarrow."""
    out = io.BytesIO()
    write_parquet(out, rows)
    return out.getvalue()


def write_parquet(to: Path | BinaryIO, rows: Iterable[WindowRow]) -> int:
    """Write a file; how many rows. Raises NoParquet without pyarrow."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise NoParquet("Parquet needs pyarrow: pip install 'cxwatch[parquet]', or write a .csv file") from error
    text, real = pyarrow.string(), pyarrow.float64()
    kinds = {"final": pyarrow.bool_(), "n": pyarrow.int64(), "score": real, "low": real, "high": real}
    moment = pyarrow.timestamp("ms", tz="UTC")
    kinds |= {"start": moment, "end": moment}
    schema = pyarrow.schema([(name, kinds.get(name, text)) for name in COLUMNS])
    written = 0
    with parquet.ParquetWriter(to, schema) as writer:
        for chunk in _chunks(rows):
            records = [{**record(row), "start": _ms(row.start), "end": _ms(row.end)} for row in chunk]
            writer.write_table(pyarrow.Table.from_pylist(records, schema=schema))
            written += len(chunk)
    return written


def _ms(text: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(text).timestamp() * 1_000)


def _chunks(rows: Iterable[WindowRow]) -> Iterator[list[WindowRow]]:
    coming = iter(rows)
    while chunk := list(islice(coming, CHUNK)):
        yield chunk
