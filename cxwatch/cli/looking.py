"""`cxwatch windows` and `backtest`: read without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cxwatch.backtest import Rules, play_stream
from cxwatch.backtest_compare import COLUMNS
from cxwatch.backtest_compare import compare as side_by_side
from cxwatch.backtest_html import page
from cxwatch.backtest_report import AlertRow, alert_row, read_marks, summary_row
from cxwatch.cli.logs import only_warnings
from cxwatch.cli.output import Output
from cxwatch.cli.shared import (
    DateOnly,
    Files,
    Json,
    Maps,
    Sets,
    Usage,
    Zone,
    finish,
    mapping_of,
    settings_of,
)
from cxwatch.cli.streams import read_stream
from cxwatch.clocks import clock_of
from cxwatch.database import open_existing
from cxwatch.decide.rounds import read_closed_to
from cxwatch.errors import CannotStart
from cxwatch.settings import Settings
from dashboards.problems import BadParameter
from dashboards.window_files import NoParquet, write_csv, write_parquet
from dashboards.window_filter import Filter, read_filter
from dashboards.window_history import Span, every_row, read_span
from dashboards.window_rows import WindowRow, position, window_row
from streams.store.windows import read_windows

WRITERS = {".csv": write_csv, ".parquet": write_parquet}


def add_to(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command()(windows)
    app.command()(backtest)


def windows(
    context: typer.Context,
    window: Annotated[str | None, typer.Option(help="15m, 1h, 24h or 7d.")] = None,
    metric: Annotated[str | None, typer.Option(help="nps, csat, ces, stars, thumbs.")] = None,
    channel: Annotated[str | None, typer.Option(help="One channel and its stages.")] = None,
    stage: Annotated[str | None, typer.Option(help="One stage and its channels.")] = None,
    survey_kind: Annotated[str | None, typer.Option("--survey-kind", help="hot or cold.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Past windows that end after this time, side by side.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="TIME", help="The last end; without it, now.")] = None,
    file: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write a .csv or .parquet file (with --from).")
    ] = None,
    json: Json = False,
) -> None:
    """Show windows: score, 95 % interval and n of every place; now, or with --from in the past."""
    output = Output(json)
    settings = settings_of(context)
    given = {
        "window": window,
        "metric": metric,
        "channel": channel,
        "stage": stage,
        "survey_kind": survey_kind,
        "from": since,
        "to": until,
    }
    query = {name: value for name, value in given.items() if value is not None}
    try:
        wanted = read_filter(query, settings.measure)
        span = read_span(query, wanted, settings.measure, clock_of(settings).now_ms())
    except BadParameter as error:
        allowed = "" if error.allowed is None else f": {', '.join(error.allowed)}"
        raise Usage(f"--{error.field.replace('_', '-')} {error.value} {error.detail}{allowed}") from error
    if span is not None:
        show_past(settings, span, wanted, file, output)
        return
    if file is not None:
        raise Usage("--output needs --from: the current windows can be printed with --json")
    engine = open_existing(settings)
    with engine.connect() as conn:
        found = read_windows(
            conn,
            clock_of(settings).now_ms(),
            min_n=settings.measure.min_n,
            closed_to=read_closed_to(conn),
            window=wanted.window,
            metric=metric,
        )
    engine.dispose()
    rows = [window_row(one) for one in sorted(found, key=position) if wanted.admits(one)]
    for row in rows:
        output.row(row)
    if not rows:
        output.hint("No answers in these windows: a quiet window is no data, not zero.")
    columns = ("window", "metric", "kind", "channel", "stage", "score", "95 %", "n")
    output.table(columns, [_window_cells(row) for row in rows], right=("score", "95 %", "n"))


def show_past(settings: Settings, span: Span, wanted: Filter, file: Path | None, output: Output) -> None:
    """All rows of a span, to a file or to the terminal, one window in memory at a time."""
    write = None if file is None else WRITERS.get(file.suffix.lower())
    if file is not None and write is None:
        raise Usage(f"--output {file.name} must end with {' or '.join(WRITERS)}")
    engine = open_existing(settings)
    try:
        with engine.connect() as conn:
            found = every_row(conn, span, wanted, min_n=settings.measure.min_n, closed_to=read_closed_to(conn))
            rows = map(window_row, found)
            if file is not None and write is not None:
                output.hint(f"{write(file, rows):,} rows in {file}")
                return
            for row in rows:
                output.row(row)
                if not output.json:
                    output.say(f"{row.end}  " + "  ".join(str(cell) for cell in _window_cells(row)))
    except NoParquet as error:
        raise CannotStart(str(error)) from error
    except OSError as error:
        raise CannotStart(f"{file} cannot be written ({error.strerror}): check the folder") from error
    finally:
        engine.dispose()


def _window_cells(row: WindowRow) -> tuple[object, ...]:
    place = (row.segment.channel or "all", row.segment.stage or "all")
    if row.score is None or row.low is None or row.high is None:
        return (row.window, row.metric, row.survey_kind, *place, "too few", "", row.n)
    interval = f"{row.low:.1f} .. {row.high:.1f}"
    return (row.window, row.metric, row.survey_kind, *place, f"{row.score:.1f}", interval, row.n)


def backtest(
    context: typer.Context,
    files: Files,
    marks: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Stretches you vouch for: start, end, channel, stage, kind.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Run each detector alone too, and put them side by side.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with the alerts on the stream.")
    ] = None,
    maps: Maps = None,
    sets: Sets = None,
    timezone: Zone = None,
    date_only: DateOnly = False,
    json: Json = False,
) -> None:
    """Say what would have been alerted on a recorded stream, by the code that runs live, in event time.

    Marks are CSV or JSON lines with start, end (RFC 3339), channel, stage (empty = any) and kind: quiet, event or
    ignore. They give the false alerts a week on quiet stretches and the delay of each event.
    """
    output = Output(json)
    only_warnings()
    settings = settings_of(context)
    known = read_marks(marks) if marks is not None else ()
    measure, events = read_stream(settings, files, mapping_of(maps, sets, timezone, date_only), output)
    output.hint(f"measuring {len(events):,} events ...")
    rules = Rules(measure, settings.detection, settings.alerts)
    found, days = finish(play_stream(events, rules))
    rows = [alert_row(incident) for incident in found]
    for row in rows:
        output.row(row)
    summary = summary_row(rows, events, known)
    compared = []
    if compare:
        output.hint("running each detector alone ...")
        compared = finish(side_by_side(events, rules, known))
    for one in compared:
        output.row(one)
    output.row(summary)
    output.table(("detected", "page", "channel", "stage", "severity", "what"), [_alert_cells(row) for row in rows])
    for line in summary.lines():
        output.say(line) if not json else output.hint(line)
    if html is not None:
        html.write_text(page(days, rows, summary, known), encoding="utf-8")
        output.hint(f"the page is {html}")
    if compared:
        output.table(COLUMNS, [one.cells() for one in compared])


def _alert_cells(row: AlertRow) -> tuple[object, ...]:
    place = (row.segment.channel or "all", row.segment.stage or "all")
    return (row.detected_at, "yes" if row.page else "no", *place, row.severity, row.reason)
