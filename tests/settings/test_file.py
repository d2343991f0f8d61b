"""What cxwatch.toml may say, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from alerting.settings import AlertSettings, Route
from cxwatch.settings import KafkaSettings, Problem, Settings, SettingsError, WebSettings, load_settings
from detectors.settings import DetectionSettings
from streams.settings import Grade, MeasureSettings, Stage, Survey, Wait

Load = Callable[..., Settings]
Problems = Callable[..., list[Problem]]

EVERYTHING = """
channels = ["web", "kiosk"]
stages = ["buy", "deliver"]
timezone = "Europe/Berlin"
kpi = "csat"
data_dir = "data"
log = "sqlite"
database = "postgresql+psycopg://cx@db.example.com/cx"

[stage.buy]
moment_of_truth = true
label = "Checkout"

[survey.yearly]
kind = "cold"
scale = "1-7"
ces_version = 1

[framework.grades]
"payment:failed" = { grade = -4, kano = "basic", moment_of_truth = true }
"delivery:on_time" = 2

[framework.waits]
"call" = 120
"mail" = { seconds = 86400, grade = -2 }

[framework.promises]
"delivery" = -3

[windows]
min_n = 5
lateness_seconds = 30
history_after_seconds = 7200

[detection]
false_alerts_per_week = 0.5
least_evidence = 50
detectors = ["bad_volume"]
assumed_bad_share = 0.1

[kafka]
partitions = 24
replication = 3
group = "g"
client_id = "c"
instance_id = "one"
security = "SASL_SSL"

[alerts]
mode = "live"
hold_off_seconds = 0
incidents_to = "#noc"
cases_to = "#care"
reopen_minutes = 10
quotes_max = 1

[[route]]
to = "#shop"
about = "incident"
channels = ["web"]
stages = ["buy"]
severity_from = "major"

[[route]]
to = "C0123ABCD"

[cases]
open_from = 70
value_for_full = 9000

[cases.first_contact_minutes]
default = 120
Gold = 30

[cases.tier_value]
gold = 20

[web]
host = "::1"
port = 9000
public_url = "https://cx.example.com/"

[retention]
feedback_days = 100
minute_pane_days = 5
hour_pane_days = 90
dedupe_hours = 24
dedupe_max = 5000
dead_letters_max = 500
log_days = 50
"""


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder other than the settings file's."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_without_a_file_every_key_has_its_default(elsewhere: Path) -> None:
    settings = load_settings(None, {})
    assert settings.source is None
    assert (settings.kpi, settings.log, settings.database, settings.log_days) == ("nps", "sqlite", "sqlite", 400)
    assert settings.data_dir == Path("cxwatch-data")
    assert settings.measure == MeasureSettings()
    assert settings.measure.min_n == 10
    assert settings.detection == DetectionSettings()
    assert settings.detection.false_alerts_per_week == 2
    assert settings.web == WebSettings("127.0.0.1", 8000, None)
    assert settings.kafka == KafkaSettings(partitions=12, instance_id=settings.kafka.instance_id)
    assert settings.names_given == frozenset()


def test_without_a_file_nothing_is_said_about_the_mode_and_alerts_hold_off_a_minute(elsewhere: Path) -> None:
    alerts = load_settings(None, {}).alerts
    assert alerts.mode is None  # `cxwatch live` and `pause` decide
    assert alerts.hold_off_seconds == 60
    assert (alerts.routes, alerts.slack_token) == ((), None)
    assert alerts.public_url == "http://127.0.0.1:8000"


def test_an_empty_file_is_no_file(load: Load, elsewhere: Path) -> None:
    with_file, without = load(""), load_settings(None, {})
    assert (with_file.measure, with_file.detection, with_file.alerts) == (
        without.measure,
        without.detection,
        without.alerts,
    )


def test_the_top_level_is_read(load: Load, file: Path) -> None:
    settings = load(EVERYTHING)
    assert settings.source == file
    assert settings.measure.channels == ("web", "kiosk")
    assert settings.measure.stages == ("buy", "deliver")
    assert (settings.kpi, settings.log) == ("csat", "sqlite")
    assert settings.database == "postgresql+psycopg://cx@db.example.com/cx"
    assert settings.data_dir == file.parent / "data"


def test_one_timezone_governs_baselines_messages_and_display(load: Load) -> None:
    settings = load(EVERYTHING)
    found = {settings.measure.timezone, settings.detection.timezone, settings.alerts.timezone}
    assert found == {"Europe/Berlin"}


def test_measuring_is_read(load: Load) -> None:
    measure = load(EVERYTHING).measure
    assert measure.stage == {"buy": Stage(moment_of_truth=True, label="Checkout")}
    assert measure.surveys == {"yearly": Survey(kind="cold", scale="1-7", ces_version=1)}
    assert measure.framework.grades == {
        "payment:failed": Grade(-4, "basic", moment_of_truth=True),
        "delivery:on_time": Grade(2),
    }
    assert measure.framework.waits == {"call": Wait(120.0), "mail": Wait(86_400.0, -2)}
    assert measure.framework.promises == {"delivery": -3}
    assert (measure.min_n, measure.lateness_seconds, measure.history_after_seconds) == (5, 30, 7200)


def test_detection_is_read(load: Load) -> None:
    assert load(EVERYTHING).detection == DetectionSettings(0.5, 50, ("bad_volume",), 0.1, "Europe/Berlin")


def test_alerts_routes_and_cases_are_read(load: Load) -> None:
    assert load(EVERYTHING).alerts == AlertSettings(
        mode="live",
        hold_off_seconds=0,
        routes=(Route("#shop", "incident", ("web",), ("buy",), "major"), Route("C0123ABCD")),
        incidents_to="#noc",
        cases_to="#care",
        reopen_minutes=10,
        quotes_max=1,
        cases_open_from=70,
        value_for_full=9000.0,
        first_contact_minutes={"gold": 30},  # tiers are compared in lower case
        first_contact_minutes_default=120,
        tier_value={"gold": 20},
        public_url="https://cx.example.com",
        timezone="Europe/Berlin",
        buttons=False,
    )


def test_web_and_kafka_are_read(load: Load) -> None:
    settings = load(EVERYTHING)
    assert settings.web == WebSettings("::1", 9000, "https://cx.example.com/")
    assert settings.web.url == "https://cx.example.com"
    assert settings.kafka == KafkaSettings(
        partitions=24, replication=3, group="g", client_id="c", instance_id="one", security="SASL_SSL"
    )


def test_retention_is_read(load: Load) -> None:
    settings = load(EVERYTHING)
    m = settings.measure
    assert (m.feedback_days, m.minute_pane_days, m.hour_pane_days) == (100, 5, 90)
    assert (m.dedupe_hours, m.dedupe_max, m.dead_letters_max) == (24, 5000, 500)
    assert settings.log_days == 50


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("", set()),
        ('channels = ["web"]', {"channels"}),
        ('stages = ["buy"]', {"stages"}),
        ('channels = ["web"]\nstages = ["buy"]', {"channels", "stages"}),
        ("[stage.buy]\nmoment_of_truth = true", set()),
    ],
)
def test_whether_somebody_chose_channels_and_stages_is_remembered(load: Load, text: str, given: set[str]) -> None:
    assert load(text).names_given == given


def test_the_data_folder_is_relative_to_the_settings_file(load: Load, file: Path, elsewhere: Path) -> None:
    assert load('data_dir = "here"').data_dir == file.parent / "here"
    assert load("").data_dir == file.parent / "cxwatch-data"
    assert load("").state_path.parent == load("").log_path.parent == file.parent / "cxwatch-data"


def test_an_absolute_data_folder_and_a_home_stay_what_they_are(load: Load) -> None:
    assert load('data_dir = "/srv/cx"').data_dir == Path("/srv/cx")
    assert load('data_dir = "~/cx"').data_dir == Path.home() / "cx"


def test_cxwatch_toml_of_the_working_folder_is_read_when_none_is_named(elsewhere: Path) -> None:
    (elsewhere / "cxwatch.toml").write_text("[web]\nport = 8123\n")
    settings = load_settings(None, {})
    assert settings.web.port == 8123
    assert settings.source == Path("cxwatch.toml")
    assert settings.data_dir.resolve() == elsewhere / "cxwatch-data"


def test_a_named_file_wins_over_that_of_the_working_folder(load: Load, elsewhere: Path) -> None:
    (elsewhere / "cxwatch.toml").write_text("[web]\nport = 8123\n")
    assert load("[web]\nport = 9999").web.port == 9999


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf[web]\r\nport = 81\r\n")
    assert load_settings(file, {}).web.port == 81


def test_a_named_file_that_is_missing_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read.*`cxwatch init`") as raised:
        load_settings(tmp_path / "none.toml", {})
    assert "none.toml" in str(raised.value)


def test_a_folder_is_not_a_settings_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path, {})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb = [\n", 3),  # ends too early
        ('kpi = "nps"\n[web\nport = 1\n', 2),
        ("port: 8000\n", 1),
        ('kpi = "nps"\nkpi = "csat"\n', 2),
    ],
)
def test_what_is_not_toml_is_named_with_its_line(problems: Problems, file: Path, text: str, line: int) -> None:
    (problem,) = problems(text)
    assert problem.file == str(file)
    assert abs(problem.line - line) <= 1
    assert problem.text.startswith("is not TOML: ")


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "1" * 5000])
def test_what_the_reader_of_toml_chokes_on_is_an_error_in_words(problems: Problems, file: Path, text: str) -> None:
    (problem,) = problems(text)
    assert problem.file == str(file)
    assert len(str(problem)) < 500


def test_what_is_not_utf8_is_refused(file: Path) -> None:
    file.write_bytes('kpi = "nps" # für alle'.encode("latin-1"))
    with pytest.raises(SettingsError, match="is not UTF-8"):
        load_settings(file, {})


def test_a_file_of_more_than_4_mb_is_refused(file: Path) -> None:
    file.write_text("# " + "x" * (4 * 1024 * 1024))
    with pytest.raises(SettingsError, match="larger than 4 MB"):
        load_settings(file, {})


def test_settings_errors_end_a_command_with_2() -> None:
    assert SettingsError([]).exit_code == 2


def test_business_hours_are_read(load):
    text = """
timezone = "Europe/Berlin"
[business_hours]
mon = "08:00-12:00, 13:00-18:00"
sat = "closed"
holidays = ["2026-12-25"]
"""
    hours = load(text).alerts.hours
    assert hours.week == (((480, 720), (780, 1_080)), (), (), (), (), (), ())
    assert (hours.timezone, hours.always, len(hours.holidays)) == ("Europe/Berlin", False, 1)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('mon = "8-18"', "mon"),
        ('mon = "18:00-08:00"', "mon"),
        ('mon = "08:00-12:00, 11:00-18:00"', "mon"),
        ('mon = "closed"', "mon"),
        ('mon = "08:00-25:00"', "mon"),
        ('mon = "08:00-18:00"\nholidays = ["Christmas"]', "holidays"),
        ('holidays = ["2026-12-25"]', "holidays"),
        ('monday = "08:00-18:00"', "monday"),
    ],
)
def test_business_hours_that_mean_nothing_are_refused(load, table, key):
    with pytest.raises(SettingsError) as refused:
        load(f"[business_hours]\n{table}\n")
    assert f"business_hours.{key}" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[webhook.pager]\nurl = "https://example.com/hook"', "WEBHOOK_SECRET"),
        ('[webhook.pager]\nurl = "http://example.com/hook"', "https://"),
        ("[webhook.pager]\n", "is missing"),
        ('[[route]]\nto = "webhook:pager"', "add [webhook.pager]"),
    ],
)
def test_a_webhook_needs_a_safe_address_a_secret_and_its_table(load, text, said):
    with pytest.raises(SettingsError) as refused:
        load(text)
    assert said in str(refused.value)


def test_a_route_leads_to_a_webhook(load):
    text = '[webhook.pager]\nurl = "https://example.com/hook"\n[[route]]\nto = "webhook:pager"\n'
    alerts = load(text, {"WEBHOOK_SECRET": "whsec_c2VjcmV0"}).alerts
    assert alerts.webhooks == {"pager": "https://example.com/hook"}
    assert alerts.routes[0].to == "webhook:pager"
    assert "whsec" not in repr(alerts)


def test_buttons_are_shown_where_something_answers_them(load):
    assert load("").alerts.buttons is False
    assert load("", {"SLACK_APP_TOKEN": "xapp-1"}).alerts.buttons is True
    assert load("", {"SLACK_SIGNING_SECRET": "s"}).alerts.buttons is True
