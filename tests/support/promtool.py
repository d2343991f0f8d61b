"""Rules judged by Prometheus' own tool: a rule file, some series, and what fires when."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dashboards.rules.document import rule_file
from dashboards.settings import BoardSettings
from tests.support.tools import need


@dataclass(frozen=True)
class Judge:
    """A folder in which promtool runs."""

    folder: Path
    settings: BoardSettings = field(default_factory=BoardSettings)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [need("promtool"), *words], cwd=self.folder, capture_output=True, text=True, check=False, timeout=60
        )

    def write_rules(self) -> Path:
        path = self.folder / "rules.yml"
        path.write_text(rule_file(self.settings))
        return path

    def test(self, series: Mapping[str, str], *, interval: str = "15s", **expected: Any) -> None:
        """Fail with promtool's words unless what is expected holds."""
        self.write_rules()
        case = {
            "interval": interval,
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            **expected,
        }
        text = yaml.safe_dump({"rule_files": ["rules.yml"], "evaluation_interval": interval, "tests": [case]})
        (self.folder / "test.yml").write_text(text)
        done = self.run("test", "rules", "test.yml")
        assert done.returncode == 0, done.stdout + done.stderr

    def firing(self, cases: Sequence[tuple[str, Mapping[str, str], str]]) -> str:
        """What fires of (alert, series, time), each in a world of its own: promtool tells what nobody expected."""
        self.write_rules()
        tests = [
            {
                "interval": "15s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "alert_rule_test": [{"eval_time": at, "alertname": alert, "exp_alerts": []}],
            }
            for alert, series, at in cases
        ]
        text = yaml.safe_dump({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests})
        (self.folder / "test.yml").write_text(text)
        done = self.run("test", "rules", "test.yml")
        said = done.stdout + done.stderr
        assert done.returncode == 0 or "alertname=" in said, said
        return "" if done.returncode == 0 else said


def constant(value: float, samples: int) -> str:
    """The same value at every step."""
    return f"{value}x{samples}"


def growing(by: float, samples: int, start: float = 0) -> str:
    """A counter that grows by so much a step."""
    return f"{start}+{by}x{samples}"


def with_labels(name: str, labels: Mapping[str, str]) -> str:
    """A series as Prometheus writes it."""
    return name + "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"


def names(groups: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    """Names of all rules of one kind ("record" or "alert") in a parsed file."""
    return [rule[kind] for group in groups for rule in group["rules"] if kind in rule]
