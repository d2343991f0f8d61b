"""From a committed batch to the number changed on a screen, with one wall open and with two hundred.

    python -m bench.screens [--screens 1,200] [--trials 30]

One screen is Debian's Chromium; the others, in a process of their own, do what the page's script does: hold a stream
open, and fetch the page anew when something comes, at most twice a second.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, expect

from bench.common import Result, quantile, show
from streams.clock import MINUTE_MS
from tests.support.dashboards import World, build_world, busy_day
from tests.support.recovery import morning
from tests.support.served import Served, chromium, serve

REFRESH_S = 0.5
PATIENCE_MS = 30_000
WATCH = """() => { const kpi = document.querySelector("#kpi"); window.changedAt = 0; window.was = kpi.textContent;
  new MutationObserver(() => {
    const now = document.querySelector("#kpi")?.textContent;
    if (now !== window.was) { window.was = now; window.changedAt = Date.now(); }
  }).observe(document.body, { subtree: true, childList: true, characterData: true }); }"""


async def _screen(client: httpx.AsyncClient) -> None:
    """One wall: its stream, and the page again when something came."""
    async with client.stream("GET", "/api/v1/stream") as stream:
        last = 0.0
        async for line in stream.aiter_lines():
            if line.startswith("event:") and "beat" not in line:
                await asyncio.sleep(max(0.0, last + REFRESH_S - time.monotonic()))
                last = time.monotonic()
                (await client.get("/wall")).raise_for_status()


def _screens(url: str, count: int) -> None:
    async def run() -> None:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=url, timeout=None, limits=limits, trust_env=False) as client:
            await asyncio.gather(*(_screen(client) for _ in range(count)), return_exceptions=True)

    asyncio.run(run())


@contextlib.contextmanager
def others(url: str, count: int) -> Iterator[None]:
    """So many more screens, for as long as the block lasts."""
    process = multiprocessing.get_context("spawn").Process(target=_screens, args=(url, count), daemon=True)
    if count:
        process.start()
        time.sleep(3 + count / 50)
    try:
        yield
    finally:
        if count:
            process.kill()
            process.join()


def trial(page: Page, world: World, served: Served, number: int) -> float:
    """Seconds from a commit to the changed number."""
    page.evaluate("window.changedAt = 0")
    world.clock.set(world.clock.now_ms() + 1_000)
    world.answers("web", "buy", {10: 40 + number % 7, 9: 8, 8: 20, 4: 20, 1: 22})
    world.progress(world.clock.now_ms() - 2_000)
    committed_s = time.time()
    served.call(world.signal.ring)
    page.wait_for_function("window.changedAt > 0", timeout=PATIENCE_MS, polling=50)
    return float(page.evaluate("window.changedAt")) / 1_000 - committed_s


def case(browser: Browser, screens: int, trials: int) -> Result:
    """The wall beside so many others."""
    with tempfile.TemporaryDirectory() as folder:
        world = build_world(Path(folder))
        busy_day(world)
        morning(world)
        world.clock.set(world.clock.now_ms() + MINUTE_MS)
        with serve(world.app()) as served, others(served.url, screens - 1):
            page = browser.new_page(viewport={"width": 1920, "height": 1080})
            page.goto(f"{served.url}/wall")
            expect(page.locator("#kpi")).to_be_visible()
            page.evaluate(WATCH)
            found = []
            for number in range(trials):
                found.append(trial(page, world, served, number))
                time.sleep(1.0 + random.random())
            page.close()
    return {"screens": screens, "p50_ms": 1_000 * quantile(found, 0.5), "p99_ms": 1_000 * quantile(found, 0.99)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--screens", default="1,200")
    parser.add_argument("--trials", type=int, default=30)
    wish = parser.parse_args()
    with chromium() as browser:
        rows = [case(browser, int(count), wish.trials) for count in wish.screens.split(",")]
    show("committed batch to changed number on the wall", rows)


if __name__ == "__main__":
    main()
