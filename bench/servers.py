"""A real Prometheus and a real Alertmanager on ports of their own, and a webhook that hears of alerts."""

from __future__ import annotations

import json
import math
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import yaml

START_S = 60.0
SCRAPE_S = 10
Sample = tuple[dict[str, str], float]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def until(what: Callable[[], Any], seconds: float = START_S, *, every: float = 0.2, why: str = "") -> Any:
    """What `what` gives once it is true; fails after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(every)
    raise AssertionError(f"did not come true in {seconds:g} s: {why or what}")


@dataclass
class Prometheus:
    """A running Prometheus. Questions are about the moment `at`, where one is set, instead of now."""

    url: str
    at: float | None = None

    def get(self, path: str, **parameters: Any) -> Any:
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=30, trust_env=False).json()
        assert answer["status"] == "success", answer
        assert not answer.get("warnings"), answer["warnings"]
        return answer["data"]

    def instant(self, expr: str) -> list[Sample]:
        found = self.get("query", query=expr, **({} if self.at is None else {"time": self.at}))
        if found["resultType"] == "scalar":
            return [({}, float(found["result"][1]))]
        return [(row["metric"], float(row["value"][1])) for row in found["result"]]

    def one(self, expr: str) -> float:
        (sample,) = self.instant(expr)
        return sample[1]

    def over(self, expr: str, start: float, end: float, step: float = 5) -> list[tuple[dict[str, str], list[float]]]:
        found = self.get("query_range", query=expr, start=start, end=end, step=step)
        return [(row["metric"], [float(v) for _, v in row["values"]]) for row in found["result"]]

    def alerts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("alerts")["alerts"]
        return found

    def firing(self) -> set[str]:
        return {alert["labels"]["alertname"] for alert in self.alerts() if alert["state"] == "firing"}

    def newest(self, name: str) -> float:
        """When the newest sample of a metric or of a recorded one was taken, seconds since the epoch; 0 before any."""
        return self.one(f"max(timestamp({name})) or vector(0)")

    def caught_up(self) -> None:
        """Wait until what is true now was scraped, and recorded from that scrape; then that moment is asked about.

        A later scrape that is too slow for a busy machine then takes nothing away.
        """
        since = time.time()
        until(lambda: self._caught_up(since), 10 * START_S, why="scraped and recorded, without a slow scrape between")

    def _caught_up(self, since: float) -> bool:
        self.at = None
        if self.newest("cx_window_responses") <= since:
            return False
        noticed = datetime.now(UTC)
        until(lambda: all(at > noticed for at in self.evaluated()), why="rules evaluated from then on")
        self.at = max(at.timestamp() for at in self.evaluated())
        return self.newest("cx_window_responses") > since and self.instant("min(up)") == [({}, 1.0)]

    def evaluated(self) -> list[datetime]:
        """When each group of rules was evaluated last."""
        return [_moment(group["lastEvaluation"]) for group in self.get("rules")["groups"]]

    def up(self, job: str) -> bool:
        return [value for _, value in self.instant(f'up{{job="{job}"}}')] == [1.0]


def _moment(text: str) -> datetime:
    """RFC 3339 with nanoseconds, which Python reads only up to microseconds."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text).replace("Z", "+00:00"))


@contextmanager
def prometheus(
    program: str,
    folder: Path,
    target: str,
    *,
    rules: str | None = None,
    alertmanager: str | None = None,
    job: str = "cxwatch",
    token: str | None = None,
) -> Iterator[Prometheus]:
    """Run Debian's prometheus over one target ("127.0.0.1:8000") until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    scrape: dict[str, Any] = {"job_name": job, "static_configs": [{"targets": [target]}]}
    if token is not None:
        scrape["authorization"] = {"credentials": token}
    config: dict[str, Any] = {
        "global": {"scrape_interval": f"{SCRAPE_S}s", "scrape_timeout": f"{SCRAPE_S}s", "evaluation_interval": "2s"},
        "scrape_configs": [scrape],
    }
    if rules is not None:
        (folder / "rules.yml").write_text(rules)
        config["rule_files"] = ["rules.yml"]
    if alertmanager is not None:
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    with _running(
        folder,
        [program, "--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}",
         "--enable-feature=exemplar-storage"],
        f"http://127.0.0.1:{port}/-/ready",
    ):  # fmt: skip
        yield Prometheus(f"http://127.0.0.1:{port}")


@dataclass(frozen=True)
class Alertmanager:
    """A running Alertmanager."""

    url: str
    address: str

    def alerts(self, **matchers: str) -> list[dict[str, Any]]:
        filters = [f'{name}="{value}"' for name, value in matchers.items()]
        answer = httpx.get(f"{self.url}/api/v2/alerts", params={"filter": filters}, timeout=10, trust_env=False)
        found: list[dict[str, Any]] = answer.raise_for_status().json()
        return found


@contextmanager
def alertmanager(program: str, folder: Path, webhook: str) -> Iterator[Alertmanager]:
    """Run Debian's prometheus-alertmanager, which tells one webhook everything, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "route": {
            "receiver": "hook",
            "group_by": ["alertname", "incident"],
            "group_wait": "0s",
            "group_interval": "1s",
            "repeat_interval": "1h",
        },
        "receivers": [{"name": "hook", "webhook_configs": [{"url": webhook, "send_resolved": True}]}],
    }
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    address = f"127.0.0.1:{port}"
    words = [program, "--config.file=alertmanager.yml", "--storage.path=am-data", f"--web.listen-address={address}",
             "--cluster.listen-address="]  # fmt: skip
    with _running(folder, words, f"http://{address}/-/ready"):
        yield Alertmanager(f"http://{address}", address)


@contextmanager
def _running(folder: Path, words: list[str], ready: str) -> Iterator[subprocess.Popen[bytes]]:
    log = (folder / f"{Path(words[0]).name}.log").open("wb")
    process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log)
    try:
        until(lambda: process.poll() is not None or answers(ready), why=f"{words[0]} answers {ready}")
        assert process.poll() is None, (folder / f"{Path(words[0]).name}.log").read_text()[-2_000:]
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def answers(url: str) -> bool:
    """Whether a server answers 200 there."""
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


@dataclass
class Hook:
    """A webhook that keeps what it is told."""

    url: str
    told: list[dict[str, Any]] = field(default_factory=list)

    def heard(self, alertname: str, status: str = "firing", **labels: str) -> list[Mapping[str, Any]]:
        """Alerts heard of, by name, status and labels."""
        wanted = {"alertname": alertname, **labels}.items()
        return [
            alert
            for group in list(self.told)
            for alert in group["alerts"]
            if alert["status"] == status and wanted <= alert["labels"].items()
        ]


@contextmanager
def webhook() -> Iterator[Hook]:
    """Listen for Alertmanager's webhook calls until the block ends."""
    hook = Hook("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_address[1]}/"
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def numbers(samples: list[Sample]) -> list[float]:
    """The values that are numbers."""
    return [value for _, value in samples if not math.isnan(value)]
