"""/settings: what the process was told, and by whom. Nothing is changed here: the file is where settings live.

The number of false alerts can be tried: the page then shows the lines to copy, and the command that plays a recorded
stream with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response
from sqlalchemy import Connection

from alerting.modes import ModeRecord, RecordedMode, effective, history
from alerting.settings import AlertSettings
from dashboards.pages.render import Pages
from dashboards.settings import Configuration, Told
from dashboards.settings_readings import AlertRecord, Refused, read_alert_record, read_refused

BUDGET = "detection.false_alerts_per_week"
BUDGETS = (0.5, 1.0, 2.0, 5.0)
BUDGET_MAX = 1_000.0
MODES_MAX = 10
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Sources": ("log", "database", "data_dir", "kafka"),
    "Channels and stages": ("channels", "stages", "stage", "timezone", "kpi", "windows"),
    "Surveys and scales": ("survey",),
    "Graded events": ("framework",),
    "Alerts": ("detection", "alerts", "route"),
    "Recovery clocks": ("cases", "business_hours"),
    "Slack and other tools": ("webhook", "export", "alertmanager", "prometheus", "grafana", "objectives"),
    "Web": ("web",),
    "Privacy and erasure": ("retention",),
}


@dataclass(frozen=True, slots=True)
class Section:
    """Settings that belong together. `name` is the English heading, `anchor` its place on the page."""

    name: str
    told: tuple[Told, ...]

    @property
    def anchor(self) -> str:
        """Where links of the page lead to."""
        return self.name.lower().replace(" ", "-")


@dataclass(frozen=True, slots=True)
class Sending:
    """Whether messages leave the house, and who said so."""

    mode: RecordedMode
    bound: bool
    changes: Sequence[ModeRecord]


def sections(configuration: Configuration) -> list[Section]:
    """Every setting in the section of its table; those nobody knows a section for come last."""
    left = [told for told in configuration.told if not _idle(told, configuration)]
    found = []
    for name, tables in SECTIONS.items():
        mine = tuple(told for told in left if told.key.partition(".")[0] in tables)
        left = [told for told in left if told not in mine]
        if mine:
            found.append(Section(name, mine))
    return [*found, Section("Others", tuple(left))] if left else found


def _idle(told: Told, configuration: Configuration) -> bool:
    """What plays no part: [kafka] beside the embedded log, closed days where no hours were given."""
    table = told.key.partition(".")[0]
    if table == "business_hours":
        return not any(one.key.startswith("business_hours.") and one.origin != "default" for one in configuration.told)
    log = configuration.of("log")
    return table == "kafka" and log is not None and log.value == '"sqlite"'


def read_budget(query: Mapping[str, str], now: float) -> float:
    """The number of false alerts a week that is tried; the one in force where the address says nothing sensible."""
    try:
        wanted = float(query.get("budget", now))
    except ValueError:
        return now
    return wanted if 0.01 <= wanted <= BUDGET_MAX else now


def steps(budget: float) -> tuple[float | None, float | None]:
    """The next smaller and the next larger choice."""
    smaller = [one for one in BUDGETS if one < budget]
    larger = [one for one in BUDGETS if one > budget]
    return (max(smaller) if smaller else None, min(larger) if larger else None)


def read_sending(conn: Connection, settings: AlertSettings, real_ms: int) -> Sending:
    """The mode in force and its newest changes."""
    return Sending(effective(conn, settings, real_ms), settings.mode is not None, history(conn, MODES_MAX))


async def settings_page(request: Request[Any, Any, Any], pages: Pages) -> Response[str]:
    """The page."""
    context, alerts = pages.context, pages.acting.settings
    configuration = context.configuration
    told = configuration.of(BUDGET)
    in_force = float(told.value) if told is not None else 2.0
    now_ms, real_ms = context.clock.now_ms(), context.real_clock.now_ms()

    def read(conn: Connection) -> tuple[Sending, AlertRecord, list[Refused]]:
        return read_sending(conn, alerts, real_ms), read_alert_record(conn, now_ms), read_refused(conn)

    sending, record, refused = await pages.desk.shared("settings", read)
    budget = read_budget({name: str(value) for name, value in request.query_params.items()}, in_force)
    smaller, larger = steps(budget)
    return await pages.answer(
        request,
        "settings.html",
        "settings",
        configuration=configuration,
        sections=sections(configuration),
        told=told,
        in_force=in_force,
        budget=budget,
        budgets=BUDGETS,
        smaller=smaller,
        larger=larger,
        places=len(context.measure.channels) * len(context.measure.stages),
        sending=sending,
        record=record,
        refused=refused,
        alerts=alerts,
        measure=context.measure,
        value_of=lambda key: getattr(configuration.of(key), "value", "–"),
        now_ms=now_ms,
        real_ms=real_ms,
    )
