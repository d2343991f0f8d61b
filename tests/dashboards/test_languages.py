"""The pages in two languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from litestar.testing import TestClient

from dashboards.pages.german import GERMAN
from dashboards.pages.german import PAGES as GERMAN_PAGES
from dashboards.pages.language import Language
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS
from tests.support.dashboards import NOW_MS, World, busy_day

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "dashboards" / "pages"
SIGN_IN = ROOT / "cxwatch" / "access" / "templates" / "sign_in.html"
SAID = re.compile(r'\b_\(\s*"((?:[^"\\]|\\.)*)"')
CODE = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}|<(pre|code)\b.*?</\1>", re.DOTALL)
SAME_IN_BOTH = {"cxwatch", "CSV", "CX", "APP", "Ctrl", "Enter", "min"}
pytestmark = pytest.mark.slow_on_postgresql


def test_everything_the_pages_say_is_said_in_german_too() -> None:
    files = [*PAGES.glob("templates/*.html"), *PAGES.glob("*.py"), SIGN_IN]
    said = {text for file in files for text in SAID.findall(file.read_text())}
    assert len(said) > 100
    assert said - GERMAN.keys() == set()


def test_no_template_says_anything_in_one_language_only() -> None:
    for file in sorted({*PAGES.glob("templates/*.html"), SIGN_IN}):
        text = CODE.sub(" ", file.read_text())
        said = re.sub(r"<[^>]*>|&\w+;", " ", text)
        words = set(re.findall(r"[^\W\d_]{2,}", said))
        assert words <= SAME_IN_BOTH, (file.name, words - SAME_IN_BOTH)
        for name, label in re.findall(r'\b(aria-label|alt|placeholder|title|data-label)="([^"]*)"', text):
            assert not re.search(r"[a-z]{2,}", label), (file.name, name, label)


def test_a_translation_names_the_same_values() -> None:
    for english, german in GERMAN.items():
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", german)), english


def test_what_is_said_on_two_pages_is_said_in_the_same_words() -> None:
    for page in GERMAN_PAGES:
        for english, words in page.WORDS.items():
            assert GERMAN[english] == words, (page.__name__, english)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("en", ["1,541", "2.9", "+1.2", "−0.4", "0.0", "14:05", "3 Nov 14:05", "2 days", "overdue 14 min"]),
        ("de", ["1.541", "2,9", "+1,2", "−0,4", "0,0", "14:05", "3. Nov. 14:05", "2 Tage", "14 min überfällig"]),
    ],
)
def test_numbers_and_times_are_written_as_readers_expect(code: str, said: list[str]) -> None:
    _ = Language(code, "Europe/Berlin")
    five_past_two = NOW_MS - 97 * MINUTE_MS
    assert [
        _.count(1541),
        _.number(2.9),
        _.signed(1.2),
        _.signed(-0.4),
        _.signed(-0.01),
        _.near(five_past_two, NOW_MS),
        _.near(five_past_two - 14 * DAY_MS, NOW_MS),
        _.duration(48 * HOUR_MS),
        _.due(NOW_MS - 14 * MINUTE_MS, NOW_MS),
    ] == said


def test_the_language_is_kept_once_chosen_and_else_the_browsers(world: World, client: TestClient) -> None:
    busy_day(world)
    assert '<html lang="en"' in client.get("/queue").text
    assert '<html lang="de"' in client.get("/queue", headers={"Accept-Language": "de-AT,en;q=0.5"}).text
    chosen = client.get("/queue?lang=de&view=mine")
    assert '<html lang="de"' in chosen.text
    assert 'href="/queue?view=mine&amp;lang=en"' in chosen.text
    assert '<html lang="de"' in client.get("/queue").text
    assert '<html lang="en"' in client.get("/queue?lang=xx", headers={"Cookie": ""}).text
