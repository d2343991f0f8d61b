"""What this room needs to know for its settings page, Prometheus and Grafana. cxwatch/settings builds these records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

OBJECTIVES: Mapping[str, float] = MappingProxyType({"nps": 85.0, "csat": 85.0, "ces": 80.0})
BURN_MAX = 3.0  # alerts fire above: an objective of 85 % can burn at most 6.67 times as fast as it allows
OBJECTIVE_MIN, OBJECTIVE_MAX = 70.0, 99.9  # per cent; under 66.7 the burn could never pass BURN_MAX

Origin = Literal["default", "file", "environment"]


@dataclass(frozen=True, slots=True)
class Told:
    """One setting as it is in force: its key ("web.port"), its value as TOML writes it, and who said so.

    `line` is the file's, 0 where it stands in no file. Passwords and tokens are no settings and never in here.
    """

    key: str
    value: str
    origin: Origin
    line: int = 0


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything the process was told when it started. `secrets`: of each name, where it came from, if at all."""

    file: str | None = None
    told: tuple[Told, ...] = ()
    secrets: tuple[tuple[str, Literal["environment", "file"] | None], ...] = ()

    def of(self, key: str) -> Told | None:
        """One of them by its key."""
        return next((told for told in self.told if told.key == key), None)


@dataclass(frozen=True, slots=True)
class ObjectiveSettings:
    """Per metric, the per cent of answers that must be fine: satisfied, or for NPS no detractor's."""

    fine: Mapping[str, float] = field(default_factory=lambda: OBJECTIVES)
    target: float | None = None  # line of the main score


@dataclass(frozen=True, slots=True)
class PrometheusSettings:
    """The Prometheus that scrapes this product: where it answers, and what it calls the scrape."""

    url: str = "http://127.0.0.1:9090"
    job: str = "cxwatch"


@dataclass(frozen=True, slots=True)
class GrafanaSettings:
    """The Grafana that boards are pushed to. Its token comes from the environment only."""

    url: str = "http://127.0.0.1:3000"
    folder: str = "Customer experience"
    datasource: str = "cxwatch-prometheus"  # uid of the Prometheus data source


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """Everything that rules and boards are made from."""

    channels: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    kpi: str = "nps"
    min_n: int = 10
    public_url: str = "http://127.0.0.1:8000"
    objectives: ObjectiveSettings = field(default_factory=ObjectiveSettings)
    prometheus: PrometheusSettings = field(default_factory=PrometheusSettings)
    grafana: GrafanaSettings = field(default_factory=GrafanaSettings)
