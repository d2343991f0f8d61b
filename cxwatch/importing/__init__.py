"""`cxwatch ingest`: files into the embedded log or to a server, each row once however often it is run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cxwatch.backtest import Timed
from cxwatch.errors import CannotStart
from cxwatch.importing.local import import_files
from cxwatch.importing.records import Progress, RefusedRow, Summary
from cxwatch.importing.remote import send_files
from streams.clock import Clock
from streams.decode import Decoder
from streams.events import Refused
from streams.files.mapping import Mapping
from streams.files.reader import UnreadableFile, read_rows

__all__ = ["Progress", "RefusedRow", "Summary", "import_files", "read_timed", "send_files"]


def read_timed(
    files: Sequence[Path], mapping: Mapping, decoder: Decoder, clock: Clock
) -> tuple[list[Timed], list[RefusedRow]]:
    """All events of some files in order of time, and the rows that are none. Everything is kept in memory.

    Raises CannotStart where a file cannot be read.
    """
    events: list[Timed] = []
    refused: list[RefusedRow] = []
    for path in files:
        try:
            for row in read_rows(path, mapping, decoder, clock.now_ms()):
                if isinstance(row.event, Refused):
                    refused.append(RefusedRow.of(path, row.number, row.event))
                else:
                    events.append(Timed(row.event.time_ms, row.raw))
        except UnreadableFile as error:
            raise CannotStart(str(error)) from error
    events.sort(key=lambda event: event.time_ms)
    return events, refused
