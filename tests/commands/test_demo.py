"""`cxwatch demo` as a process of its own: it comes up by itself, shows what it promises, and survives kill -9."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.commands.conftest import answer, lines

COMMAND = [sys.executable, "-P", "-c", "from cxwatch.cli.entry import main; main()"]
CONFIG = ("--config", "cxwatch-demo/cxwatch.toml")
UP_S = 60.0
STOP_S = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environ(port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CXWATCH_", "SLACK_"))}
    return {**kept, "CXWATCH_WEB_PORT": str(port)}


@contextmanager
def demo(folder: Path, port: int, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "output").open("ab") as output:
        process = subprocess.Popen(
            [*COMMAND, "demo", *words], cwd=folder, env=environ(port), stdout=output, stderr=output
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def ended(folder: Path, port: int, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], check=False, cwd=folder, env=environ(port), capture_output=True, text=True, timeout=60
    )


def interrupted(process: subprocess.Popen[bytes], folder: Path) -> None:
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=STOP_S) == 0
    assert "Traceback" not in (folder / "output").read_text(encoding="utf-8")


def items(port: int, path: str, **query: str) -> list[dict[str, Any]]:
    found = httpx.get(f"http://127.0.0.1:{port}/api/v1/{path}", params=query, timeout=5).json()["items"]
    assert isinstance(found, list)
    return found


def wait_until_up(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + UP_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError("the demo did not come up")


def said_ends(folder: Path) -> int:
    """How often the demo has said, over its runs, that a file came to its end."""
    return (folder / "output").read_text(encoding="utf-8").count("played to its end")


def everything(port: int) -> int:
    """Answers of seven days, of all metrics everywhere."""
    rows = items(port, "windows", window="7d")
    return sum(row["n"] for row in rows if row["segment"] == {"channel": None, "stage": None})


@pytest.mark.long
def test_the_shop_shows_an_incident_within_a_minute_and_survives_a_kill(tmp_path: Path) -> None:
    port = free_port()
    with demo(tmp_path, port) as process:
        wait_until_up(process, port)
        until = time.monotonic() + 60
        while not items(port, "incidents"):
            assert time.monotonic() < until, "no incident within a minute"
            time.sleep(0.2)
        (incident,) = items(port, "incidents")[-1:]
        while (page := httpx.get(f"http://127.0.0.1:{port}/preview", timeout=5)).text.count("<article") == 0:
            assert time.monotonic() < until + 20, "no message"
            time.sleep(0.2)
        assert page.status_code == 200
        second = ended(tmp_path, free_port(), "demo")
        assert second.returncode == 1
        assert str(process.pid) in second.stderr
        assert "Traceback" not in second.stderr
        before = everything(port)
        process.kill()
    with demo(tmp_path, port) as process:
        wait_until_up(process, port)
        assert everything(port) >= before
        assert any(one["id"] == incident["id"] for one in items(port, "incidents"))
        interrupted(process, tmp_path)
    replayed = ended(tmp_path, port, *CONFIG, "replay", "--json")
    tables = {row["table"]: row for row in map(json.loads, replayed.stdout.splitlines())}
    assert {name: table["differences"] for name, table in tables.items()} == dict.fromkeys(tables, 0), replayed.stderr
    assert replayed.returncode == 0
    assert tables["feedback"]["rows"] > 10_000


@pytest.mark.long
def test_a_file_is_played_in_its_own_time_and_fresh_starts_over(tmp_path: Path) -> None:
    start = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    times = [start + timedelta(seconds=20 * n) for n in range(60)]
    file = lines(tmp_path / "a.jsonl", [answer(n, time=at.isoformat(), channel="kiosk") for n, at in enumerate(times)])
    port = free_port()
    for nth, words in enumerate(((), ("--fresh",)), start=1):
        with demo(tmp_path, port, "--input", str(file), "--speed", "600", *words) as process:
            wait_until_up(process, port)
            counted = [everything(port)]
            until = time.monotonic() + 20
            while counted[-1] < 60 or said_ends(tmp_path) < nth:
                assert time.monotonic() < until, "the file was not played to its end"
                time.sleep(0.1)
                counted.append(everything(port))
            assert counted[0] < 60  # played, not imported; and not left over from before
            assert {row["segment"]["channel"] for row in items(port, "windows")} == {None, "kiosk"}
            interrupted(process, tmp_path)
    assert said_ends(tmp_path) == 2
