"""An on-call evening and a recovery agent's morning, with the whole product and in a real browser.

A delivery partner fails at 17:05. Slack tells it once, somebody takes it, it ends by itself; in the morning another
person works the queue of customers it hit. CXWATCH_TEST_PICTURES=FOLDER keeps pictures of it (docs/tour.md).
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.dashboards import build_world
from tests.support.house import PASSWORD, House, house
from tests.support.served import serve

LIVE_MS = 1_795_021_200_000  # Wed 18 Nov 2026, 17:00 UTC
PICTURES = os.environ.get("CXWATCH_TEST_PICTURES")
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

pytestmark = pytest.mark.long
expect.set_options(timeout=30_000)  # on a busy machine the server rests between two looks at thousands of cases


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with house(folder, LIVE_MS, jana="agent", karim="agent", ada="admin") as made:
        yield made


class Person:
    """Somebody at a screen of their own."""

    def __init__(self, browser: Browser, shop: House, name: str, **context: object) -> None:
        self.context: BrowserContext = browser.new_context(**{"viewport": WIDE, **context})  # type: ignore[arg-type]  # as playwright names them
        self.page: Page = self.context.new_page()
        self.shop = shop
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: self._said(message.type, message.text))
        self.page.goto(f"{shop.url}/queue")
        self.page.locator("input[name=name]").fill(name)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.locator("form button[type=submit]").first.click()
        expect(self.page).to_have_url(f"{shop.url}/queue")

    def _said(self, kind: str, text: str) -> None:
        if kind == "error" and "409" not in text:  # being too late is an answer, which browsers complain about
            self.complaints.append(text)

    def go(self, path: str) -> Page:
        self.page.goto(f"{self.shop.url}{path}")
        return self.page

    def picture(self, name: str, *, whole: bool = False) -> None:
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{PICTURES}/{name}.jpg", type="jpeg", quality=60, full_page=whole)

    def leave(self) -> None:
        assert self.complaints == []
        self.context.close()


Message = dict[str, Any]


def alerts(shop: House) -> list[Message]:
    """Messages of incidents, the oldest first."""
    return [m for m in shop.slack.parents() if m["channel"] == "C0ALERTS01"]


def blocks_of(message: Message) -> list[Message]:
    found = message["blocks"]
    return list(json.loads(found) if isinstance(found, str) else found)


def number_of(message: Message) -> str:
    """The incident that a message is about."""
    found = re.search(r"#(\d+)", json.dumps(blocks_of(message)))
    assert found is not None
    return found.group(1)


def thread(shop: House) -> str:
    return "\n".join(str(note["text"]) for note in shop.slack.thread(alerts(shop)[0]["ts"]))


def picture_of_slack(browser: Browser, shop: House, folder: Path) -> None:
    """The first incident's thread as the preview page draws it."""
    world = build_world(folder)
    message = alerts(shop)[0]
    world.preview("message", blocks_of(message))
    for number, note in enumerate(shop.slack.thread(message["ts"])):
        world.preview(f"note-{number}", blocks_of(note), thread="message")
    with serve(world.app()) as served:
        page = browser.new_page(viewport={"width": 900, "height": 800})
        page.goto(f"{served.url}/preview")
        expect(page.locator("#main")).to_contain_text("Acknowledged by jana")
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/slack.jpg", type="jpeg", quality=60, full_page=True)
        page.close()


def test_the_evening_of_whoever_is_on_call(shop: House, browser: Browser, tmp_path: Path) -> None:
    shop.pass_time(2)
    jana = Person(browser, shop, "jana", color_scheme="dark")
    page = jana.go("/")
    expect(page.locator("#state-word")).to_have_text("Live")
    jana.picture("overview-calm")

    shop.until("Slack tells of it", lambda: len(alerts(shop)) == 1, minutes=60)
    assert "deliver" in str(alerts(shop)[0]["text"])
    expect(page.locator("#count-incidents")).to_have_text("1")  # without a reload
    jana.picture("overview-incident")

    number = number_of(alerts(shop)[0])
    page = jana.go(f"/incidents/{number}")
    expect(page.locator(".sentence")).to_contain_text("usual")
    jana.picture("incident", whole=True)
    edits = alerts(shop)[0]["edits"]
    page.get_by_role("button", name="Take it").click()
    expect(page.locator(".tag.taken")).to_contain_text("taken by jana")
    shop.pass_time(3)
    assert alerts(shop)[0]["edits"] > edits  # the same message, and no other
    assert "jana" in thread(shop)
    jana.picture("incident-taken")

    page = jana.go("/wall")
    expect(page.locator("body")).to_contain_text("deliver")
    jana.picture("wall")

    page = jana.go(f"/incidents/{number}")
    shop.until("it is over by itself", lambda: "Resolved by itself" in thread(shop), minutes=8 * 60, at_once=10)
    expect(page.locator("h1")).to_contain_text("back to usual")  # without a reload, too
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    assert set(Counter(map(number_of, alerts(shop))).values()) == {1}  # one thread an incident
    jana.picture("incident-over", whole=True)
    jana.go("/incidents")
    jana.picture("incidents")
    picture_of_slack(browser, shop, tmp_path)
    jana.leave()


def test_the_morning_of_a_recovery_agent(shop: House, browser: Browser) -> None:
    shop.pass_time(9 * 60, at_once=60)
    karim = Person(browser, shop, "karim", locale="de-DE")
    page = karim.go("/queue")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    karim.picture("queue-de", whole=False)
    first = page.locator("a[href^='/cases/']").first.get_attribute("href")
    assert first is not None

    jana = Person(browser, shop, "jana", viewport=PHONE, color_scheme="dark")
    late = jana.go(first)
    jana.picture("case-phone-dark")
    page = karim.go(first)
    page.locator(f"form[action='{first}/claim'] button").first.click()
    expect(page.locator("body")).to_contain_text("karim")
    late.locator(f"form[action='{first}/claim'] button").first.click()
    expect(late.locator("#main")).to_contain_text("karim")  # too late, and told who was faster
    jana.go("/queue")
    jana.picture("queue-phone-dark")

    karim.picture("case-de", whole=True)
    page.locator("summary[data-key=a]").click()
    form = page.locator(f"form[action='{first}/contact']")
    form.locator("textarea[name=note]").fill("Entschuldigung angenommen")
    form.locator("button[type=submit]").first.click()
    expect(page.locator("#case-history")).to_contain_text("karim")
    page.locator("input[name=outcome][value=recovered]").check()
    page.locator("input[name=main_reason]").fill("late_delivery")
    page.locator(f"form[action='{first}/close'] button[value=case]").click()
    expect(page.locator("#ended")).to_contain_text("zurückgewonnen")
    karim.picture("case-recovered-de")

    told = karim.context.request.get(f"{shop.url}/queue.csv")
    rows = list(csv.reader(io.StringIO(told.body().decode("utf-8-sig"))))
    assert len(rows) > 1
    assert not any(cell[:1] in ("=", "+", "@") for row in rows for cell in row)
    karim.leave()
    jana.leave()


def test_every_page_in_both_languages_light_and_dark_wide_and_on_a_phone(shop: House, browser: Browser) -> None:
    number = number_of(alerts(shop)[0])
    paths = ["/", "/incidents", f"/incidents/{number}", "/queue", "/journey", "/wall", "/preview", "/settings"]
    for locale, scheme, size in (("en-GB", "light", WIDE), ("de-DE", "dark", WIDE), ("de-DE", "light", PHONE)):
        ada = Person(browser, shop, "ada", locale=locale, color_scheme=scheme, viewport=size)
        for path in paths:
            page = ada.go(path)
            expect(page.locator("html")).to_have_attribute("lang", locale[:2])
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
            name = path.strip("/").split("/")[0] or "overview"
            name += "-one" if path.count("/") > 1 else ""
            ada.picture(f"all/{name}-{locale[:2]}-{scheme}-{size['width']}")
        ada.leave()
