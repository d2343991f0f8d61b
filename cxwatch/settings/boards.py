"""[objectives], [prometheus], [grafana] and [alertmanager]: the tools that the company has already."""

from __future__ import annotations

from alerting.channels.alertmanager import AlertmanagerSettings
from alerting.settings import Secret
from cxwatch.settings.reader import Table
from dashboards.settings import (
    OBJECTIVE_MAX,
    OBJECTIVE_MIN,
    OBJECTIVES,
    BoardSettings,
    GrafanaSettings,
    ObjectiveSettings,
    PrometheusSettings,
)
from streams.scales import METRICS
from streams.settings import MeasureSettings


def board_settings(top: Table, measure: MeasureSettings, kpi: str, public_url: str) -> BoardSettings:
    """Everything that rules and boards need; tokens stay elsewhere."""
    return BoardSettings(
        channels=measure.channels,
        stages=measure.stages,
        kpi=kpi,
        min_n=measure.min_n,
        public_url=public_url,
        objectives=_objectives(top.table("objectives")),
        prometheus=_prometheus(top.table("prometheus")),
        grafana=_grafana(top.table("grafana")),
    )


def alertmanager_settings(table: Table, token: Secret | None) -> AlertmanagerSettings | None:
    """[alertmanager]: where incidents are told beside Slack; None where it is left out."""
    url = _address(table, "url", "http://127.0.0.1:9093") if table.given("url") else None
    table.finish()
    return None if url is None else AlertmanagerSettings(url, token)


def _objectives(table: Table) -> ObjectiveSettings:
    fine = {
        metric: table.number(metric, OBJECTIVES.get(metric, 85.0), OBJECTIVE_MIN, OBJECTIVE_MAX)
        for metric in METRICS
        if metric in OBJECTIVES or table.given(metric)
    }
    target = table.number("target", 0.0, -100.0, 100.0) if table.given("target") else None
    table.finish()
    return ObjectiveSettings(fine, target)


def _prometheus(table: Table) -> PrometheusSettings:
    default = PrometheusSettings()
    found = PrometheusSettings(_address(table, "url", default.url), table.text("job", default.job, 64))
    if not set(found.job) <= JOB_LETTERS:
        table.wrong("job", "may hold letters, digits, and . _ - / only: it stands in expressions")
    table.finish()
    return found


def _grafana(table: Table) -> GrafanaSettings:
    default = GrafanaSettings()
    found = GrafanaSettings(
        url=_address(table, "url", default.url),
        folder=table.text("folder", default.folder, 100),
        datasource=table.text("datasource", default.datasource, 40),
    )
    if not set(found.datasource) <= UID_LETTERS:
        table.wrong("datasource", "is a uid: it may hold letters, digits, _ and - only")
    table.finish()
    return found


UID_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
JOB_LETTERS = UID_LETTERS | frozenset("./")


def _address(table: Table, key: str, default: str) -> str:
    value = table.text(key, default)
    if not value.startswith(("http://", "https://")) or "@" in value or any(c.isspace() for c in value):
        table.wrong(key, f"must be an address such as {default}, without a name or password in it")
        return default
    return value.rstrip("/")
