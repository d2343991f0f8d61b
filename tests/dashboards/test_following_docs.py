"""docs/grafana.md, followed word for word in an empty folder; only ports are exchanged for free ones."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml
from litestar.testing import TestClient
from prometheus_client.parser import text_string_to_metric_families

from bench.servers import answers, free_port, until
from dashboards.rules.document import rule_groups
from dashboards.settings import BoardSettings
from tests.support.dashboards import build_world, busy_day
from tests.support.tools import need

PAGE = Path(__file__).parents[2] / "docs" / "grafana.md"
BLOCK = re.compile(r"<!-- (run[^>]*) -->\n```sh\n(.*?)```", re.DOTALL)


def steps(ports: dict[str, str]) -> list[tuple[str, str]]:
    """What the page says to run, in order, with its note."""
    text = PAGE.read_text(encoding="utf-8")
    for old, new in ports.items():
        text = text.replace(old, new)
    return BLOCK.findall(text)


@contextmanager
def running(words: str, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    log = (folder / "background.log").open("ab")
    process = subprocess.Popen(["bash", "-c", f"exec {words}"], cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def product_scores(port: int) -> dict[str, float]:
    """The product's own NPS of the last 24 hours, hot and cold."""
    query = {"window": "24h", "metric": "nps", "limit": "1000"}
    answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/windows", params=query, timeout=60, trust_env=False)
    everywhere = {"channel": None, "stage": None}
    return {
        row["survey_kind"]: row["score"]
        for row in answer.json()["items"]
        if row["segment"] == everywhere and row["score"] is not None
    }


def scores_for(port: int, seconds: float) -> dict[str, list[float]]:
    """All that the product's NPS was meanwhile: the demo's day goes on between a scrape and what is asked of it."""
    seen: dict[str, list[float]] = {"hot": [], "cold": []}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for kind, score in product_scores(port).items():
            seen[kind].append(score)
        time.sleep(0.2)
    return seen


@pytest.mark.long
def test_the_page_leads_to_the_nps_in_prometheus(tmp_path: Path) -> None:
    for program in ("prometheus", "promtool", "curl"):
        need(program)
    web, server = free_port(), free_port()
    (demo_note, demo), (_, files), (server_note, serve), (_, look) = steps(
        {"127.0.0.1:8000": f"127.0.0.1:{web}", "127.0.0.1:9095": f"127.0.0.1:{server}"}
    )
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "cxwatch"
    command.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path[:0] = {sys.path!r}\nfrom cxwatch.cli.entry import main\nmain()\n"
    )
    command.chmod(0o755)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CXWATCH_")},
        "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        "CXWATCH_WEB_PORT": str(web),
        "NO_PROXY": "127.0.0.1",
    }
    with running(demo.strip(), tmp_path, environment):
        until(lambda: answers(demo_note.split()[-2]), 180, why="the demo is ready")
        done = subprocess.run(
            ["bash", "-ec", files], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        with running(serve.strip(), tmp_path, environment):
            until(lambda: answers(server_note.split()[-2]), why="prometheus is ready")
            told = scores_for(web, 40)
            done = subprocess.run(
                ["bash", "-c", look], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
    end = done.stdout.rindex("}") + 1  # curl ends no line
    found = json.loads(done.stdout[:end])["data"]["result"]
    assert {row["metric"]["survey_kind"] for row in found} == {"hot", "cold"}
    for row in found:
        near = min(abs(float(row["value"][1]) - score) for score in told[row["metric"]["survey_kind"]])
        assert near < 1.0  # between two looks the score may have moved on by an answer or two
    said = {line.split()[1]: line.split()[0] for line in done.stdout[end:].splitlines() if line.strip()}
    assert (said["prometheus"], said["rules"]) == ("ok", "ok"), done.stdout


def test_the_settings_shown_for_prometheus_and_kubernetes_are_yaml(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    config, annotations, monitor = (yaml.safe_load(block) for block in blocks)
    assert config["scrape_configs"][0]["job_name"] == "cxwatch"
    assert annotations["metadata"]["annotations"]["prometheus.io/path"] == "/metrics"
    assert monitor["kind"] == "ServiceMonitor"
    (tmp_path / "cxwatch-rules.yml").write_text("groups: []\n")
    (tmp_path / "cxwatch-token").write_text("t")
    text = blocks[0].replace("/etc/prometheus/cxwatch-token", str(tmp_path / "cxwatch-token"))
    (tmp_path / "prometheus.yml").write_text(text)
    done = subprocess.run(
        [need("promtool"), "check", "config", "prometheus.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_alert_and_board_is_on_the_page(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for group in rule_groups(BoardSettings()):
        for rule in group.rules:
            name = rule.as_mapping().get("alert")
            if name is not None:
                assert name.removesuffix("Everywhere") in text, name
    world = build_world(tmp_path)
    busy_day(world)
    with TestClient(world.app()) as client:
        told = {family.name for family in text_string_to_metric_families(client.get("/metrics").text)}
    assert [name for name in told if f"`{name}" not in text] == []
