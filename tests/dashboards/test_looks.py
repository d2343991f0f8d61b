"""How pages look to different people: dark or light as they choose, on paper, enlarged, without movement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient
from playwright.sync_api import Browser, Page, expect

from tests.support.dashboards import World, build_world, busy_day
from tests.support.journeys import week
from tests.support.recovery import morning
from tests.support.served import Served, serve

CSS = Path(__file__).parents[2] / "dashboards" / "static" / "app.css"
PAGES = ("/", "/incidents", "/incidents/2047", "/queue", "/cases/8812", "/journey", "/settings", "/preview")
LIGHT, DARK = "rgb(244, 246, 248)", "rgb(14, 18, 22)"
GROUND = "getComputedStyle(document.body).backgroundColor"
SHOWN = "node => node.checkVisibility()"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    world: World = build_world(tmp_path_factory.mktemp("looks"))
    busy_day(world)
    morning(world)
    week(world, customers=10)
    with serve(world.app()) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="de-DE", color_scheme="dark", java_script_enabled=False)
    page = context.new_page()
    yield page
    context.close()


def test_a_persons_choice_of_light_or_dark_wins_and_is_kept_without_script(served: Served, page: Page) -> None:
    page.goto(f"{served.url}/queue?view=mine")
    assert page.evaluate(GROUND) == DARK  # as the system says
    page.get_by_role("link", name="hell", exact=True).click()
    expect(page).to_have_url(f"{served.url}/queue?view=mine")  # an address that is sent on chooses for nobody else
    assert page.evaluate(GROUND) == LIGHT
    page.goto(f"{served.url}/incidents")
    assert page.evaluate(GROUND) == LIGHT
    page.emulate_media(color_scheme="light")
    page.get_by_role("link", name="dunkel", exact=True).click()
    expect(page.get_by_role("link", name="dunkel", exact=True)).to_have_attribute("aria-current", "true")
    assert page.evaluate(GROUND) == DARK
    page.get_by_role("link", name="wie das System").click()
    expect(page.get_by_role("link", name="wie das System")).to_have_attribute("aria-current", "true")
    assert page.evaluate(GROUND) == LIGHT


def test_both_ways_to_be_dark_have_the_same_colours() -> None:
    by_system, chosen = re.findall(r"^@media screen[^{]*{\s*:root[^{]*{([^}]*)}", CSS.read_text(), re.MULTILINE)
    assert by_system.split() == chosen.replace("color-scheme: dark;", "").split()


def test_a_choice_that_makes_no_sense_changes_nothing(tmp_path: Path) -> None:
    world = build_world(tmp_path)
    with TestClient(world.app()) as client:
        answer = client.get("/queue?theme=<script>", follow_redirects=False)
        assert answer.status_code == 200
        assert "cxwatch_theme" not in answer.headers.get("set-cookie", "")
        assert client.get("/queue?theme=dark", follow_redirects=False).headers["location"] == "/queue"
        assert 'data-theme="dark"' in client.get("/nowhere").text


def test_enlarged_to_twice_the_size_nothing_scrolls_sideways(served: Served, page: Page) -> None:
    page.set_viewport_size({"width": 640, "height": 400})  # what is left of 1280x800 at 200 %
    for path in PAGES:
        page.goto(f"{served.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 640, path


def test_on_paper_there_is_the_page_without_bar_and_buttons_on_white(served: Served, page: Page) -> None:
    page.goto(f"{served.url}/cases/8812?theme=dark")
    page.emulate_media(media="print")
    for path in ("/cases/8812", "/incidents/2047", "/queue", "/"):
        page.goto(f"{served.url}{path}")
        assert page.evaluate(GROUND) == "rgb(255, 255, 255)"
        assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(0, 0, 0)"
        hidden = page.locator(".bar nav, button, .looks, .segmented")
        assert not any(hidden.evaluate_all(f"nodes => nodes.map({SHOWN})")), path
        assert page.locator("#bar-now").evaluate(SHOWN)  # the time of the numbers
    link = page.locator("#incidents a.nr").first
    assert link.evaluate("link => getComputedStyle(link, '::after').content") == '" (/incidents/2049)"'
    assert page.locator(".asof").first.evaluate(SHOWN)


def test_nothing_moves_for_who_asked_for_that(served: Served, browser: Browser) -> None:
    moving = "document.querySelector('#kpi').classList.add('fresh'), getComputedStyle(document.querySelector('#kpi'))"
    for wanted, name in (("reduce", "none"), ("no-preference", "fresh")):
        context = browser.new_context(reduced_motion=wanted)  # type: ignore[arg-type]  # one of the two
        page = context.new_page()
        page.goto(served.url)
        assert page.evaluate(f"({moving}).animationName") == name
        context.close()


def test_the_switch_breaks_no_rule_of_the_content_security_policy(served: Served, browser: Browser) -> None:
    complaints: list[str] = []
    page = browser.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{served.url}/journey?theme=dark")
    expect(page.locator("#state-word")).to_have_text("Live")
    assert page.evaluate(GROUND) == DARK
    assert complaints == []
    page.close()
