"""What is wrong is said all at once, with file, line and key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cxwatch.settings import Problem, Settings, SettingsError

Load = Callable[..., Settings]
Problems = Callable[..., list[Problem]]


def test_all_problems_are_told_at_once_with_file_line_and_key(problems: Problems, file: Path) -> None:
    found = problems(
        """\
kpi = "happiness"
colour = "red"

[windows]
min_n = 0

[web]
port = "8000"

[[route]]
to = "#a"

[[route]]
to = 5
"""
    )
    assert {problem.file for problem in found} == {str(file)}
    assert [(problem.line, problem.key) for problem in found] == [
        (1, "kpi"),
        (2, "colour"),
        (5, "windows.min_n"),
        (8, "web.port"),
        (14, "route.1.to"),
    ]


def test_the_error_reads_one_problem_a_line(load: Load, file: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        load('kpi = "x"\n[web]\nport = -1')
    first, second = str(raised.value).splitlines()
    assert first.startswith(f"{file} line 1: kpi must be one of nps, csat, ces, stars, thumbs")
    assert second.startswith(f"{file} line 3: web.port must be a whole number from 0 to 65,535")


def test_hundreds_of_problems_are_counted_but_not_all_printed(load: Load) -> None:
    with pytest.raises(SettingsError) as raised:
        load("\n".join(f"wrong_{n} = 1" for n in range(200)))
    assert len(raised.value.problems) == 200
    assert str(raised.value).splitlines()[-1] == "and 150 more"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("colour = 1", "colour"),
        ("[colours]\nred = 1", "colours"),
        ("[stage.buy]\ncolour = 1", "stage.buy.colour"),
        ("[survey.s]\ncolour = 1", "survey.s.colour"),
        ("[framework]\ncolour = 1", "framework.colour"),
        ('[framework.grades]\n"a:b" = { grade = 1, colour = 1 }', 'framework.grades."a:b".colour'),
        ("[windows]\ncolour = 1", "windows.colour"),
        ("[detection]\ncolour = 1", "detection.colour"),
        ("[kafka]\ncolour = 1", "kafka.colour"),
        ("[alerts]\ncolour = 1", "alerts.colour"),
        ('[[route]]\nto = "#a"\ncolour = 1', "route.0.colour"),
        ("[cases]\ncolour = 1", "cases.colour"),
        ("[web]\ncolour = 1", "web.colour"),
        ("[retention]\ncolour = 1", "retention.colour"),
    ],
)
def test_unknown_keys_are_errors_in_every_table(problems: Problems, text: str, key: str) -> None:
    (problem,) = problems(text)
    assert problem.key == key
    assert problem.text.startswith("is not a setting")
    assert problem.line >= 1


def test_a_misspelt_key_is_answered_with_the_right_one(problems: Problems) -> None:
    (problem,) = problems("[web]\nprot = 80")
    assert "did you mean port?" in problem.text


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('channels = "web"', "channels"),
        ("channels = []", "channels"),
        ("channels = [1]", "channels"),
        ('channels = [""]', "channels"),
        ('channels = ["web", "web"]', "channels"),
        ('channels = ["other"]', "channels"),
        ('stages = ["other"]', "stages"),
        (f'stages = ["{"x" * 65}"]', "stages"),
        (f"stages = [{', '.join(repr(str(n)) for n in range(201))}]", "stages"),
        ('timezone = "Berlin"', "timezone"),
        ('timezone = "Europe"', "timezone"),
        ('timezone = "../etc/passwd"', "timezone"),
        ("timezone = 1", "timezone"),
        ('kpi = "NPS"', "kpi"),
        ('data_dir = ""', "data_dir"),
        ("data_dir = 5", "data_dir"),
        ('data_dir = "a\\u0000b"', "data_dir"),
        ('data_dir = "~nobody-of-that-name/cx"', "data_dir"),
        ('log = "file"', "log"),
        ('database = "mysql://h/db"', "database"),
        ('database = "postgresql+psycopg://[h/db"', "database"),
        ('database = "postgresql+psycopg://h:port/db"', "database"),
        ("stage = 1", "stage"),
        ("[stage]\nbuy = 1", "stage.buy"),
        ("[stage.nowhere]\nmoment_of_truth = true", "stage.nowhere"),
        ('[stage.buy]\nmoment_of_truth = "yes"', "stage.buy.moment_of_truth"),
        ("[stage.buy]\nmoment_of_truth = 1", "stage.buy.moment_of_truth"),
        ('[survey.s]\nkind = "warm"', "survey.s.kind"),
        ('[survey.s]\nscale = "one to five"', "survey.s.scale"),
        ('[survey.s]\nscale = "5-1"', "survey.s.scale"),
        ("[survey.s]\nces_version = 3", "survey.s.ces_version"),
        ("[framework.grades]\na = 101", "framework.grades.a"),
        ('[framework.grades]\na = "good"', "framework.grades.a"),
        ('[framework.grades]\na = { kano = "basic" }', "framework.grades.a"),
        ('[framework.grades]\na = { grade = 1, kano = "odd" }', "framework.grades.a.kano"),
        ("[framework.waits]\na = -1", "framework.waits.a"),
        ("[framework.waits]\na = { grade = -1 }", "framework.waits.a"),
        ("[framework.waits]\na = { seconds = 60, grade = 0 }", "framework.waits.a.grade"),
        ("[framework.waits]\na = { seconds = 60, colour = 1 }", "framework.waits.a.colour"),
        ("[framework.promises]\na = 0", "framework.promises.a"),
        ("[windows]\nmin_n = 0", "windows.min_n"),
        ("[windows]\nmin_n = 10.0", "windows.min_n"),
        ("[windows]\nmin_n = true", "windows.min_n"),
        ("[windows]\nmin_n = 1000001", "windows.min_n"),
        ("[windows]\nlateness_seconds = -1", "windows.lateness_seconds"),
        ("[detection]\nfalse_alerts_per_week = 0", "detection.false_alerts_per_week"),
        ("[detection]\nfalse_alerts_per_week = nan", "detection.false_alerts_per_week"),
        ("[detection]\nfalse_alerts_per_week = inf", "detection.false_alerts_per_week"),
        ("[detection]\nleast_evidence = 0", "detection.least_evidence"),
        ("[detection]\nassumed_bad_share = 1", "detection.assumed_bad_share"),
        ("[detection]\ndetectors = []", "detection.detectors"),
        ('[detection]\ndetectors = ["oracle"]', "detection.detectors"),
        ("[kafka]\npartitions = 0", "kafka.partitions"),
        ('[kafka]\nsecurity = "TLS"', "kafka.security"),
        ('[alerts]\nmode = "loud"', "alerts.mode"),
        ("[alerts]\nhold_off_seconds = 3601", "alerts.hold_off_seconds"),
        ('[alerts]\nslack_url = "http://slack.example.com/"', "alerts.slack_url"),
        ("[route]\nto = 1", "route"),
        ("[[route]]\nabout = 'case'", "route.0.to"),
        ("[[route]]\nto = '#a'\nabout = 'weather'", "route.0.about"),
        ("[[route]]\nto = '#a'\nseverity_from = 'huge'", "route.0.severity_from"),
        ("[cases]\nopen_from = 101", "cases.open_from"),
        ("[cases.first_contact_minutes]\ngold = -1", "cases.first_contact_minutes.gold"),
        ("[cases.tier_value]\ngold = 26", "cases.tier_value.gold"),
        ("[web]\nhost = 1", "web.host"),
        ("[web]\nport = 65536", "web.port"),
        ('[web]\nport = "80"', "web.port"),
        ('[web]\npublic_url = "cx.example.com"', "web.public_url"),
        ('[web]\npublic_url = "ftp://cx.example.com"', "web.public_url"),
        ('[web]\npublic_url = "https://[cx"', "web.public_url"),
        ('[web]\npublic_url = "https://cx.example.com:https"', "web.public_url"),
        ("[retention]\nfeedback_days = 0", "retention.feedback_days"),
        ("[retention]\nlog_days = 36501", "retention.log_days"),
        ("[retention]\nhour_pane_days = 34", "retention.hour_pane_days"),
    ],
)
def test_wrong_types_and_bounds_are_named(problems: Problems, text: str, key: str) -> None:
    found = problems(text)
    assert [problem.key for problem in found] == [key]
    assert found[0].line >= 1
    assert len(str(found[0])) < 600


@pytest.mark.parametrize(
    "text",
    [
        "[windows]\nmin_n = 1",
        "[windows]\nmin_n = 1000000",
        "[web]\nport = 0",
        "[web]\nport = 65535",
        "[detection]\nfalse_alerts_per_week = 1",
        "[framework.grades]\na = -100\nb = 100",
        "[alerts]\nhold_off_seconds = 3600",
    ],
)
def test_bounds_belong_to_what_is_allowed(load: Load, text: str) -> None:
    load(text)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg://cx:hush-hush@db/cx",
        "postgresql+psycopg://cx@db/cx?password=hush-hush",
        "postgresql+psycopg://cx@db/cx?sslmode=require&password=hush-hush",
    ],
)
def test_a_password_in_the_database_address_is_refused_and_not_repeated(load: Load, address: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load(f'database = "{address}"')
    assert "DATABASE_PASSWORD" in str(raised.value)
    assert "hush-hush" not in str(raised.value)


def test_lines_are_right_behind_texts_and_lists_of_several_lines(problems: Problems) -> None:
    found = problems(
        """\
channels = [
  "web",  # [not.a.table]
  "wrong_one = 1",
]
data_dir = '''a
wrong_two = 2
b'''
kpi = "nps" # not the beginning of a text: \"""
wrong_three = 3
"""
    )
    assert [(problem.line, problem.key) for problem in found] == [(9, "wrong_three")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_counted_as_editors_count_them(problems: Problems, end: str) -> None:
    text = end.join(['channels = ["a\u2028b"]', "# \u0085", "wrong = 1"])
    assert [(problem.line, problem.key) for problem in problems(text)] == [(3, "wrong")]


def test_a_wrong_value_inside_an_inline_table_has_the_line_of_its_table(problems: Problems) -> None:
    (problem,) = problems('kpi = "nps"\nweb = { port = -1 }')
    assert (problem.line, problem.key) == (2, "web.port")
