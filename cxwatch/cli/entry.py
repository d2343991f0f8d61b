"""Where the command starts: signals first, for loading everything else takes a second or two."""

from __future__ import annotations

import os
import signal

CUT_SHORT = 130


def main() -> None:
    """Run a command. Until it has taken over, Ctrl-C and SIGTERM just end it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(CUT_SHORT))
    from cxwatch.cli.main import main as run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    run()
