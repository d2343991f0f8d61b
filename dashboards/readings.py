"""What the pages, the stream and the metrics read, once a change for everybody: the desk they all look at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from alerting import troubles
from alerting.troubles import Trouble
from dashboards.alert_readings import AlertCounts, read_counts
from dashboards.context import DashboardContext
from dashboards.freshness import USUAL_GAP_DAYS, Freshness, GapMemory, LeaseMemory, judge, usual_gap_ms
from streams.clock import DAY_MS, HOUR_MS, MINUTES_PER_HOUR, minute_of
from streams.logs.errors import LogError
from streams.records import LeafMinute, Segment, WindowName, WindowSnapshot
from streams.store.minutes import leaf_hours, visited_places
from streams.store.progress import newest_event_ms, next_offsets, unmeasured
from streams.store.windows import read_window
from streams.windows import bounds

USUAL_DAYS = 14
KEPT_S = 1.0  # real time: windows move with the clock even when nothing is committed
UNMEASURED_S = 5.0  # real time: the log's ends may be asked of a broker
TROUBLES_MAX = 3
SELDOM_S = 30.0  # real time, for readings of every customer
SELDOM_FACTOR = 20  # such a reading takes at most a twentieth of a core
CACHE_MAX = 64
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Now:
    """What every page's bar and banner say: how fresh the numbers are, who waits for what, and what stands still.

    `unmeasured` events wait in the log although the numbers are stale: data comes in, and nobody measures it.
    `undecided`: nobody holds the lease to decide, so no alert can come. `troubles` hold up messages.
    """

    freshness: Freshness
    counts: AlertCounts
    unmeasured: int = 0
    undecided: bool = False
    troubles: tuple[Trouble, ...] = ()


class Desk:
    """Readings shared by all clients of this process: one database read a change, however many look.

    A reading holds until the signal rings again, and at most a second. Used from one event loop.
    """

    def __init__(self, context: DashboardContext) -> None:
        self.context = context
        self._kept: dict[object, tuple[int, float, object]] = {}
        self._locks: dict[object, asyncio.Lock] = {}
        self._dear: dict[object, tuple[float, object]] = {}
        self._gaps = GapMemory()
        self._lease = LeaseMemory()

    @property
    def version(self) -> int:
        """Changes whenever something was committed."""
        return self.context.signal.rings

    async def shared(self, key: object, read: Callable[[Connection], T], kept_s: float = KEPT_S) -> T:
        """What `read` gives, from the last reading under this key if nothing was committed since."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            rings, at = self.context.signal.rings, self.context.monotonic()
            kept = self._kept.get(key)
            if kept is not None and kept[0] == rings and at - kept[1] < kept_s:
                return kept[2]  # type: ignore[return-value]  # the key says which reading it is
            found = await self.read(read)
            self._kept[key] = (rings, at, found)
            self._trim()
            return found

    async def slow(self, key: object, read: Callable[[Connection], T]) -> T:
        """What `read` gave first under this key: for the past, which the key names and which no longer moves."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            if key not in self._kept:
                self._kept[key] = (0, 0.0, await self.read(read))
                self._trim()
            return self._kept[key][2]  # type: ignore[return-value]  # the key says which reading it is

    async def seldom(self, key: object, read: Callable[[Connection], T]) -> T:
        """What `read` gives, kept for half a minute, and 20 times as long as it took: for what reads every customer.

        Nothing pushes these out, so there must be few keys: windows, stages.
        """
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            kept = self._dear.get(key)
            if kept is not None and self.context.monotonic() < kept[0]:
                return kept[1]  # type: ignore[return-value]  # the key says which reading it is
            started = self.context.monotonic()
            found = await self.read(read)
            ended = self.context.monotonic()
            self._dear[key] = (ended + max(SELDOM_S, SELDOM_FACTOR * (ended - started)), found)
            return found

    async def read(self, read: Callable[[Connection], T]) -> T:
        """One reading in a thread, on a connection of its own."""

        def work() -> T:
            with self.context.engine.connect() as conn:
                return read(conn)

        return await asyncio.to_thread(work)

    def _trim(self) -> None:
        while len(self._kept) > CACHE_MAX:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self._locks.pop(oldest, None)

    async def windows(self, names: Iterable[WindowName]) -> list[WindowSnapshot]:
        """The current windows of these lengths, every segment, metric and survey kind."""
        found: list[WindowSnapshot] = []
        for name in names:
            found += await self.shared(("window", name), partial(self._window, name))
        return found

    def _window(self, name: WindowName, conn: Connection) -> list[WindowSnapshot]:
        start_ms, end_ms = bounds(name, self.context.clock.now_ms())
        closed_to = self.context.closed_to(conn)
        return read_window(conn, name, start_ms, end_ms, min_n=self.context.measure.min_n, closed_to=closed_to)

    async def usual(self, window: WindowName, metric: str) -> list[WindowSnapshot]:
        """The 14 days before the current window of this length, as one long window: what is usual."""
        start_ms, _ = bounds(window, self.context.clock.now_ms())
        end_ms = start_ms - start_ms % HOUR_MS
        min_n = self.context.measure.min_n

        def read(conn: Connection) -> list[WindowSnapshot]:
            return read_window(conn, "7d", end_ms - USUAL_DAYS * DAY_MS, end_ms, min_n=min_n, metric=metric)

        return await self.slow(("usual", metric, end_ms), read)

    async def hours(self) -> Sequence[LeafMinute]:
        """Totals of all places over the past 14 days, by hour."""
        end = minute_of(self.context.clock.now_ms() // HOUR_MS * HOUR_MS)
        start = end - minute_of(USUAL_DAYS * DAY_MS)
        return await self.slow(("hours", end), lambda conn: leaf_hours(conn, start, end))

    async def visited(self) -> set[Segment]:
        """Places where customers did something in the past 14 days, asked or not."""
        end = minute_of(self.context.clock.now_ms() // HOUR_MS * HOUR_MS)
        start, to = end - minute_of(USUAL_DAYS * DAY_MS), end + MINUTES_PER_HOUR
        found = await self.slow(("visited", end), lambda conn: visited_places(conn, start, to))
        return {Segment(*place) for place in found}

    async def now(self) -> Now:
        """Freshness and counts, for the bar and the beat."""

        def read(conn: Connection) -> tuple[int | None, AlertCounts, bool, tuple[Trouble, ...]]:
            found = tuple(troubles.read(conn)[:TROUBLES_MAX])
            return newest_event_ms(conn), read_counts(conn), self.context.decided(conn), found

        newest_ms, counts, decided, found = await self.shared("now", read)
        now_ms = self.context.clock.now_ms()
        week_ago = minute_of(now_ms - USUAL_GAP_DAYS * DAY_MS)
        usual = usual_gap_ms([hour for hour in await self.hours() if hour.minute >= week_ago], now_ms)
        fresh = self._gaps.observe(judge(now_ms, newest_ms, usual, self.context.speed))
        undecided = self._lease.observe(decided, self.context.monotonic())
        unmeasured = 0 if fresh.state == "live" else await self.shared("unmeasured", self._unmeasured, UNMEASURED_S)
        return Now(fresh, counts, unmeasured, undecided, found)

    def _unmeasured(self, conn: Connection) -> int:
        measured = next_offsets(conn)
        try:
            ends = self.context.log_ends()
        except LogError:
            return 0  # a log that does not answer is told as data that does not come
        return unmeasured(measured, ends)
