"""cxwatch's processes as a supervisor would run them, over one topic and one database."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from streams.logs.kafka_settings import KafkaSettings
from tests.support.kafka import free_port

UP_S = 60.0
COMMAND = [sys.executable, "-P", "-c", "from cxwatch.cli.entry import main; main()"]


class Process:
    """One `cxwatch worker`, `web` or `run`, listening on a port of its own."""

    def __init__(self, site: Site, command: str) -> None:
        self.site = site
        self.command = command
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = site.folder / f"{command}-{self.port}.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Process:
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [*COMMAND, self.command],
                cwd=self.site.folder,
                env={**self.site.environ, "CXWATCH_WEB_PORT": str(self.port)},
                stdout=output,
                stderr=output,
            )
        return self

    def ready(self) -> tuple[int, list[str]]:
        """What /readyz says: status and reasons; 0 while nobody listens."""
        try:
            answer = httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False)
        except httpx.HTTPError:
            return 0, []
        return answer.status_code, answer.json()["reasons"]

    def until_ready(self) -> Process:
        self.site.until(lambda: self.ready()[0] == 200, self)
        return self

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def ended(self, within_s: float) -> int:
        """The exit code."""
        assert self.process is not None
        return self.process.wait(within_s)

    def said(self) -> str:
        return self.output.read_text()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()


class Site:
    """A settings file and the processes over it."""

    def __init__(self, folder: Path, kafka: KafkaSettings, database: str = "sqlite", **more: str) -> None:
        self.folder = folder
        self.kafka = kafka
        (folder / "cxwatch.toml").write_text(
            f'log = "{kafka.address}"\ndatabase = "{database}"\nchannels = ["web", "app"]\n'
            f'stages = ["buy", "deliver"]\n[kafka]\npartitions = {kafka.partitions}\ngroup = "{kafka.group}"\n'
        )
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CXWATCH_", "SLACK_", "KAFKA_"))}
        self.environ = {**kept, **more}
        self.processes: list[Process] = []

    def new(self, command: str) -> Process:
        process = Process(self, command)
        self.processes.append(process)
        return process.start()

    def call(self, *words: str, fails: bool = False) -> str:
        """Run a command to its end; what it said."""
        done = subprocess.run(
            [*COMMAND, *words], cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert fails or done.returncode == 0, done.stderr
        return done.stdout if done.returncode == 0 else done.stderr

    def rows(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.call(*words, "--json").splitlines()]

    def until(self, true: Callable[[], bool], about: Process | None = None, within_s: float = UP_S) -> None:
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            if true():
                return
            if about is not None and about.process is not None and about.process.poll() is not None:
                break
            time.sleep(0.1)
        said = "\n".join(f"{p.command}: {p.said()[-1500:]}" for p in self.processes)
        raise AssertionError(f"it did not come to it; they said:\n{said}")


@contextmanager
def site(folder: Path, kafka: KafkaSettings, database: str = "sqlite", **more: str) -> Iterator[Site]:
    """A site whose processes are gone at the end."""
    found = Site(folder, kafka, database, **more)
    try:
        yield found
    finally:
        for process in found.processes:
            process.close()
