"""A shop that sends events over HTTP to a `cxwatch run` of its own, and what the command line then tells."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

UP_S = 30.0
BATCH = 40
COMMAND = [sys.executable, "-P", "-c", "from cxwatch.cli.entry import main; main()"]
SETTINGS = (
    'channels = ["web", "app"]\nstages = ["buy", "deliver"]\n[stage.buy]\nmoment_of_truth = true\n'
    '[framework.grades]\n"payment:failed" = -4\n"payment:ok" = 1\n'
)
NOTHING: Mapping[str, str] = {}
Tell = Callable[..., list[dict[str, Any]]]  # words of a command -> the rows it prints


class Shop:
    """Sends events, and sends a batch again until it was accepted: as a careful client does."""

    def __init__(self, url: str, seed: int) -> None:
        self.url = url
        self.seed = seed
        self.rng = random.Random(seed)
        self.sent: dict[str, dict[str, Any]] = {}

    def batch(self, size: int = BATCH) -> list[dict[str, Any]]:
        now = datetime.now(UTC)
        return [self._event(now) for _ in range(size)]

    def _event(self, now: datetime) -> dict[str, Any]:
        rng = self.rng
        event: dict[str, Any] = {
            "id": f"e{self.seed}-{len(self.sent)}",  # two shops never share one
            "source": "shop",
            "time": (now - timedelta(seconds=rng.uniform(0, 30))).isoformat(),
            "channel": rng.choice(("web", "app")),
            "stage": rng.choice(("buy", "deliver")),
            "customer": f"c{rng.randrange(50)}",
        }
        if rng.random() < 0.5:
            event |= {"type": "feedback", "metric": "nps", "score": rng.randrange(11), "comment": "waited too long"}
        else:
            event |= {"type": "interaction", "interaction": "payment", "outcome": rng.choice(("failed", "ok"))}
        self.sent[event["id"]] = event
        return event

    def send(self, events: list[dict[str, Any]], deadline_s: float = UP_S) -> None:
        until = time.monotonic() + deadline_s
        while time.monotonic() < until:
            try:
                if httpx.post(f"{self.url}/api/v1/events", json=events, timeout=5).status_code == 202:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise AssertionError("a batch was not accepted in time")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(folder: Path, port: int, environ: Mapping[str, str] = NOTHING) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "output").open("ab") as output:
        process = subprocess.Popen(
            [*COMMAND, "run"],
            cwd=folder,
            env={**os.environ, "CXWATCH_WEB_PORT": str(port), **environ},
            stdout=output,
            stderr=output,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def told(folder: Path, *words: str, environ: Mapping[str, str] = NOTHING) -> list[dict[str, Any]]:
    """Rows that a command prints, run in a process of its own; it must end well."""
    done = subprocess.run(
        [*COMMAND, *words, "--json"],
        check=False,
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def wait_until_settled(tell: Tell) -> None:
    """Wait until everything in the log is measured."""
    until = time.monotonic() + UP_S
    while not _settled(tell):
        assert time.monotonic() < until, "the log was not measured in time"
        time.sleep(0.2)


def _settled(tell: Tell) -> bool:
    log = next((row for row in tell("doctor") if row["check"] == "log"), None)
    return log is not None and " 0 records wait" in log["text"]


def check_answers(tell: Tell, shop: Shop) -> None:
    """Every answer that was accepted is counted once."""
    expected = Counter(str(e["score"]) for e in shop.sent.values() if e["type"] == "feedback")
    rows = tell("windows", "--window", "24h")
    everywhere = [row for row in rows if row["segment"] == {"channel": None, "stage": None}]
    assert [Counter(row["counts"]) for row in everywhere] == [expected]


def check_replay(tell: Tell) -> None:
    """Measured again from the log's start, every table is the same."""
    rows = tell("replay")
    assert {row["table"] for row in rows} == {"panes", "hour_panes", "customers", "feedback", "flags"}
    assert [row for row in rows if row["differences"]] == []
