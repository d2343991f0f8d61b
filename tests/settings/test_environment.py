"""CXWATCH_ variables win over the file; secrets come from nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cxwatch.settings import Problem, Secrets, Settings, SettingsError, load_settings

Load = Callable[..., Settings]
Problems = Callable[..., list[Problem]]
SECRETS = [
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "GRAFANA_TOKEN",
    "KAFKA_USERNAME",
    "KAFKA_PASSWORD",
    "DATABASE_PASSWORD",
]
HUSH = "hush-hush-4711"


def secret_of(settings: Settings, name: str) -> str | None:
    found = getattr(settings.secrets, name.lower())
    return None if found is None else str(found.reveal())


@pytest.mark.parametrize(
    ("name", "value", "read", "expected"),
    [
        ("CXWATCH_TIMEZONE", "Europe/Berlin", lambda s: s.measure.timezone, "Europe/Berlin"),
        ("CXWATCH_KPI", "ces", lambda s: s.kpi, "ces"),
        ("CXWATCH_LOG", "sqlite", lambda s: s.log, "sqlite"),
        ("CXWATCH_DATABASE", "postgresql+psycopg://h/d", lambda s: s.database, "postgresql+psycopg://h/d"),
        ("CXWATCH_WEB_HOST", "::1", lambda s: s.web.host, "::1"),
        ("CXWATCH_WEB_PORT", "9001", lambda s: s.web.port, 9001),
        ("CXWATCH_WEB_PUBLIC_URL", "https://a.example", lambda s: s.web.url, "https://a.example"),
        ("CXWATCH_WINDOWS_MIN_N", "3", lambda s: s.measure.min_n, 3),
        ("CXWATCH_DETECTION_FALSE_ALERTS_PER_WEEK", "0.5", lambda s: s.detection.false_alerts_per_week, 0.5),
        ("CXWATCH_ALERTS_MODE", "live", lambda s: s.alerts.mode, "live"),
        ("CXWATCH_ALERTS_HOLD_OFF_SECONDS", "0", lambda s: s.alerts.hold_off_seconds, 0),
        ("CXWATCH_CASES_OPEN_FROM", "5", lambda s: s.alerts.cases_open_from, 5),
        ("CXWATCH_KAFKA_GROUP", "g", lambda s: s.kafka.group, "g"),
        ("CXWATCH_RETENTION_LOG_DAYS", "7", lambda s: s.log_days, 7),
    ],
)
def test_variables_set_every_scalar(
    load: Load, name: str, value: str, read: Callable[[Settings], object], expected: object
) -> None:
    assert read(load("", {name: value})) == expected


def test_variables_win_over_the_file(load: Load) -> None:
    text = 'kpi = "nps"\n[web]\nport = 8001'
    settings = load(text, {"CXWATCH_KPI": "csat", "CXWATCH_WEB_PORT": "8002"})
    assert (settings.kpi, settings.web.port) == ("csat", 8002)


def test_variables_win_even_over_what_is_wrong_in_the_file(load: Load) -> None:
    assert load('[web]\nport = "x"', {"CXWATCH_WEB_PORT": "8002"}).web.port == 8002


def test_variables_work_without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(None, {"CXWATCH_WEB_PORT": "8002"}).web.port == 8002


def test_the_process_environment_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CXWATCH_WEB_PORT", "8003")
    assert load_settings().web.port == 8003


def test_an_empty_variable_counts_as_not_set(load: Load, file: Path) -> None:
    text = 'data_dir = "d"\n[web]\nport = 8001'
    settings = load(text, {"CXWATCH_WEB_PORT": "", "CXWATCH_DATA_DIR": "", "SLACK_BOT_TOKEN": ""})
    assert settings.web.port == 8001
    assert settings.data_dir == file.parent / "d"
    assert settings.secrets == Secrets()


def test_a_data_folder_from_the_environment_is_relative_to_where_the_command_runs(load: Load) -> None:
    assert load('data_dir = "d"', {"CXWATCH_DATA_DIR": "e"}).data_dir == Path("e")


@pytest.mark.parametrize(
    "name",
    [
        "CXWATCH_",
        "CXWATCH_COLOUR",
        "CXWATCH_WEB",
        "CXWATCH_WEB_COLOUR",
        "CXWATCH_PORT",
        "CXWATCH_CHANNELS",
        "CXWATCH_STAGES",
        "CXWATCH_DETECTION_DETECTORS",
        "CXWATCH_ROUTE",
        "CXWATCH_ROUTE_TO",
        "CXWATCH_SURVEY_YEARLY_KIND",
        "CXWATCH_STAGE_BUY_LABEL",
        "CXWATCH_SLACK_BOT_TOKEN",
        "cxwatch_web_port",
    ],
)
def test_other_variables_are_ignored(load: Load, name: str) -> None:
    text = '[survey.yearly]\nkind = "cold"\n[stage.buy]\nlabel = "b"'
    assert load(text, {name: "nonsense"}) == load(text)


def test_a_problem_of_a_list_in_the_file_is_not_put_on_a_variable(problems: Problems, file: Path) -> None:
    (problem,) = problems("channels = []", {"CXWATCH_CHANNELS": "web"})
    assert (problem.file, problem.line, problem.key) == (str(file), 1, "channels")


@pytest.mark.parametrize("value", ["eighty", "8000.5", "--5", "-", "²", "٣", "65536", "9" * 5000, " "])
def test_a_wrong_number_in_a_variable_is_named_by_the_variable(problems: Problems, value: str) -> None:
    (problem,) = problems("[web]\nport = 1", {"CXWATCH_WEB_PORT": value})
    assert (problem.file, problem.line) == ("CXWATCH_WEB_PORT", 0)
    assert "whole number" in problem.text
    assert str(problem).startswith("CXWATCH_WEB_PORT: must be")


@pytest.mark.parametrize("value", ["much", "nan", "inf", "-1", ""])
def test_a_wrong_fraction_in_a_variable_is_named_unless_it_is_empty(load: Load, value: str) -> None:
    name = "CXWATCH_DETECTION_FALSE_ALERTS_PER_WEEK"
    if not value:
        assert load("", {name: value}).detection.false_alerts_per_week == 2
        return
    with pytest.raises(SettingsError, match=name):
        load("", {name: value})


def test_problems_of_variables_and_of_the_file_come_together(problems: Problems) -> None:
    found = problems("colour = 1", {"CXWATCH_WEB_PORT": "x", "CXWATCH_KPI": "y"})
    assert sorted(problem.file.rpartition("/")[2] for problem in found) == [
        "CXWATCH_KPI",
        "CXWATCH_WEB_PORT",
        "cxwatch.toml",
    ]


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_come_from_the_environment(load: Load, name: str) -> None:
    assert secret_of(load("", {name: f" {HUSH}\n"}), name) == HUSH
    assert secret_of(load(""), name) is None


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_come_from_a_file_that_a_variable_names(load: Load, tmp_path: Path, name: str) -> None:
    kept = tmp_path / "secret"
    kept.write_text(HUSH + "\n")
    assert secret_of(load("", {f"{name}_FILE": str(kept)}), name) == HUSH


def test_the_variable_itself_wins_over_its_file(load: Load, tmp_path: Path) -> None:
    settings = load("", {"GRAFANA_TOKEN": HUSH, "GRAFANA_TOKEN_FILE": str(tmp_path / "none")})
    assert secret_of(settings, "GRAFANA_TOKEN") == HUSH


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_in_the_settings_file_are_refused_and_not_repeated(problems: Problems, name: str) -> None:
    (problem,) = problems(f'{name.lower()} = "{HUSH}"')
    assert problem.text.startswith("is not a setting")
    assert HUSH not in str(problem)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xff\xfe", "not text"),
        (HUSH.encode() * 500, "more than 4,096 bytes"),  # never a secret that is cut off
        ("€".encode() * 2000, "more than 4,096 bytes"),
    ],
)
def test_a_secret_file_that_cannot_be_used_is_named_by_its_variable(
    problems: Problems, tmp_path: Path, content: bytes | None, words: str
) -> None:
    kept = tmp_path / "secret"
    if content is not None:
        kept.write_bytes(content)
    (problem,) = problems("", {"DATABASE_PASSWORD_FILE": str(kept)})
    assert problem.file == "DATABASE_PASSWORD_FILE"
    assert words in problem.text
    assert HUSH not in str(problem)


def test_slack_gets_its_token(load: Load) -> None:
    token = load("", {"SLACK_BOT_TOKEN": HUSH}).alerts.slack_token
    assert token is not None
    assert token.reveal() == HUSH


def test_secrets_are_never_shown(load: Load) -> None:
    settings = load("", dict.fromkeys(SECRETS, HUSH))
    for shown in (repr(settings), str(settings), f"{settings.secrets}", repr(settings.alerts), f"{settings.alerts}"):
        assert HUSH not in shown


def test_secrets_are_not_in_an_error_about_something_else(load: Load) -> None:
    environ = dict.fromkeys(SECRETS, HUSH) | {"CXWATCH_WEB_PORT": HUSH, "CXWATCH_KPI": HUSH, "CXWATCH_LOG": HUSH}
    with pytest.raises(SettingsError) as raised:
        load("colour = 1", environ)
    assert HUSH not in str(raised.value)
    assert HUSH not in repr(raised.value)
