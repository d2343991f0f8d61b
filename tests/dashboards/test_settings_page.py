"""The settings page: what is in force and who said so, without anything that lets somebody in."""

from __future__ import annotations

from pathlib import Path

import pytest
from litestar.testing import TestClient
from sqlalchemy import insert

from alerting.modes import ModeRecord, record
from alerting.settings import AlertSettings
from cxwatch.settings import load_settings
from dashboards.pages.settings import sections
from streams.store.tables import dead_letters
from tests.support.dashboards import NOW_MS, World, busy_day

pytestmark = pytest.mark.slow_on_postgresql

FILE = """
timezone = "Europe/Berlin"

[detection]
false_alerts_per_week = 1

[webhook.crm]
url = "https://hooks.example.com/services/T00/B00/very-secret-path"
"""
ENVIRONMENT = {
    "CXWATCH_WEB_PORT": "8123",
    "SLACK_BOT_TOKEN": "xoxb-very-secret-token",
    "WEBHOOK_SECRET": "whsec-very-secret",
}


def page_of(world: World, folder: Path, address: str = "/settings", text: str = FILE) -> str:
    file = folder / "cxwatch.toml"
    file.write_text(text)
    configuration = load_settings(file, ENVIRONMENT).configuration
    with TestClient(world.app(configuration=configuration)) as client:
        return client.get(address).text


def row(page: str, key: str) -> str:
    """The line of the page's tables that is about this key."""
    return next(line for line in page.splitlines() if f"<code>{key}</code>" in line)


def test_every_value_says_where_it_comes_from(world: World, tmp_path: Path) -> None:
    page = page_of(world, tmp_path)
    assert "file, line 5" in row(page, "detection.false_alerts_per_week")
    assert "8123" in row(page, "web.port")
    assert "environment" in row(page, "web.port")
    assert "default" in row(page, "windows.min_n")
    assert "kafka.partitions" not in page  # plays no part beside the embedded log
    assert "business_hours" not in page


def test_every_table_of_the_settings_has_its_section(tmp_path: Path) -> None:
    file = tmp_path / "cxwatch.toml"
    file.write_text(
        f'log = "kafka://127.0.0.1:9092/t"\n{FILE}\n[[route]]\nto = "#a"\n[business_hours]\nmon = "08:00-18:00"\n'
    )
    found = sections(load_settings(file, ENVIRONMENT).configuration)
    assert "Others" not in [section.name for section in found]
    assert sum(len(section.told) for section in found) > 60


def test_what_lets_somebody_in_is_not_shown(world: World, tmp_path: Path) -> None:
    page = page_of(world, tmp_path)
    assert "very-secret" not in page
    assert "https://hooks.example.com/…" in page
    assert "set, from the environment" in row(page, "SLACK_BOT_TOKEN")
    assert "not set" in row(page, "GRAFANA_TOKEN")


def test_a_budget_is_tried_and_its_lines_are_there_to_copy(world: World, tmp_path: Path) -> None:
    assert "False alerts: at most 1 a week" in page_of(world, tmp_path)
    page = page_of(world, tmp_path, "/settings?budget=0.5")
    assert "[detection]\nfalse_alerts_per_week = 0.5</pre>" in page
    assert "False alerts: at most 1 a week" in page  # in force is what the file says
    for senseless in ("-1", "nan", "1e9", "many"):
        assert "false_alerts_per_week = 1</pre>" in page_of(world, tmp_path, f"/settings?budget={senseless}")


def test_who_switched_messages_on_is_remembered(world: World, tmp_path: Path) -> None:
    assert "Messages are only previewed" in page_of(world, tmp_path)
    with world.engine.begin() as conn:
        record(conn, AlertSettings(), ModeRecord(NOW_MS, "live", None, "jana"))
    page = page_of(world, tmp_path)
    assert "Messages are sent." in page
    assert "<td>jana</td>" in page


def test_refused_events_are_told_by_rule_and_never_by_what_was_sent(world: World, tmp_path: Path) -> None:
    letter = {
        "letter_id": "a",
        "origin": "http",
        "field": "score",
        "value": "jane@example.com",
        "raw": b"jane",
        "times": 398,
    }
    more = {"rule": "must be 0 to 10", "complete": True, "first_ms": NOW_MS, "last_ms": NOW_MS, "state": "kept"}
    with world.engine.begin() as conn:
        conn.execute(insert(dead_letters).values(**letter, **more))
    page = page_of(world, tmp_path)
    assert "must be 0 to 10" in page
    assert ">398<" in page
    assert "jane" not in page


def test_alerts_of_the_last_weeks_stand_beside_the_promise(world: World, tmp_path: Path) -> None:
    busy_day(world)
    assert "3 paged, 1 of them taken by somebody; 1 held back" in page_of(world, tmp_path)


def test_it_is_german_too(world: World, tmp_path: Path) -> None:
    page = page_of(world, tmp_path, "/settings?lang=de&budget=0.5")
    for said in ("Einstellungen", "Mit wie vielen Fehlalarmen können Sie leben?", "Datei, Zeile 5", "0,5", "Quellen"):
        assert said in page
