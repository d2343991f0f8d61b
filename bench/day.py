"""The demo's day on a clock that moves only when told: the whole product with its web server, in a thread.

Between two steps nothing changes, so that what Prometheus scraped and what the API says can be compared exactly.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx

from cxwatch.demo import settings as shop_settings
from cxwatch.demo.feed import DELAY_MS, Feeder
from cxwatch.demo.shop import Shop, history_share
from cxwatch.demo.volume import at_full_volume
from cxwatch.product import Product
from cxwatch.settings import Settings, load_settings
from streams.clock import HOUR_MS, ManualClock
from streams.store.minutes import leaf_hours
from streams.store.progress import next_offsets, unmeasured

SEED = 7
LIVE_MS = 1_794_870_000_000  # Tue 17 Nov 2026, 00:00 in Berlin, less a moment: the day of the design
HISTORY_EVENTS = 8_000
WAIT_S = 120.0
T = TypeVar("T")


class Day:
    """A product that runs in a thread, and a hand on its clock. What is public here is called from another thread."""

    speed = 600.0

    def __init__(self, folder: Path, live_ms: int = LIVE_MS, history_events: int = HISTORY_EVENTS) -> None:
        self.clock = ManualClock(live_ms)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.failures: list[BaseException] = []
        self.settings = self._call(self._prepare(folder))
        shop = Shop(SEED, live_ms)
        self.product = self._call(self._open(shop, history_share(events=history_events)))
        self._feeder = Feeder(
            self.product.log, self.clock, shop, folder / "feed.json", days=14, history_events=history_events
        )

    async def _prepare(self, folder: Path) -> Settings:
        """The settings, and what must be there before the product."""
        return day_settings(folder)

    async def _open(self, shop: Shop, share: float) -> Product:
        hours = at_full_volume(leaf_hours, shop.live_ms, share)  # as the demo does: a thinned history is no usual
        return Product(self.settings, self.clock, self.failures.append, speed=self.speed, hours=hours)

    def start(self) -> None:
        """Measure the history, then decide and serve."""
        self._call(self.product.start(decide=False, web=False))
        self._call(self._feeder.feed_history())
        self.settle()
        self._call(self.product.start(measure=False))

    @property
    def url(self) -> str:
        """Where the product answers."""
        assert self.product.web is not None
        return f"http://127.0.0.1:{self.product.web.port}"

    def advance(self, hours: float) -> None:
        """Let so much of the day pass: feed what falls due, measure it, decide on it."""
        self.advance_ms(int(hours * HOUR_MS))

    def advance_ms(self, span_ms: int) -> None:
        """The same, in milliseconds."""
        self.clock.set(self.clock.now_ms() + span_ms)
        self._call(self._feeder.feed_due())
        self.settle()

    def settle(self) -> None:
        """Wait until everything in the log is in the tables."""
        self.wait_until(self._all_measured, "measured")

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds; a failure of the product ends the wait."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            assert not self.failures, self.failures
            if holds():
                return
            time.sleep(0.05)
        raise AssertionError(f"not {what} within {WAIT_S:g} s")

    def _all_measured(self) -> bool:
        with self.product.measure_database.connect() as conn:
            return unmeasured(next_offsets(conn), self.product.log.ends()) == 0

    def windows(self, **query: str) -> list[dict[str, Any]]:
        """All rows of GET /api/v1/windows."""
        answer = httpx.get(f"{self.url}/api/v1/windows", params={"limit": "1000", **query}, timeout=60, trust_env=False)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return found

    def stop(self) -> None:
        """Stop the product and its thread."""
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _close(self) -> None:
        await self.product.stop()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)


def day_settings(folder: Path) -> Settings:
    """The simulated shop's settings, on a port of its own."""
    path = shop_settings.write(folder, shop_settings.SETTINGS)
    environ = {"CXWATCH_DATA_DIR": str(folder / "data"), "CXWATCH_WEB_PORT": "0"}
    settings = load_settings(path, environ)
    return replace(settings, data_dir=folder / "data")


@contextmanager
def demo_day(folder: Path, **options: Any) -> Iterator[Day]:
    """A day that has begun: history measured, everything running, the clock standing."""
    day = Day(folder, **options)
    try:
        day.start()
        yield day
    finally:
        day.stop()


__all__ = ["DELAY_MS", "Day", "day_settings", "demo_day"]
