"""A wall left on for days, in minutes: updates sent through its own event handlers, each shown before the next is sent.

The page, its script and its stream are real; only time is not waited for: the pause of half a second between two
refreshes is skipped by moving the page's clock, and pages come out of four real ones that were fetched before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playwright.sync_api import Browser, expect

from streams.clock import MINUTE_MS
from tests.support.dashboards import World
from tests.support.served import Served

PAGES = 4
BEFORE = """
window.EventSource = class extends window.EventSource {
  constructor(...given) { super(...given); window.wall = this; }
};
const now = performance.now.bind(performance); let skipped = 0;
performance.now = () => now() + skipped;
window.skip = (ms) => { skipped += ms; };
"""
GO = """async ([pages, from, to, start]) => {
  const way = new MessageChannel();
  const turn = () => new Promise((done) => { way.port1.onmessage = done; way.port2.postMessage(0); });
  const say = (name, data) => window.wall.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  window.fetch = async () => new Response(pages[window.at % pages.length]);
  const number = (page) => page.querySelector("#kpi .w-interval")?.textContent;
  const shown = () => number(document);
  const wanted = pages.map((page) => number(new DOMParser().parseFromString(page, "text/html")));
  const place = { channel: "web", stage: "buy" };
  for (let at = from; at < to; at++) {
    window.at = at;
    window.skip(600);
    const time = new Date(start + at * 600).toISOString();
    say("beat", { now: time, newest: time, state: "live", speed: 1, age_seconds: 0, stale_after_seconds: 120,
      usual_gap_seconds: 3, open_incidents: 2, messages: "", troubles: "", unmeasured: 0, undecided: false,
      back: null });
    if (at % 10 === 0) say("incident", { number: 3000 + at, segment: place, state: "firing", spam: false });
    else say("window", { items: [], gone: [], complete: false });
    for (const until = Date.now() + 20000; shown() !== wanted[at % pages.length]; ) {
      if (Date.now() > until) throw new Error(`update ${at} was not shown`);
      await turn();
    }
  }
}"""


@dataclass(frozen=True, slots=True)
class Heap:
    """After garbage was collected: bytes of JavaScript, nodes of all documents, and listeners."""

    updates: int
    used: int
    nodes: int
    listeners: int


def wall_heaps(browser: Browser, world: World, served: Served, marks: Sequence[int]) -> list[Heap]:
    """The wall's heap after so many updates each (rising)."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.add_init_script(BEFORE)
    page.goto(f"{served.url}/wall")
    expect(page.locator("#state-word")).to_have_text("Live")
    pages = []
    for number in range(PAGES):
        world.answers("web", "buy", {10: 30 + 5 * number, 9: 8, 8: 20, 4: 20, 1: 22})
        world.clock.set(world.clock.now_ms() + MINUTE_MS)
        world.progress(world.clock.now_ms() - 2_000)
        served.call(world.signal.ring)
        pages.append(context.request.get(f"{served.url}/wall").text())
    session = context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    session.send("Performance.enable")
    heaps, done = [], 0
    for mark in marks:
        page.evaluate(GO, [pages, done, mark, world.clock.now_ms()])
        done = mark
        heaps.append(_heap(session, mark))
    context.close()
    return heaps


def _heap(session: object, updates: int) -> Heap:
    send = session.send  # type: ignore[attr-defined]  # a CDPSession
    for _ in range(2):
        send("HeapProfiler.collectGarbage")
    used = send("Runtime.getHeapUsage")["usedSize"]
    metrics = {one["name"]: one["value"] for one in send("Performance.getMetrics")["metrics"]}
    return Heap(updates, int(used), int(metrics["Nodes"]), int(metrics["JSEventListeners"]))
