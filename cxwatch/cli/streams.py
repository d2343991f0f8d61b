"""A recorded stream from files, for the commands that judge one: backtest and budget."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cxwatch.backtest import Timed
from cxwatch.cli.output import Output
from cxwatch.cli.shared import Usage, files_of, with_names_of
from cxwatch.importing import read_timed
from cxwatch.settings import Settings
from streams.clock import SystemClock
from streams.decode import Decoder
from streams.files.mapping import Mapping
from streams.settings import MeasureSettings


def read_stream(
    settings: Settings, files: Sequence[Path], mapping: Mapping, output: Output
) -> tuple[MeasureSettings, list[Timed]]:
    """All events of the files by time, and the measuring settings with the names found in them.

    Raises Usage where none can be read; says how many rows were refused.
    """
    paths = files_of(list(files))
    measure = with_names_of(settings, paths, mapping, output)
    output.hint("reading ...")
    events, refused = read_timed(paths, mapping, Decoder(measure), SystemClock())
    if not events:
        raise Usage("there is no event that can be read in these files: see --map and --set in cxwatch ingest --help")
    if refused:
        first = refused[0]
        output.hint(f"{len(refused)} rows refused, first: row {first.row}, {first.field} {first.rule}")
    return measure, events
