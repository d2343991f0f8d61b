"""A user at a shell: words in, exit code and both streams out. In this process, since starting one takes seconds."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from cxwatch.cli import main as entry

Row = dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Row]:
        """What stdout holds with --json: nothing but JSON objects, one a line."""
        rows = [json.loads(line) for line in self.out.splitlines()]
        assert all(isinstance(row, dict) for row in rows)
        return rows


Shell = Callable[..., Ended]


def _logs_to_stderr_of_now() -> None:
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr), cache_logger_on_first_use=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the user is in, with no variable of cxwatch set."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("CXWATCH_", "SLACK_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CXWATCH_WEB_PORT", "9")  # nobody listens there
    return tmp_path


@pytest.fixture
def cxwatch(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """Runs `cxwatch WORDS`."""
    handlers, level = logging.root.handlers, logging.root.level
    monkeypatch.setattr(entry, "set_up_logs", _logs_to_stderr_of_now)
    monkeypatch.setenv("COLUMNS", "200")
    before = signal.getsignal(signal.SIGTERM)

    def call(*words: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["cxwatch", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            entry.main()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        said = capsys.readouterr()
        assert "Traceback" not in said.err + said.out
        return Ended(code or 0, said.out, said.err)

    yield call
    structlog.reset_defaults()
    logging.root.handlers, logging.root.level = handlers, level
    signal.signal(signal.SIGTERM, before)


def ago(**span: float) -> str:
    """A time that long ago, as in events."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def answer(number: int, **fields: Any) -> Row:
    """An answer to the NPS question at the till of the web shop, some minutes ago."""
    return {
        "id": f"a{number}",
        "source": "shop",
        "type": "feedback",
        "time": ago(minutes=5),
        "channel": "web",
        "stage": "buy",
        "customer": f"c{number}",
        "metric": "nps",
        "score": number % 11,
    } | fields


def lines(path: Path, events: list[Row]) -> Path:
    """Events as JSON lines."""
    path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    return path
