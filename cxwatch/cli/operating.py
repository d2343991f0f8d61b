"""`cxwatch init`, `doctor`, `migrate`, `replay`, `live` and `pause`: operating it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Annotated

import typer

from alerting import modes
from alerting.modes import ModeBound, ModeRecord, RecordedMode
from alerting.shadow import shadow_counts
from cxwatch import doctoring, migrations, starting
from cxwatch.cli.output import Output
from cxwatch.cli.shared import (
    FAILED,
    DateOnly,
    Json,
    Maps,
    Sets,
    Usage,
    Zone,
    files_of,
    finish,
    mapping_of,
    settings_of,
    user_of_machine,
)
from cxwatch.clocks import clock_of, real_clock_of
from cxwatch.database import explained, open_engine, open_existing, open_state
from cxwatch.errors import CannotStart
from cxwatch.exporting import prepare_export
from cxwatch.logs import open_log
from cxwatch.preparing import prepare_topic
from cxwatch.repartitioning import repartition
from cxwatch.replaying import ReplayResult
from cxwatch.replaying import replay as measure_again
from cxwatch.settings import Settings
from streams.clock import rfc3339
from streams.files.names import found_names

SPAN = re.compile(r"(\d{1,4})\s*([mhd])")
UNIT_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


def add_to(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    for command in (init, doctor, migrate, replay, live, pause):
        app.command()(command)


def init(
    from_file: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Name the channels and stages that this file holds."),
    ] = None,
    maps: Maps = None,
    sets: Sets = None,
    timezone: Zone = None,
    date_only: DateOnly = False,
) -> None:
    """Write ./cxwatch.toml with every setting explained. Asks nothing, overwrites nothing."""
    output = Output()
    channels: list[str] = []
    stages: list[str] = []
    if from_file is not None:
        files_of([from_file])
        channels, stages = found_names(from_file, mapping_of(maps, sets, timezone, date_only))
        if not channels and not stages:
            raise Usage(f"{from_file} holds no event that can be read: see --map and --set in cxwatch ingest --help")
    path = starting.write(Path.cwd(), channels, stages)
    output.say(f"Wrote {path.name}. Next: cxwatch ingest FILE, or cxwatch run and POST /api/v1/events.")


def doctor(context: typer.Context, json: Json = False) -> None:
    """Look at everything that could be in the way, and say what to do about it."""
    output = Output(json)
    failed = False
    for check in doctoring.examine(settings_of(context)):
        failed = failed or check.state == "failed"
        output.row({"check": check.name, "state": check.state, "text": check.text})
        if not json:
            output.say(f"{check.state:<7} {check.name:<10} {check.text}")
    raise typer.Exit(FAILED if failed else 0)


def migrate(
    context: typer.Context,
    again: Annotated[
        bool, typer.Option("--repartition", help="The topic has more partitions now: move customers to theirs.")
    ] = False,
) -> None:
    """Bring the database to this version's tables, and create Kafka's topics where they are absent.

    An embedded log and SQLite need none of it: they are made and brought up to date at every start.
    """
    output = Output()
    settings = settings_of(context)
    if again and settings.embedded_log:
        raise Usage("--repartition is for a Kafka topic: the embedded log keeps its number of partitions")
    _migrate_database(settings, output)
    if again:
        done = finish(repartition(settings))
        if done.before == done.after:
            output.say(f"The topic has {done.after} partitions, as before: nothing to do.")
        else:
            output.say(f"{done.records:,} records measured that waited, {done.customers:,} customers moved.")
            output.say(f"From {done.before} to {done.after} partitions. Start the workers again.")
        return
    if not settings.embedded_log:
        for line in prepare_topic(settings):
            output.say(line)
    if settings.export is not None:
        for line in prepare_export(settings, settings.export):
            output.say(line)


def _migrate_database(settings: Settings, output: Output) -> None:
    if settings.database == "sqlite":
        open_state(settings).dispose()
        output.say(f"{settings.state_path} is at {migrations.HEAD}.")
        return
    engine = open_engine(settings.database, durable=True, password=settings.secrets.database_password)
    with explained(engine):
        changed = migrations.upgrade(engine)
    engine.dispose()
    output.say(f"The database is at {migrations.HEAD}" + ("." if changed else " already."))


def replay(
    context: typer.Context,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FILE", help="Keep the rebuilt tables in this new SQLite file.")
    ] = None,
    json: Json = False,
) -> None:
    """Measure the log again from its start into an empty database, send nothing, and compare with the live tables."""
    output = Output(json)
    settings = settings_of(context)
    open_existing(settings).dispose()
    target = into or settings.data_dir / "replay.db"
    if into is not None and into.exists():
        raise Usage(f"--into {into} exists already: name a new file")
    _remove(target)
    output.hint("measuring the log again ...")
    try:
        result = finish(_replay(settings, target))
    finally:
        if into is None:
            _remove(target)
    for table in result.tables:
        output.row({"table": table.table, "rows": table.rows, "differences": table.differences})
    cells = [(t.table, t.rows, t.differences, "; ".join(t.examples)) for t in result.tables]
    output.table(("table", "rows", "differences", "first keys"), cells, right=("rows", "differences"))
    if not result.whole:
        output.hint("The log no longer reaches back to its start: compared from its first full hour on.")
    verdict = "equal to the live tables" if result.equal else "NOT equal to the live tables"
    output.say(f"{result.records:,} records measured again: {verdict}.")
    raise typer.Exit(0 if result.equal else FAILED)


async def _replay(settings: Settings, target: Path) -> ReplayResult:
    log = await asyncio.to_thread(open_log, settings, clock_of(settings))
    live_engine, fresh = open_existing(settings), open_engine(target, durable=False)
    try:
        migrations.upgrade(fresh)
        return await measure_again(log, live_engine, fresh, settings.measure, clock_of(settings).now_ms())
    finally:
        await log.close()
        live_engine.dispose()
        fresh.dispose()


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def live(context: typer.Context) -> None:
    """From now on messages go to Slack, no longer only to the preview page."""
    settings = _record(context, "live", None)
    engine = open_existing(settings)
    with engine.connect() as conn:
        before = shadow_counts(conn)
    engine.dispose()
    Output().say("Live: messages go to Slack. `cxwatch pause 2h` holds them back.")
    if before.messages and before.since_ms is not None:
        Output().hint(f"Until now, since {rfc3339(before.since_ms)}, {before.words()} stayed at /preview.")
    if settings.alerts.slack_token is None:
        Output().hint("SLACK_BOT_TOKEN is not set here: where `cxwatch run` has none either, they stay at /preview.")


def pause(
    context: typer.Context,
    span: Annotated[
        str | None, typer.Argument(metavar="[SPAN]", help="Such as 30m, 2h or 1d; default: until live.")
    ] = None,
) -> None:
    """Hold messages back for a while; nothing is lost, they follow when the pause ends."""
    until_ms = None if span is None else real_clock_of(settings_of(context)).now_ms() + _span_ms(span)
    _record(context, "paused", until_ms)
    Output().say("Paused until `cxwatch live`." if until_ms is None else f"Paused until {rfc3339(until_ms)}.")


def _span_ms(span: str) -> int:
    match = SPAN.fullmatch(span.strip().lower())
    if match is None or not int(match[1]):
        raise Usage(f"{span!r} must be a span such as 30m, 2h or 1d")
    return int(match[1]) * UNIT_MS[match[2]]


def _record(context: typer.Context, mode: RecordedMode, until_ms: int | None) -> Settings:
    settings = settings_of(context)
    engine = open_existing(settings)
    try:
        with engine.begin() as conn:
            modes.record(
                conn, settings.alerts, ModeRecord(real_clock_of(settings).now_ms(), mode, until_ms, user_of_machine())
            )
    except ModeBound as error:
        raise CannotStart(str(error)) from error
    finally:
        engine.dispose()
    return settings
