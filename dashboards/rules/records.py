"""Rules and groups as frozen records, and the YAML that Prometheus reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

WIDE = 10_000  # characters: expressions stay on one line


@dataclass(frozen=True, slots=True)
class Record:
    """A recording rule: a name for what an expression gives."""

    record: str
    expr: str

    def as_mapping(self) -> dict[str, Any]:
        """As YAML has it."""
        return {"record": self.record, "expr": self.expr}


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alerting rule. `pending` is how long the expression must hold, in Prometheus' words ("2m")."""

    alert: str
    expr: str
    pending: str
    severity: str
    summary: str
    description: str
    page: str  # address of the page that helps
    labels: Mapping[str, str] = field(default_factory=dict)

    def as_mapping(self) -> dict[str, Any]:
        """As YAML has it."""
        return {
            "alert": self.alert,
            "expr": self.expr,
            "for": self.pending,
            "labels": {"severity": self.severity, **self.labels},
            "annotations": {"summary": self.summary, "description": self.description, "page": self.page},
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated one after the other, so that a later one can use an earlier one."""

    name: str
    rules: Sequence[Record | AlertRule]

    def as_mapping(self) -> dict[str, Any]:
        """As YAML has it."""
        return {"name": self.name, "rules": [rule.as_mapping() for rule in self.rules]}


def to_yaml(groups: Sequence[Group]) -> str:
    """A rule file: the same settings give the same bytes."""
    head = "# Written by `cxwatch rules`. Change the settings and write it again instead of editing it.\n"
    body = {"groups": [group.as_mapping() for group in groups]}
    text: str = yaml.safe_dump(body, sort_keys=False, width=WIDE, allow_unicode=True)
    return head + text
