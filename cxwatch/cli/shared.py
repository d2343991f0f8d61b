"""What commands share: the settings they were called with, options in one wording, and how they end."""

from __future__ import annotations

import asyncio
import dataclasses
import getpass
import signal
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from cxwatch.cli.output import Output
from cxwatch.errors import CxwatchError
from cxwatch.settings import Settings, load_settings
from streams.files.mapping import Mapping, MappingError
from streams.files.names import found_names
from streams.settings import MeasureSettings

T = TypeVar("T")
FAILED = 1
USAGE = 2

Json = Annotated[bool, typer.Option("--json", help="JSON lines on stdout, everything else on stderr.")]
Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="JSON lines (.jsonl) or CSV (.csv), plain or .gz.", show_default=False),
]
Maps = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="COLUMN=FIELD", help="A column of the file is this field; may be repeated."),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Every row has this value; may be repeated."),
]
Zone = Annotated[
    str | None,
    typer.Option("--timezone", metavar="NAME", help="For times without offset, such as Europe/Berlin or UTC."),
]
DateOnly = Annotated[bool, typer.Option("--date-only", help="Take dates without a time as the start of that day.")]


class Failed(CxwatchError):
    """What was asked for cannot be done; the text says why and what to do."""

    exit_code = FAILED


class Usage(CxwatchError):
    """The words of the command do not go together."""

    exit_code = USAGE


def user_of_machine() -> str:
    """Who runs this command, as the machine knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return "someone on this machine"


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work to its end. Ctrl-C and SIGTERM cancel it, so that it lets go of what it holds."""

    async def guarded() -> T:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def settings_of(context: typer.Context) -> Settings:
    """The settings of this call: --config, ./cxwatch.toml or defaults, and the environment."""
    path: Path | None = context.obj
    return load_settings(path)


def mapping_of(maps: Sequence[str] | None, sets: Sequence[str] | None, zone: str | None, date_only: bool) -> Mapping:
    """The mapping that the options describe; Usage names what is wrong with them."""
    try:
        return Mapping.parse(maps or (), sets or (), zone, date_only)
    except MappingError as error:
        raise Usage(str(error)) from error


def files_of(files: Sequence[Path]) -> list[Path]:
    """The files, all of them there and readable."""
    for file in files:
        if not file.is_file():
            raise Usage(f"{file} is not a file: check the path")
    return list(files)


def with_names_of(settings: Settings, files: Sequence[Path], mapping: Mapping, output: Output) -> MeasureSettings:
    """The measuring settings; where nobody named channels or stages, those that the files hold."""
    missing = {"channels", "stages"} - settings.names_given
    if not missing:
        return settings.measure
    channels: list[str] = []
    stages: list[str] = []
    for file in files:
        more_channels, more_stages = found_names(file, mapping)
        channels += [name for name in more_channels if name not in channels]
        stages += [name for name in more_stages if name not in stages]
    measure = settings.measure
    if "channels" in missing and channels:
        measure = dataclasses.replace(measure, channels=tuple(channels))
        output.hint(f"channels found: {', '.join(channels)}")
    if "stages" in missing and stages:
        measure = dataclasses.replace(measure, stages=tuple(stages))
        output.hint(f"stages found: {', '.join(stages)}")
    return measure
