"""kill -9 at random moments while events come in: nothing is lost, nothing is doubled, nobody has to intervene."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

KILLS = int(os.environ.get("CXWATCH_TEST_KILLS", "3"))  # 20 by hand: see docs/operations.md
UP_S = 30.0
BATCH = 40
COMMAND = [sys.executable, "-P", "-c", "from cxwatch.cli.entry import main; main()"]


class Shop:
    """Sends events, and sends a batch again until it was accepted: as a careful client does."""

    def __init__(self, url: str, seed: int) -> None:
        self.url = url
        self.rng = random.Random(seed)
        self.sent: dict[str, dict[str, Any]] = {}

    def batch(self) -> list[dict[str, Any]]:
        now = datetime.now(UTC)
        return [self._event(now) for _ in range(BATCH)]

    def _event(self, now: datetime) -> dict[str, Any]:
        rng = self.rng
        event: dict[str, Any] = {
            "id": f"e{len(self.sent)}",
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

    def send(self, events: list[dict[str, Any]], deadline_s: float) -> None:
        until = time.monotonic() + deadline_s
        while time.monotonic() < until:
            try:
                if httpx.post(f"{self.url}/api/v1/events", json=events, timeout=5).status_code == 202:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
        raise AssertionError("a batch was not accepted in time")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "output").open("ab") as output:
        process = subprocess.Popen(
            [*COMMAND, "run"],
            cwd=folder,
            env={**os.environ, "CXWATCH_WEB_PORT": str(port)},
            stdout=output,
            stderr=output,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def told(folder: Path, *words: str) -> list[dict[str, Any]]:
    command = [*COMMAND, *words, "--json"]
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cxwatch.toml").write_text(
        'channels = ["web", "app"]\nstages = ["buy", "deliver"]\n[stage.buy]\nmoment_of_truth = true\n'
        '[framework.grades]\n"payment:failed" = -4\n"payment:ok" = 1\n'
    )
    return tmp_path


def test_whatever_the_moment_every_number_equals_a_recount(folder: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # pytest shows it when this fails
    rng = random.Random(seed)
    port = free_port()
    shop = Shop(f"http://127.0.0.1:{port}", seed)
    for _ in range(KILLS):
        with running(folder, port) as process:
            until = time.monotonic() + rng.uniform(0.05, 1.5)
            shop.send(shop.batch(), UP_S)  # the one cut off by the last kill is not sent again: it was never answered
            while time.monotonic() < until:
                shop.send(shop.batch(), UP_S)
            process.kill()
    with running(folder, port) as process:
        shop.send(list(shop.sent.values())[-200:], UP_S)  # sent twice: ids make the second one nothing
        until = time.monotonic() + UP_S
        while time.monotonic() < until and not settled(folder):
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    check_answers(folder, shop)
    assert all(row["differences"] == 0 for row in told(folder, "replay"))
    flagged = Counter(row["customer"] for row in open_cases(folder))
    assert flagged
    assert max(flagged.values()) == 1  # one open case a customer


def settled(folder: Path) -> bool:
    log = next((row for row in told(folder, "doctor") if row["check"] == "log"), None)
    return log is not None and " 0 records wait" in log["text"]


def check_answers(folder: Path, shop: Shop) -> None:
    expected = Counter(str(e["score"]) for e in shop.sent.values() if e["type"] == "feedback")
    rows = [row for row in told(folder, "windows", "--window", "24h") if row["segment"] == everywhere()]
    assert [Counter(row["counts"]) for row in rows] == [expected]


def everywhere() -> dict[str, None]:
    return {"channel": None, "stage": None}


def open_cases(folder: Path) -> list[dict[str, Any]]:
    import sqlite3

    conn = sqlite3.connect(folder / "cxwatch-data" / "state.db")
    conn.row_factory = sqlite3.Row
    rows = [dict(row) for row in conn.execute("SELECT customer FROM cases WHERE closed_ms IS NULL")]
    conn.close()
    return rows
