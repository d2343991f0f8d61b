"""Panels as Grafana would run them: variables put in, legends filled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")
CHOICES = {
    "metric": "nps",
    "survey_kind": "hot",
    "window": "24h",
    "channel": ".+",
    "stage": ".+",
    "datasource": "cxwatch-prometheus",
    "__rate_interval": "1m",
}


@dataclass(frozen=True)
class Query:
    """One query of a panel."""

    board: str
    panel: str
    expr: str
    legend: str
    instant: bool

    @property
    def labels(self) -> set[str]:
        """Labels that the legend shows."""
        return set(LEGEND.findall(self.legend))


def filled(text: str, choices: Mapping[str, str]) -> str:
    """A text with Grafana's variables put in; longest names first, as Grafana does."""
    for name in sorted(choices, key=len, reverse=True):
        text = text.replace(f"${{{name}}}", choices[name]).replace(f"${name}", choices[name])
    return text


def queries(board: Mapping[str, Any], **chosen: str) -> Iterator[Query]:
    """All queries of a board with these choices of its variables."""
    choices = CHOICES | chosen
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield Query(
                board["uid"],
                filled(panel["title"], choices),
                filled(target["expr"], choices),
                filled(target.get("legendFormat", ""), choices),
                bool(target.get("instant")),
            )
