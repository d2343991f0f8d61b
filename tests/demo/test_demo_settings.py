"""The simulated shop's settings fit the shop: every survey is declared and every touchpoint has a grade."""

import tomllib
from pathlib import Path

import pytest

from cxwatch.demo.settings import SETTINGS, write
from streams.clock import HOUR_MS


@pytest.fixture(scope="module")
def events(shop):
    return [event for _, event in shop.events(shop.live_ms, shop.live_ms + 7 * HOUR_MS)]


@pytest.fixture(scope="module")
def settings():
    return tomllib.loads(SETTINGS)


def test_every_survey_asked_is_declared_and_one_is_cold(events, settings):
    assert {event["survey"] for event in events if event["type"] == "feedback"} == set(settings["survey"])
    assert [name for name, survey in settings["survey"].items() if survey["kind"] == "cold"] == ["relationship"]


def test_every_touchpoint_is_graded_and_what_went_wrong_is_below_zero(events, settings):
    bad = {"no_results", "failed", "late", "damaged", "defect", "abandoned", "unsolved", "slow"}
    grades = settings["framework"]["grades"]
    for event in events:
        if event["type"] == "interaction":
            touchpoint, outcome = event["interaction"], event["outcome"]
            grade = grades.get(f"{touchpoint}:{outcome}", grades.get(touchpoint))
            worth = grade["grade"] if isinstance(grade, dict) else grade
            assert (worth < 0) == (outcome in bad), (touchpoint, outcome)


def test_buying_and_delivery_are_moments_of_truth(settings):
    assert {name for name, stage in settings["stage"].items() if stage["moment_of_truth"]} == {"buy", "deliver"}


def test_settings_that_are_there_are_left_alone(tmp_path: Path):
    assert write(tmp_path / "demo", SETTINGS).read_text(encoding="utf-8") == SETTINGS
    (tmp_path / "demo" / "cxwatch.toml").write_text("timezone = 'Europe/Berlin'", encoding="utf-8")
    assert write(tmp_path / "demo", SETTINGS).read_text(encoding="utf-8") == "timezone = 'Europe/Berlin'"
