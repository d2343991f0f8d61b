"""`cxwatch ingest`, `dead-letters` and `forget`: what comes in, what was refused, what must go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress as Bar

from alerting.settings import Secret
from cxwatch.cli.output import Output
from cxwatch.cli.shared import (
    FAILED,
    DateOnly,
    Files,
    Json,
    Maps,
    Sets,
    Zone,
    files_of,
    finish,
    mapping_of,
    settings_of,
)
from cxwatch.clocks import clock_of
from cxwatch.database import open_existing
from cxwatch.forgetting import forget_customer
from cxwatch.importing import Progress, RefusedRow, Summary, import_files, send_files
from cxwatch.importing.records import Listener
from cxwatch.retrying import retry_letters
from streams.clock import rfc3339
from streams.store import deadletters

TOKEN_VARIABLE = "CXWATCH_TOKEN"  # noqa: S105  # a variable's name
REFUSED_SHOWN = 20

letters = typer.Typer(no_args_is_help=True, help="Events that were refused: list them, try them again.")


def add_to(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command()(ingest)
    app.command()(forget)
    app.add_typer(letters, name="dead-letters")


def ingest(
    context: typer.Context,
    files: Files,
    maps: Maps = None,
    sets: Sets = None,
    timezone: Zone = None,
    date_only: DateOnly = False,
    to_url: Annotated[
        str | None,
        typer.Option("--to", metavar="URL", help=f"Send to this server; its token in {TOKEN_VARIABLE}."),
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Return once the rows are in the log.")] = False,
    json: Json = False,
) -> None:
    """Take in events from files: JSON lines, or CSV with a header.

    Columns that have a field's name need no --map; others are ignored unless mapped. It is safe to run twice, and to
    stop at any time: the next run goes on. Events older than a day teach and alert nobody.

    Example: cxwatch ingest reviews.csv --map reviewId=id --map content=comment --map at=time --timezone UTC
    --set type=feedback --set metric=stars --set source=playstore --set channel=app --set stage=use
    """
    output = Output(json)
    settings = settings_of(context)
    paths = files_of(files)
    mapping = mapping_of(maps, sets, timezone, date_only)
    with output.progress() as bar:
        listener = _Shown(output, bar).listener
        if to_url is not None:
            value = os.environ.get(TOKEN_VARIABLE, "").strip()
            token = Secret(value) if value else None
            work = send_files(settings, paths, mapping, listener, clock_of(settings), url=to_url, token=token)
        else:
            work = import_files(settings, paths, mapping, listener, clock_of(settings), wait=not no_wait)
        summary = finish(work)
    _show(output, summary)
    raise typer.Exit(FAILED if summary.refused else 0)


class _Shown:
    """An import on the screen: a bar, and the first refused rows; with --json every refused row."""

    def __init__(self, output: Output, bar: Bar) -> None:
        self._output = output
        self._bar = bar
        self._task = bar.add_task("reading", total=None)
        self._refused = 0
        self.listener = Listener(self._progress, self._refused_row)

    def _progress(self, told: Progress) -> None:
        if told.phase == "reading":
            text = f"{Path(told.file).name}: {told.rows:,} rows"
            self._bar.update(self._task, description=text, completed=told.bytes_done, total=told.bytes_all)
        else:
            self._bar.update(self._task, description=f"measured {told.rows:,} rows")

    def _refused_row(self, row: RefusedRow) -> None:
        self._refused += 1
        self._output.row(
            {
                "type": "refused",
                "file": row.file,
                "row": row.row,
                "field": row.field,
                "value": row.value,
                "rule": row.rule,
            }
        )
        if self._refused <= REFUSED_SHOWN:
            self._output.hint(f"{Path(row.file).name} row {row.row}: {row.field} {row.value!r} {row.rule}")
        elif self._refused == REFUSED_SHOWN + 1:
            self._output.hint("... more rows are refused; see `cxwatch dead-letters list`")


def _show(output: Output, summary: Summary) -> None:
    counts = {
        "accepted": summary.accepted,
        "duplicate": summary.duplicate,
        "refused": summary.refused,
        "history": summary.history,
    }
    output.row(counts)
    if not output.json:
        old = f" ({summary.history:,} older than a day: history)" if summary.history else ""
        output.say(f"{summary.accepted:,} accepted{old}, {summary.duplicate:,} duplicate, {summary.refused:,} refused.")
    if summary.ambiguous:
        output.hint(f"{summary.ambiguous:,} local times occur twice or never: read as the earlier offset.")
    if summary.refused:
        output.hint("Refused rows are kept: `cxwatch dead-letters list`, and `retry` once the cause is mended.")


@letters.command("list")
def list_letters(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 100,
    json: Json = False,
) -> None:
    """Show what was refused: field, value, rule, where it came from and how often."""
    output = Output(json)
    engine = open_existing(settings_of(context))
    with engine.connect() as conn:
        found = deadletters.read(conn, limit)
        total = deadletters.count(conn, "kept")
    engine.dispose()
    for one in found:
        output.row(
            {
                "id": one.letter_id,
                "origin": one.origin,
                "field": one.field,
                "value": one.value,
                "rule": one.rule,
                "times": one.times,
                "first": rfc3339(one.first_ms),
                "last": rfc3339(one.last_ms),
                "complete": one.complete,
            }
        )
    rows = [(one.letter_id[:8], one.origin, one.field, one.value[:40], one.rule, one.times) for one in found]
    if rows:
        output.table(("id", "origin", "field", "value", "rule", "times"), rows, right=("times",))
    output.hint(f"{total:,} kept." if total else "No dead letters.")


@letters.command()
def retry(context: typer.Context, json: Json = False) -> None:
    """Read all dead letters again, with the settings of now; what is right goes into the log and is measured."""
    output = Output(json)
    settings = settings_of(context)
    open_existing(settings).dispose()
    result = finish(retry_letters(settings, clock_of(settings)))
    output.row({"accepted": result.accepted, "duplicate": result.duplicate, "refused": result.refused})
    output.say(
        f"{result.accepted:,} accepted, {result.duplicate:,} duplicate, {result.refused:,} still refused."
        if not json
        else "done"
    )
    raise typer.Exit(FAILED if result.refused else 0)


def forget(
    context: typer.Context,
    customer: Annotated[str, typer.Argument(help="The customer's key, as in events.")],
    json: Json = False,
) -> None:
    """Forget a customer everywhere: log, answers, cases, messages and previews; then print the receipt."""
    output = Output(json)
    settings = settings_of(context)
    open_existing(settings).dispose()
    receipt = finish(forget_customer(settings, customer, clock_of(settings)))
    output.row(receipt)
    if not json:
        output.say(f"Forgotten at {rfc3339(receipt['erased_at_ms'])}; the key is now {receipt['token']}.")
        output.say(f"Log records redacted: {receipt['log_records']}; dead letters: {receipt['dead_letters']}.")
        if "log" in receipt:
            output.say(f"Log: {receipt['log']}.")
        for name, count in receipt["alerting"].items():
            output.say(f"{name.replace('_', ' ')}: {count}")
