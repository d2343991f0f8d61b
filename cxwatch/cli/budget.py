"""`cxwatch budget`: how often alerts would be false, and what would be noticed, on streams like this company's own."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from cxwatch.backtest import Rules
from cxwatch.backtest_report import read_marks
from cxwatch.budget.past import Past, past_of_database, past_of_events
from cxwatch.budget.report import COLUMNS, place_rows, summary_row
from cxwatch.budget.simulate import Plan, simulate
from cxwatch.cli.logs import only_warnings
from cxwatch.cli.output import Output
from cxwatch.cli.shared import FAILED, DateOnly, Json, Maps, Sets, Usage, Zone, finish, mapping_of, settings_of
from cxwatch.cli.streams import read_stream
from cxwatch.database import open_existing
from cxwatch.settings import Settings

SECONDS_MAX = 24 * 3_600
WEEKS_MAX = 5_000


def add_to(app: typer.Typer) -> None:
    """Put this command on the command line."""
    app.command()(budget)


def budget(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE...]", help="A recorded stream; without one, what was measured.", show_default=False
        ),
    ] = None,
    marks: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With files: stretches that were quiet, or were not.")
    ] = None,
    weeks: Annotated[int, typer.Option(min=1, max=WEEKS_MAX, help="Calm weeks to simulate, and as many again.")] = 52,
    seconds: Annotated[int, typer.Option(min=1, max=SECONDS_MAX, help="Stop after so long.")] = 120,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other weeks.")] = 1,
    maps: Maps = None,
    sets: Sets = None,
    timezone: Zone = None,
    date_only: DateOnly = False,
    json: Json = False,
) -> None:
    """Say how often alerts would be false on streams like your own, and what would be noticed, before switching on.

    Your quiet days are drawn again and again; half of the weeks stay as they are, into the others spikes of a day are
    put. What is noticed is judged place by place. The history comes from the database, without days in which an
    incident was open, or from files; there marks are CSV or JSON lines as in cxwatch backtest.
    """
    output = Output(json)
    only_warnings()
    settings = settings_of(context)
    if files:
        mapping = mapping_of(maps, sets, timezone, date_only)
        measure, events = read_stream(settings, files, mapping, output)
        rules = Rules(measure, settings.detection, settings.alerts)
        output.hint(f"measuring {len(events):,} events ...")
        past = finish(past_of_events(events, rules, read_marks(marks) if marks is not None else ()))
    elif marks is not None or maps or sets or timezone or date_only:
        raise Usage("--marks and mapping options belong to files: name one, or leave them out")
    else:
        past = _measured_past(settings)
    if not past.usual:
        raise Usage("no place has enough events on its quiet days to have a usual")
    until = monotonic() + seconds
    with output.progress() as bar:
        task = bar.add_task("simulating", total=1.0)

        def go_on(done: float) -> bool:
            bar.update(task, completed=done)
            return monotonic() < until

        result = simulate(past.days, past.usual, settings.detection, settings.alerts, Plan(weeks, seed, go_on))
    rows, summary = place_rows(past, result), summary_row(past, result, settings.detection, seed)
    for row in rows:
        output.row(row)
    output.row(summary)
    output.table(COLUMNS, [row.cells() for row in rows])
    for line in summary.lines():
        output.say(line) if not json else output.hint(line)
    if summary.low is not None and summary.low > summary.promised:
        raise typer.Exit(FAILED)


def _measured_past(settings: Settings) -> Past:
    engine = open_existing(settings)
    try:
        with engine.connect() as conn:
            return past_of_database(conn)
    finally:
        engine.dispose()
