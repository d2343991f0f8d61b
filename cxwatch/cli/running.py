"""`cxwatch demo` and `cxwatch run`: the product at work."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from cxwatch.cli.output import Output
from cxwatch.cli.shared import DateOnly, Maps, Sets, Usage, Zone, files_of, mapping_of, settings_of, with_names_of
from cxwatch.demo import folder
from cxwatch.demo import settings as demo_settings
from cxwatch.demo.run import Telling, run_file, run_shop
from cxwatch.demo.source import SPEED_MAX
from cxwatch.importing import read_timed
from cxwatch.product import Product
from cxwatch.run import run as run_product
from cxwatch.run import run_web, run_worker
from cxwatch.settings import Settings, load_settings
from streams.clock import SystemClock
from streams.decode import Decoder
from streams.files.digest import file_digest

TOUR = (
    "Two minutes (at 60 times the world's speed):",
    "  0:10  {url}/incidents  a delivery partner fails; open the incident, take it with `a`",
    "  0:40  {url}/preview    its one message, edited in place, and the notes under it",
    "  1:00  {url}/queue      the customers it hit: take one with `c`, read the story, say how it ended",
    "  1:40  {url}/journey    what the day does to each stage; the wall shows the same to the room",
)


def add_to(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command()(demo)
    for command in (run, worker, web):
        app.command()(command)


def worker(context: typer.Context) -> None:
    """Measure a Kafka topic beside other workers; one of them, whoever holds the lease, decides and delivers.

    Answers /healthz, /readyz and /metrics on [web] port. Needs `cxwatch migrate` once before. Exit 75 means: start me
    again.
    """
    settings = settings_of(context)
    _shared(settings, "worker")
    output = Output()

    def ready(product: Product) -> None:
        output.hint(f"measuring {settings.kafka.address}; {product.settings.web.url}/readyz  (Ctrl-C stops it)")

    raise typer.Exit(run_worker(settings, ready))


def web(context: typer.Context) -> None:
    """Take in events (onto Kafka), and serve pages and API. Measures and decides nothing: that is the workers' work."""
    settings = settings_of(context)
    _shared(settings, "web")
    output = Output()

    def ready(product: Product) -> None:
        output.hint(f"cxwatch is up: {product.settings.web.url}/  (Ctrl-C stops it)")

    raise typer.Exit(run_web(settings, ready))


def _shared(settings: Settings, command: str) -> None:
    if settings.embedded_log:
        raise Usage(
            f'`cxwatch {command}` needs a log that processes share: set log = "kafka://host:9092/topic", or use '
            "`cxwatch run`, which does everything in one process"
        )


def run(context: typer.Context) -> None:
    """Measure, decide, deliver and serve the pages, all in this process, until Ctrl-C.

    Events come in over HTTP (POST /api/v1/events) or with `cxwatch ingest` from another terminal.
    """
    settings = settings_of(context)
    output = Output()

    def ready(product: Product) -> None:
        output.hint(f"cxwatch is up: {product.settings.web.url}/  (Ctrl-C stops it)")

    raise typer.Exit(run_product(settings, ready))


def demo(
    context: typer.Context,
    input_file: Annotated[
        Path | None,
        typer.Option(
            "--input", metavar="FILE", help="Play this file instead of the simulated shop.", show_default=False
        ),
    ] = None,
    maps: Maps = None,
    sets: Sets = None,
    timezone: Zone = None,
    date_only: DateOnly = False,
    speed: Annotated[
        float | None,
        typer.Option("--speed", metavar="N", help="Times as fast as the world; 60, or what fits the file."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete the demo's data and start over.")] = False,
) -> None:
    """See the whole product at work on one machine: no account, no other server, nothing to configure.

    A simulated shop lives through a day in which a delivery partner fails, an app release breaks payment and a spam
    wave arrives. Its state is in ./cxwatch-demo: stop it and start it again, it goes on.
    """
    output = Output()
    if speed is not None and not 0 < speed <= SPEED_MAX:
        raise Usage(f"--speed {speed:g} must be above 0 and at most {SPEED_MAX:g}")
    if input_file is not None:
        raise typer.Exit(_play_file(context, input_file, (maps, sets, timezone, date_only), speed, fresh, output))
    if maps or sets or timezone or date_only:
        raise Usage("--map, --set, --timezone and --date-only describe a file: name it with --input FILE")
    settings = _demo_settings(context, demo_settings.SETTINGS, fresh)
    folder.prepare(settings, folder.Subject(folder.SHOP))
    with output.progress() as bar:
        telling = _telling(output, bar, "a simulated shop", speed or 60, TOUR)
        code = run_shop(settings, telling, speed)
    output.hint("Stopped. The same command goes on where this one ended; --fresh starts over.")
    raise typer.Exit(code)


def _play_file(
    context: typer.Context,
    file: Path,
    options: tuple[list[str] | None, list[str] | None, str | None, bool],
    speed: float | None,
    fresh: bool,
    output: Output,
) -> int:
    maps, sets, timezone, date_only = options
    files = files_of([file])
    mapping = mapping_of(maps, sets, timezone, date_only)
    settings = _demo_settings(context, demo_settings.FOR_A_FILE, fresh)
    settings = dataclasses.replace(settings, measure=with_names_of(settings, files, mapping, output))
    output.hint(f"reading {file.name} ...")
    events, refused = read_timed(files, mapping, Decoder(settings.measure), SystemClock())
    if not events:
        why = f" First: row {refused[0].row}, {refused[0].field} {refused[0].rule}." if refused else ""
        raise Usage(f"{file} holds no event that can be read.{why} See --map and --set in cxwatch ingest --help")
    if refused:
        output.hint(f"{len(refused)} rows were refused: `cxwatch ingest` names each of them")
    digest = hashlib.sha256(file_digest(file).encode() + mapping.fingerprint).hexdigest()[:16]
    folder.prepare(settings, folder.Subject(file.name, digest))
    with output.progress() as bar:
        telling = _telling(output, bar, f"{len(events):,} events of {file.name}", speed)
        return run_file(settings, events, telling, speed)


def _demo_settings(context: typer.Context, text: str, fresh: bool) -> Settings:
    """The demo's own settings file, or the one that was named. `fresh` deletes the data that belongs to it."""
    named = context.obj is not None
    if not named:
        folder.make(folder.HOME)
    settings = settings_of(context) if named else load_settings(demo_settings.write(folder.HOME, text))
    if not settings.embedded_log:
        raise Usage("the demo keeps a log of its own: leave `log` (CXWATCH_LOG) out")
    if fresh:
        folder.clear(settings)  # first: it refuses while another demo runs, whose settings must stay as they are
        if not named:
            settings = load_settings(demo_settings.write(folder.HOME, text, replace=True))
    return settings


def _telling(output: Output, bar: Progress, subject: str, speed: float | None, tour: Sequence[str] = ()) -> Telling:
    task = bar.add_task("measuring 14 days of history", total=1.0)

    def history(share: float) -> None:
        bar.update(task, completed=share)

    def ready(product: Product) -> None:
        bar.update(task, visible=False)
        bar.stop()
        url = product.settings.web.url
        output.hint(f"cxwatch shows {subject}, {speed or product.speed:g} times as fast as the world.")
        output.hint(f"  wall    {url}/wall      for the room")
        output.hint(f"  queue   {url}/queue     for who calls unhappy customers")
        output.hint(f"  Slack   {url}/preview   what would be posted")
        for line in tour:
            output.hint(line.format(url=url))
        output.hint("Ctrl-C stops it; started again it goes on where it was.")

    def ended() -> None:
        output.hint("The file has been played to its end. The pages stay; Ctrl-C stops.")

    return Telling(history, ready, ended)
