"""The command line's entry: every command, and how errors and interruptions end."""

from __future__ import annotations

import os
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from cxwatch.cli.entry import CUT_SHORT
from cxwatch.cli.loading import Commands
from cxwatch.cli.logs import set_up_logs
from cxwatch.cli.output import Output
from cxwatch.demo.statefile import DemoStateError
from cxwatch.errors import CxwatchError
from streams.files.errors import UnreadableFile
from streams.logs.errors import LogError

app = typer.Typer(
    name="cxwatch",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Streaming customer-experience monitoring with alerting: feedback in, exact windows, incidents and cases out.",
    epilog="Start with: cxwatch demo (a simulated shop), or cxwatch init --from FILE and cxwatch run (your own data).",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"cxwatch {version('cxwatch')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="Settings; without it ./cxwatch.toml if it is there.", show_default=False
        ),
    ] = None,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """Set up what every command needs."""
    del show_version
    set_up_logs()
    context.obj = config


def main() -> None:
    """Run a command. Exit codes: 0 ok, 1 failed, 2 usage or settings, 75 restart me, 130 cut short."""
    signal.signal(signal.SIGTERM, _cut_short)
    if strange := next((word for word in sys.argv[1:] if not _is_text(word)), None):
        _end(f"{os.fsencode(strange)!r} is not UTF-8 text: type it again, or rename the file", 2)
    try:
        app()
    except CxwatchError as error:
        _end(str(error), error.exit_code)
    except (LogError, UnreadableFile, DemoStateError) as error:
        _end(str(error), 1)
    except DBAPIError as error:
        _end(f"the database failed ({type(error.orig).__name__}): look at its disk and connection, then try again", 1)
    except KeyboardInterrupt:
        sys.exit(CUT_SHORT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read has had enough
        sys.exit(1)


def _cut_short(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _is_text(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _end(text: str, code: int) -> None:
    Output().hint(f"cxwatch: {text}")
    sys.exit(code)
