"""What a file yields."""

from __future__ import annotations

from typing import NamedTuple

from streams.events import Event, Refused

WHOLE_ROW = "row"  # the field named where a row as a whole is wrong


class Row(NamedTuple):
    """One row of a file, read and judged.

    `number` counts from 1: data rows of a table, lines of JSON lines. `raw` is the JSON that the log holds; of a
    refused row what can be tried again. `position` is how many bytes of the file have been read by then.
    `ambiguous`: a local time that occurs twice or never, read as the earlier offset.
    """

    number: int
    event: Event | Refused
    raw: bytes
    position: int
    ambiguous: bool
