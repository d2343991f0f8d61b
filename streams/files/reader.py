"""Reads a file of events row by row, whatever its format; memory does not grow with the file.

CSV with a header (or with ; tab | between its cells), or JSON lines, each plain or gzip. Told apart by the end of the
file's name (.csv .tsv .jsonl .ndjson .json, each also with .gz), or else by the first character.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from streams.decode import Decoder
from streams.files.errors import UnreadableFile
from streams.files.lines import read_lines
from streams.files.mapping import Mapping
from streams.files.opening import kind_of, opened
from streams.files.rows import Row
from streams.files.tables import read_table

__all__ = ["Row", "UnreadableFile", "read_rows"]


def read_rows(path: Path, mapping: Mapping, decoder: Decoder, now_ms: int) -> Generator[Row, None, None]:
    """All rows in order, bad ones as Refused. Raises UnreadableFile, at the first row or where the file is damaged.

    The file is open until the last row was taken, or until the generator is closed.
    """
    with opened(path) as file:
        read = read_table if kind_of(file) == "table" else read_lines
        yield from read(file, mapping, decoder, now_ms)
