"""[stage.*], [survey.*], [framework], [windows] and [retention]: what measuring is told."""

from __future__ import annotations

from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cxwatch.settings.reader import Table
from streams.scales import ScaleError, scale_of
from streams.settings import OTHER, Framework, Grade, Kano, MeasureSettings, Stage, Survey, Wait

GRADE_MAX = 100
GRADES_MAX = 2_000
WAIT_MAX = 366.0 * 24 * 3_600  # seconds
DAYS_MAX = 36_500
HOUR_S = 3_600
KANO: tuple[Kano, ...] = ("linear", "basic", "delighter")
SURVEY_KINDS: tuple[Literal["hot", "cold"], ...] = ("hot", "cold")


def measure_settings(top: Table, retention: Table) -> MeasureSettings:
    """Everything that measuring depends on. Who calls it reads the rest of [retention] and finishes it."""
    default = MeasureSettings()
    channels, stages = _places(top, "channels", default.channels), _places(top, "stages", default.stages)
    windows = top.table("windows")
    settings = MeasureSettings(
        channels=channels,
        stages=stages,
        stage=_stages(top, stages),
        surveys=_surveys(top.table("survey")),
        framework=_framework(top.table("framework")),
        timezone=_timezone(top),
        min_n=windows.whole("min_n", default.min_n, 1, 1_000_000),
        lateness_seconds=windows.whole("lateness_seconds", default.lateness_seconds, 0, HOUR_S),
        history_after_seconds=windows.whole(
            "history_after_seconds", default.history_after_seconds, HOUR_S, 366 * 24 * HOUR_S
        ),
        feedback_days=retention.whole("feedback_days", default.feedback_days, 1, DAYS_MAX),
        minute_pane_days=retention.whole("minute_pane_days", default.minute_pane_days, 2, DAYS_MAX),
        hour_pane_days=retention.whole("hour_pane_days", default.hour_pane_days, 35, DAYS_MAX),
        dedupe_hours=retention.whole("dedupe_hours", default.dedupe_hours, 1, 24 * 366),
        dedupe_max=retention.whole("dedupe_max", default.dedupe_max, 1_000, 10_000_000),
        dead_letters_max=retention.whole("dead_letters_max", default.dead_letters_max, 1, 1_000_000),
    )
    windows.finish()
    return settings


def _places(top: Table, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    names = top.names(key, default)
    if not names:
        top.wrong(key, "must name at least one")
        return default
    if OTHER in names:
        top.wrong(key, f'names "{OTHER}", which is always there for names nobody configured: take it out')
    return names


def _stages(top: Table, stages: tuple[str, ...]) -> dict[str, Stage]:
    found: dict[str, Stage] = {}
    section = top.table("stage")
    for name, table in section.tables():
        found[name] = Stage(moment_of_truth=table.flag("moment_of_truth", default=False), label=table.optional("label"))
        table.finish()
        if name not in stages:
            section.wrong(name, f"is not one of the stages: add it to stages = [...], or use {', '.join(stages)}")
    return found


def _surveys(section: Table) -> dict[str, Survey]:
    found: dict[str, Survey] = {}
    for name, table in section.tables():
        survey = Survey(
            kind=table.choice("kind", "hot", SURVEY_KINDS),
            scale=table.optional("scale"),
            ces_version=1 if table.whole("ces_version", 2, 1, 2) == 1 else 2,
        )
        table.finish()
        try:
            scale_of("csat", survey)
        except ScaleError as error:
            table.wrong("scale", f"does not fit: {error}")
            continue
        found[name] = survey
    return found


def _framework(section: Table) -> Framework:
    grades, waits, promises = (section.table(name) for name in ("grades", "waits", "promises"))
    section.finish()
    return Framework(
        {name: _grade(grades, name, value) for name, value in _touchpoints(section, "grades", grades)},
        {name: _wait(waits, name, value) for name, value in _touchpoints(section, "waits", waits)},
        {name: promises.whole(name, -1, -GRADE_MAX, -1) for name, _ in _touchpoints(section, "promises", promises)},
    )


def _touchpoints(section: Table, name: str, table: Table) -> list[tuple[str, Any]]:
    items = table.items()
    if len(items) > GRADES_MAX:
        section.wrong(name, f"has {len(items):,} touchpoints, more than the {GRADES_MAX:,} allowed")
    return items[:GRADES_MAX]


def _wait(waits: Table, name: str, value: Any) -> Wait:
    if not isinstance(value, dict):
        return Wait(waits.number(name, 0.0, 0.0, WAIT_MAX))
    table = waits.table(name)
    if not table.given("seconds"):
        waits.wrong(name, "needs seconds: write { seconds = 120, grade = -2 }")
    wait = Wait(table.number("seconds", 0.0, 0.0, WAIT_MAX), table.whole("grade", -1, -GRADE_MAX, -1))
    table.finish()
    return wait


def _grade(grades: Table, name: str, value: Any) -> Grade:
    if not isinstance(value, dict):
        return Grade(grades.whole(name, 0, -GRADE_MAX, GRADE_MAX))
    table = grades.table(name)
    if not table.given("grade"):
        grades.wrong(name, "needs a grade: write { grade = -3, kano = ... }")
    grade = Grade(
        grade=table.whole("grade", 0, -GRADE_MAX, GRADE_MAX),
        kano=table.choice("kano", "linear", KANO),
        moment_of_truth=table.flag("moment_of_truth", default=False),
    )
    table.finish()
    return grade


def _timezone(top: Table) -> str:
    name = top.text("timezone", "UTC")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder, such as "Europe"
        top.wrong("timezone", "is not a time zone: write an IANA name such as Europe/Berlin")
        return "UTC"
    return name
