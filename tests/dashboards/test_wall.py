"""The wall in a real browser: one screen, large enough, with contrast; and no colour while it is blind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient
from playwright.sync_api import Browser, Page, expect

from streams.clock import MINUTE_MS
from tests.support.dashboards import World, build_world, busy_day
from tests.support.recovery import morning
from tests.support.served import serve
from tests.support.wall_heap import wall_heaps

HOSTILE = "<script>alert(1)</script> <!channel> \u202egnp.exe"
LOOK = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [.2126, .7152, .0722][at], 0);
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
    if (!own || !node.checkVisibility() || node.closest(".unseen, svg, noscript")) continue;
    let under = node, back = [0, 0, 0, 0];
    while (under && back[3] === 0) {
      back = rgb(getComputedStyle(under).backgroundColor);
      if (back.length === 3) back[3] = 1;
      under = under.parentElement;
    }
    const style = getComputedStyle(node);
    const [high, low] = [light(rgb(style.color)), light(back)].sort((a, b) => b - a);
    const contrast = (high + .05) / (low + .05);
    found.push({ text: node.textContent.trim().slice(0, 40), size: parseFloat(style.fontSize), contrast });
  }
  return found;
}"""


@pytest.fixture
def screen(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1920, "height": 1080}, color_scheme="light")
    yield page
    page.close()


@pytest.mark.parametrize("lang", ["en", "de"])
def test_it_is_read_from_afar_and_fits_one_screen(tmp_path: Path, screen: Page, lang: str) -> None:
    world = build_world(tmp_path)
    busy_day(world)
    morning(world)
    with serve(world.app(beat_seconds=0.3)) as running:
        for age in (0, 11):
            world.clock.set(world.clock.now_ms() + age * MINUTE_MS)
            screen.goto(f"{running.url}/wall?kiosk&lang={lang}")
            assert ("stale" in (screen.locator("html").get_attribute("class") or "")) == (age > 0)
            seen = screen.evaluate(LOOK)
            assert len(seen) > 60
            assert [one for one in seen if one["size"] < 21.9] == []
            assert [one for one in seen if one["contrast"] < 7] == []
            assert screen.evaluate("document.documentElement.scrollHeight") <= 1080
            assert screen.evaluate("document.documentElement.scrollWidth") <= 1920
            last = screen.locator("#wall-incidents li").last.bounding_box()
            assert last is not None
            assert last["y"] + last["height"] <= 1080


def test_colours_are_for_what_is_beyond_chance_and_go_while_data_is_old(tmp_path: Path, screen: Page) -> None:
    world = build_world(tmp_path)
    busy_day(world)
    colours = "cells => new Set(cells.map(cell => getComputedStyle(cell).backgroundColor)).size"
    with serve(world.app(beat_seconds=0.3)) as running:
        screen.goto(f"{running.url}/wall")
        cells = screen.locator("#wall-places tbody td")
        assert cells.locator("xpath=self::*[@class='incident']").count() == 2
        assert cells.locator("xpath=self::*[@class='above']").count() == 1
        assert cells.evaluate_all(colours) == 4  # grey, incident, above, not offered
        world.clock.set(world.clock.now_ms() + 11 * MINUTE_MS)
        expect(screen.locator("#banner")).to_be_visible()
        expect(screen.locator("#kpi .asof")).to_be_visible()
        assert cells.evaluate_all(colours) == 2  # grey, not offered


@pytest.mark.long
def test_left_on_for_long_it_does_not_grow(tmp_path: Path, browser: Browser) -> None:
    """10,000 of them in bench/wall_heap.py."""
    world = build_world(tmp_path)
    busy_day(world)
    morning(world)
    with serve(world.app()) as running:
        early, late = wall_heaps(browser, world, running, (150, 600))
    assert late.nodes <= early.nodes + 50
    assert late.listeners <= early.listeners
    assert late.used < 1.2 * early.used


def test_text_on_the_wall_is_text(tmp_path: Path) -> None:
    world = build_world(tmp_path)
    busy_day(world)
    world.incident(2050, "web", "deliver", sentence=HOSTILE, acknowledged_by=HOSTILE, acknowledged_ms=1)
    with TestClient(world.app()) as client:
        page = client.get("/wall").text
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert " style=" not in page


def test_an_empty_wall_says_so(tmp_path: Path) -> None:
    world: World = build_world(tmp_path)
    with TestClient(world.app()) as client:
        page = client.get("/wall?lang=de").text
    assert "keine Daten" in page
    assert "Kein Vorfall ist offen" in page
