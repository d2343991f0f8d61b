"""`cxwatch demo`: the whole product on a clock of its own, fed by the simulated shop or by a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cxwatch.backtest import Timed as RawEvent
from cxwatch.demo import folder
from cxwatch.demo.clock import DemoClock
from cxwatch.demo.feed import Feeder
from cxwatch.demo.shop import HISTORY_DAYS, HISTORY_EVENTS, Shop, history_share
from cxwatch.demo.source import FileSource
from cxwatch.demo.volume import at_full_volume
from cxwatch.product import Product
from cxwatch.run import serve
from cxwatch.settings import Settings
from streams.clock import DAY_MS, SystemClock
from streams.store.minutes import leaf_hours
from streams.store.progress import next_offsets

SEED = 7
SHOP_SPEED = 60.0
LOOK_S = 0.2  # between two looks at how far measuring is


@dataclass(frozen=True, slots=True)
class Telling:
    """How the demo speaks to whoever started it. `history` hears the share done, 0..1."""

    history: Callable[[float], None]
    ready: Callable[[Product], None]
    ended: Callable[[], None]


def run_shop(settings: Settings, telling: Telling, speed: float | None) -> int:
    """The simulated shop: 14 days of history, then a live day at 60x, and on."""
    speed = speed or SHOP_SPEED
    clock = DemoClock.open(folder.clock_path(settings), SystemClock().now_ms() - DAY_MS, speed)
    shop = Shop(SEED, clock.start_ms)

    def make(on_fatal: Callable[[BaseException], None]) -> Product:
        hours = at_full_volume(leaf_hours, shop.live_ms, history_share())
        return Product(settings, clock, on_fatal, speed=speed, hours=hours)

    return _Play(settings, clock, shop, telling, HISTORY_DAYS, HISTORY_EVENTS, None).run(make)


def run_file(settings: Settings, events: Sequence[RawEvent], telling: Telling, speed: float | None) -> int:
    """A file's events, played in their own time from the first one on."""
    source = FileSource(events)
    speed = speed or source.fitting_speed
    clock = DemoClock.open(folder.clock_path(settings), source.live_ms, speed)

    def make(on_fatal: Callable[[BaseException], None]) -> Product:
        return Product(settings, clock, on_fatal, speed=speed)

    return _Play(settings, clock, source, telling, 0, 0, source.ends_ms).run(make)


@dataclass(slots=True)
class _Play:
    """One run of the demo: history into the windows, then the clock starts and the live part with it."""

    settings: Settings
    clock: DemoClock
    source: Shop | FileSource
    telling: Telling
    days: int
    history_events: int
    ends_ms: int | None
    _feeder: Feeder | None = None

    def run(self, make: Callable[[Callable[[BaseException], None]], Product]) -> int:
        try:
            return serve(make, self._start, self._feed)
        finally:
            self.clock.stop()

    async def _start(self, product: Product, stop: asyncio.Event) -> None:
        """History is measured before anybody looks, so that the first screen has a past to compare with."""
        await product.start(decide=False, web=False)
        self._feeder = feeder = Feeder(
            product.log,
            self.clock,
            self.source,
            folder.progress_path(self.settings),
            days=self.days,
            history_events=self.history_events,
        )
        history = asyncio.get_running_loop().create_task(self._history(product, feeder))
        stopped = asyncio.get_running_loop().create_task(stop.wait())
        await asyncio.wait((history, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if stop.is_set():
            history.cancel()
            await asyncio.gather(history, return_exceptions=True)
            return
        await history
        await product.start(measure=False)
        self.clock.start()
        self.telling.ready(product)

    async def _history(self, product: Product, feeder: Feeder) -> None:
        await feeder.feed_history(lambda share: self.telling.history(share / 2))
        while (share := await asyncio.to_thread(_share_measured, product)) < 1:
            self.telling.history((1 + share) / 2)
            await asyncio.sleep(LOOK_S)
        self.telling.history(1.0)

    async def _feed(self, product: Product, stop: asyncio.Event) -> None:
        del product
        if self._feeder is None or stop.is_set():
            return
        feeding = asyncio.get_running_loop().create_task(self._feeder.run(stop))
        if self.ends_ms is not None:
            while not stop.is_set() and not feeding.done() and self._feeder.fed_to_ms <= self.ends_ms:
                await asyncio.wait((feeding,), timeout=LOOK_S)
            if not stop.is_set():
                self.telling.ended()
        await feeding


def _share_measured(product: Product) -> float:
    """How much of the log is in the tables, 0..1."""
    with product.measure_database.connect() as conn:
        measured = next_offsets(conn)
    ends = product.log.ends()
    total = sum(ends.values())
    return 1.0 if not total else min(1.0, sum(measured.get(p, 0) for p in ends) / total)
