"""The pages in a real browser: live, blind in both ways, and with hostile text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from alerting import caseactions
from alerting.doing import Doing
from alerting.settings import AlertSettings
from streams.clock import MINUTE_MS
from tests.support.dashboards import World, build_world, busy_day
from tests.support.evidence import told
from tests.support.recovery import morning
from tests.support.served import Served, serve

HOSTILE = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The pages are the same on every database: see the other tests."""
    return build_world(tmp_path)


@pytest.fixture
def served(world: World) -> Iterator[Served]:
    busy_day(world)
    with serve(world.app(beat_seconds=0.3)) as running:
        yield running


class Watched:
    """A page that remembers every complaint of the browser, also about the content security policy."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    page = browser.new_page()
    yield Watched(page)
    page.close()


def test_a_commit_changes_the_page_by_itself(world: World, served: Served, watched: Watched) -> None:
    page = watched.page
    page.goto(served.url)
    expect(page.locator("#kpi")).to_contain_text("n 1,460")
    expect(page.locator("#state-word")).to_have_text("Live")
    page.evaluate("window.sameDocument = true")
    world.answers("web", "support", {10: 100})
    served.call(world.signal.ring)
    expect(page.locator("#cell-web-support")).to_contain_text("n 100")
    expect(page.locator("#kpi")).not_to_contain_text("n 1,460")
    assert page.evaluate("window.sameDocument") is True
    assert watched.complaints == []


def test_a_new_incident_turns_up_in_the_list_and_in_the_bar(world: World, served: Served, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{served.url}/incidents")
    expect(page.locator("#count-incidents")).to_have_text("2")
    page.wait_for_timeout(400)  # the stream is open and knows what is there
    world.incident(2051, "store", "return")
    served.call(world.signal.ring)
    expect(page.locator("#incident-list")).to_contain_text("#2051")
    expect(page.locator("#count-incidents")).to_have_text("3")
    expect(page.locator("#announce")).to_have_text("New incident: store · return")
    assert watched.complaints == []


def test_when_the_data_stops_the_page_goes_grey_and_comes_back(world: World, served: Served, watched: Watched) -> None:
    page = watched.page
    page.goto(served.url)
    expect(page.locator("#banner")).to_be_hidden()
    colour = page.locator("#cell-web-buy").evaluate("cell => getComputedStyle(cell).borderColor")
    world.clock.set(world.clock.now_ms() + 11 * MINUTE_MS)
    expect(page.locator("#banner")).to_be_visible()
    expect(page.locator("#banner")).to_contain_text("Nothing below is newer than 15:41.")
    expect(page.locator("#banner-for")).to_have_text("11 min")
    expect(page.locator("#state-word")).to_have_text("Stale")
    expect(page.locator("#kpi .asof")).to_be_visible()
    assert page.locator("#cell-web-buy").evaluate("cell => getComputedStyle(cell).borderColor") != colour
    world.progress(world.clock.now_ms())
    served.call(world.signal.ring)
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator("#back")).to_have_text("Back at 15:53, gap 15:41..15:53")
    assert watched.complaints == []


def test_when_the_server_is_gone_the_page_says_so_and_finds_it_again(world: World, browser: Browser) -> None:
    busy_day(world)
    page = browser.new_page()
    with serve(world.app(beat_seconds=0.3)) as running:
        page.goto(running.url)
        expect(page.locator("#state-word")).to_have_text("Live")
    page.evaluate("const was = performance.now.bind(performance); performance.now = () => was() + 16000")
    expect(page.locator("#banner-title")).to_have_text("Connection lost")
    expect(page.locator("#banner")).to_contain_text("Nothing below is newer than 15:41.")
    expect(page.locator("html")).to_have_class("lost")
    with serve(world.app(beat_seconds=0.3), running.port):
        expect(page.locator("#state-word")).to_have_text("Live", timeout=15_000)
        expect(page.locator("#banner")).to_be_hidden()
        expect(page.locator("#back")).to_contain_text("Back at 15:42, gap 15:4")
        page.close()


def test_a_page_left_open_says_when_nobody_decides_and_when_nobody_measures(world: World, browser: Browser) -> None:
    busy_day(world)
    seconds, decided = [100.0], [True]
    page = browser.new_page()
    with serve(world.app(beat_seconds=0.2, monotonic=lambda: seconds[0], decided=lambda conn: decided[0])) as running:
        page.goto(running.url)
        expect(page.locator("#state-word")).to_have_text("Live")
        decided[0] = False
        seconds[0] += 2
        page.wait_for_timeout(500)  # it was seen once
        expect(page.locator("#banner")).to_be_hidden()
        seconds[0] += 16
        expect(page.locator("#banner-title")).to_have_text("Detection paused")
        expect(page.locator("html")).to_have_class("undecided")
        decided[0] = True
        seconds[0] += 2
        expect(page.locator("#banner")).to_be_hidden()
        world.ends = {0: 1_244}
        world.clock.set(world.clock.now_ms() + 11 * MINUTE_MS)
        seconds[0] += 2
        expect(page.locator("#banner-rest")).to_contain_text("1,234 events wait in the log, and nobody measures them.")
        expect(page.locator("#banner-label")).to_have_text("not measured for")
    page.close()


def test_hostile_text_stays_text_and_breaks_no_rule(world: World, served: Served, watched: Watched) -> None:
    world.incident(2050, "web", "deliver", sentence=HOSTILE)
    world.comment("web", "deliver", HOSTILE)
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": HOSTILE}]}
    world.preview("p1", [{"type": "rich_text", "elements": [quote]}])
    for path in ("/", "/incidents", "/incidents/2050", "/preview"):
        watched.page.goto(served.url + path)
        expect(watched.page.locator("main")).to_contain_text(HOSTILE)
        assert "owned" not in watched.page.title()
        assert watched.page.locator("main img").count() == 0
    assert watched.complaints == []


def test_a_new_message_appears_on_the_preview_page(world: World, served: Served, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{served.url}/preview")
    expect(page.locator("main")).to_contain_text("No messages yet")
    page.wait_for_timeout(400)
    world.preview("p1", [{"type": "header", "text": {"type": "plain_text", "text": "▼ web · buy: worse"}}])
    served.call(world.signal.ring)
    expect(page.locator("#posts h3")).to_have_text("▼ web · buy: worse")


@pytest.mark.parametrize(
    "path", ["/", "/incidents", "/incidents/2047", "/preview", "/queue?lang=de", "/cases/8812?lang=de"]
)
def test_on_a_phone_nothing_scrolls_sideways(world: World, served: Served, watched: Watched, path: str) -> None:
    morning(world)
    told(world)
    watched.page.set_viewport_size({"width": 390, "height": 844})
    watched.page.goto(served.url + path)
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_drawings_of_an_incident_are_tables_for_whoever_cannot_see_them(
    world: World, served: Served, watched: Watched
) -> None:
    told(world)
    page = watched.page
    page.goto(f"{served.url}/incidents/2047")
    evidence = page.locator("section", has=page.locator("#evidence-title"))
    expect(evidence.get_by_role("img")).to_have_attribute("aria-labelledby", "evidence-drawn evidence-told")
    expect(evidence.locator("table")).to_be_hidden()
    evidence.get_by_text("Show as table").click()
    expect(evidence.get_by_role("row").last).to_contain_text("210 weeksover it")
    expect(page.get_by_role("row", name="payment: failed")).to_contain_text("15 of 18")
    assert watched.complaints == []


def test_without_script_every_page_is_complete(served: Served, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.url}/?window=24h")
    page.get_by_role("link", name="7 days").click()
    expect(page.locator("#sentence")).to_contain_text("NPS")
    page.get_by_role("link", name="Incidents").first.click()
    page.get_by_role("link", name="#2047").click()
    expect(page.locator("h1")).to_contain_text("web · buy")
    context.close()


def test_the_queue_is_worked_with_keys_and_never_jumps(world: World, served: Served, watched: Watched) -> None:
    morning(world)
    served.call(world.signal.ring)
    page = watched.page
    page.goto(f"{served.url}/queue")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("[data-row].chosen a[data-open]")).to_have_text("c_19be07")
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.wait_for_timeout(400)  # the stream is open and knows what is there
    world.case(8900, customer="c_new", severity=50, value=25, repeats=15)
    served.call(world.signal.ring)
    expect(page.locator("#new-cases")).to_contain_text("1 new case since you opened this list")
    expect(page.locator("[data-row]")).to_have_count(8)
    page.keyboard.press("n")
    expect(page.locator("[data-row]")).to_have_count(9)
    page.keyboard.press("/")
    page.keyboard.type("jjk c")  # letters do nothing inside fields
    expect(page.locator("input[type=search]")).to_have_value("jjk c")
    page.locator("#letters").focus()
    page.keyboard.press("c")
    expect(page.locator("h1")).to_have_text("c_7f3a91")
    expect(page.locator("#case-head")).to_contain_text("claimed by you")
    assert watched.complaints == []


def test_what_somebody_types_outlives_what_others_do(world: World, served: Served, watched: Watched) -> None:
    morning(world)
    page = watched.page
    page.goto(f"{served.url}/cases/8812")
    page.get_by_label("Note for the team").first.fill("Refund ordered")
    page.wait_for_timeout(400)
    with world.engine.begin() as conn:
        settings = AlertSettings()
        caseactions.hand_over(conn, settings, 8812, 1, Doing("Lea S.", world.clock.now_ms()), to="Lea S.")
    served.call(world.signal.ring)
    expect(page.locator("#case-head")).to_contain_text("Lea S.")
    expect(page.get_by_label("Note for the team").first).to_have_value("Refund ordered")
    page.get_by_label("Recovered", exact=True).check()
    page.get_by_role("button", name="Save outcome").click()
    expect(page.locator(".told")).to_contain_text("Lea S. was faster")
    expect(page.get_by_label("Note for the team").first).to_have_value("Refund ordered")
    assert [c for c in watched.complaints if "409" not in c] == []


def test_an_agent_can_do_all_of_it_without_script(world: World, served: Served, browser: Browser) -> None:
    morning(world)
    context = browser.new_context(java_script_enabled=False, locale="de-DE", viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{served.url}/queue")
    page.get_by_role("button", name="Übernehmen").first.click()
    expect(page.locator("#case-head")).to_contain_text("übernommen von Ihnen")
    page.get_by_label("Zurückgewonnen", exact=True).check()
    page.get_by_role("button", name="Speichern und weiter").click()
    expect(page.locator("h1")).to_have_text("c_19be07")
    context.close()
