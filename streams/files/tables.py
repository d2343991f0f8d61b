"""Tables (CSV and its kin) as rows: quoted line breaks, any of four delimiters, memory bounded by one row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from streams.cells import is_field, json_of
from streams.decode import Decoder
from streams.events import Event, Refused, refused
from streams.files.errors import UnreadableFile
from streams.files.mapping import Mapping
from streams.files.opening import Opened
from streams.files.plan import Plan, plan
from streams.files.rows import WHOLE_ROW, Row

DELIMITERS = (",", ";", "\t", "|")
ROW_CHARS_MAX = 1024 * 1024


class _TooLong(Exception):
    """A row beyond ROW_CHARS_MAX; the rest of its last line has been skipped."""


class _Lines:
    """The file's lines as csv.reader wants them, bounded: a quote that is never closed must not eat the file."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._left = ROW_CHARS_MAX
        self.ended = False

    def begin_row(self) -> None:
        self._left = ROW_CHARS_MAX

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(self._left + 1)
        if not line:
            self.ended = True
            raise StopIteration
        self._left -= len(line)
        if self._left < 0:
            while line and not line.endswith(("\n", "\r")):
                line = self._text.readline(ROW_CHARS_MAX)
            raise _TooLong
        return line


def read_table(file: Opened, mapping: Mapping, decoder: Decoder, now_ms: int) -> Iterator[Row]:
    """The rows of a table. Raises UnreadableFile when its header is missing or does not fit the mapping."""
    delimiter = _delimiter(file, mapping)
    records = _records(_Lines(_text(file.body)), delimiter)
    header = next(records, None)
    if header is None or isinstance(header, Refused):
        raise UnreadableFile(file.path, "has no header", "its first line must name the columns")
    planned = plan(file.path, header, mapping)
    for number, record in enumerate(records, 1):
        if isinstance(record, Refused):
            yield Row(number, record, b"", file.position, ambiguous=False)
        elif len(record) != planned.width:
            yield Row(number, _misfit(record, planned), _as_it_was(record), file.position, ambiguous=False)
        else:
            event, raw, ambiguous = _read(planned, record, decoder, now_ms)
            yield Row(number, event, raw, file.position, ambiguous)


def _read(planned: Plan, cells: Sequence[str], decoder: Decoder, now_ms: int) -> tuple[Event | Refused, bytes, bool]:
    """The event that a row is, or why it is none; its JSON; whether a local time in it is ambiguous."""
    found = planned.fields_of(cells)
    ambiguous = planned.set_times(found)
    raw = json_of(found)
    if isinstance(raw, Refused):
        return raw, _as_it_was(found), False
    if isinstance(ambiguous, Refused):
        return ambiguous, raw, False
    event = decoder.decode(raw, now_ms)
    return event, raw, ambiguous and not isinstance(event, Refused)


def _records(lines: _Lines, delimiter: str) -> Iterator[list[str] | Refused]:
    """Cells of each row that is not blank; a row that cannot be told apart comes as Refused, and reading goes on."""
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _TooLong:
            yield refused(WHOLE_ROW, "", f"must be shorter than {ROW_CHARS_MAX:,} characters; is a quote not closed?")
        except csv.Error:
            most = csv.field_size_limit()
            yield refused(WHOLE_ROW, "", f"must have cells of at most {most:,} characters; is a quote not closed?")
        else:
            if lines.ended:  # csv hands over what it has when the file ends inside quotes
                yield refused(WHOLE_ROW, cells[0] if cells else "", "must close the quotes that it opens")
            elif cells:
                yield cells


def _delimiter(file: Opened, mapping: Mapping) -> str:
    """The one that makes most of the header's cells names that we read, then the one that makes most cells."""
    head = file.head()
    choices = ("\t", *DELIMITERS) if file.suffix() == ".tsv" else DELIMITERS

    def found(delimiter: str) -> tuple[int, int]:
        header = next(_records(_Lines(_text(io.BytesIO(head))), delimiter), None)
        if header is None or isinstance(header, Refused):
            return 0, 0
        names = [cell.strip() for cell in header]
        return sum(name in mapping.columns or is_field(name) for name in names), len(names)

    return max(choices, key=found)


def _text(body: io.BufferedReader[Any] | io.BytesIO) -> io.TextIOWrapper:
    # Bytes that are not UTF-8 become lone surrogates: no harm in a column nobody reads, refused in any other.
    return io.TextIOWrapper(body, "utf-8-sig", errors="surrogateescape", newline="")


def _misfit(record: Sequence[str], planned: Plan) -> Refused:
    shown = ", ".join(record)
    return refused(WHOLE_ROW, shown, f"must have {planned.width} cells as the header has, but has {len(record)}")


def _as_it_was(found: Sequence[str] | dict[str, str]) -> bytes:
    """JSON with the bytes that are not UTF-8 in their places, so that a second try is refused for the same reason."""
    return json.dumps(found, ensure_ascii=False).encode("utf-8", "surrogateescape")
