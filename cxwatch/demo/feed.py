"""Brings the shop's events into the log as they fall due by the demo's clock, and the history before them.

Progress is stored after the log has what it says, so a kill -9 makes the feeder send some events twice, never none;
they carry the same ids, and measuring drops them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import msgspec
import structlog

from cxwatch.demo import statefile
from cxwatch.demo.shop import HISTORY_DAYS, HISTORY_EVENTS, Timed
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS, Clock
from streams.logs.errors import LogBehind, LogClosed, LogError
from streams.logs.protocol import Record

BATCH = 2_000  # events an append
DELAY_MS = 3_000  # demo: how long an event is on its way
RESEND_MS = 5 * MINUTE_MS  # demo: sent again after a start, so that nothing hangs on the last progress record
TICK_SECONDS = 0.2  # real
HISTORY_GAP_MS = 24 * HOUR_MS + MINUTE_MS  # history ends so long before the live day: younger would count as late
_SAVE_EVERY = 5  # ticks
_BEHIND_TRIES = 60  # appends refused because too much waits, before it counts as a failure
_RETRY_SECONDS = 1.0  # real, after the log failed

_encoder = msgspec.json.Encoder()
logger = structlog.get_logger()


class Appends(Protocol):
    """The part of a log that the feeder needs, see `streams.logs.protocol.Log`."""

    async def append(self, records: Sequence[Record], origin: str | None = None) -> object:
        """Returns when the records are durable."""


class Source(Protocol):
    """What is fed: the simulated shop, or a file."""

    @property
    def live_ms(self) -> int:
        """Where the live part begins."""

    def stream(self, from_ms: int) -> Iterator[Timed]:
        """What happens from a time on, in order of time."""

    def history(self, until_ms: int, days: int, events: int) -> Iterator[Timed]:
        """The days up to a time, thinned to about so many events."""


class Progress(msgspec.Struct, frozen=True):
    """All events before this time are in the log."""

    fed_to_ms: int


def record_of(event: dict[str, Any]) -> Record:
    """An event as the log takes it: keyed by its customer, or by its id."""
    return Record(str(event.get("customer") or event["id"]).encode(), _encoder.encode(event))


class Feeder:
    """Feeds one log from one source. `feed_history` first, then `run` while the clock runs."""

    def __init__(
        self,
        log: Appends,
        clock: Clock,
        shop: Source,
        progress: Path,
        *,
        days: int = HISTORY_DAYS,
        history_events: int = HISTORY_EVENTS,
    ) -> None:
        """`progress` is a file of the feeder's own; days and events say how much history there is."""
        self._log = log
        self._clock = clock
        self._shop = shop
        self._path = progress
        self._history = (shop.live_ms - HISTORY_GAP_MS - days * DAY_MS, shop.live_ms - HISTORY_GAP_MS)
        self._days, self._history_events = days, history_events
        stored = statefile.load(progress, Progress)
        self._fed_to_ms = stored.fed_to_ms if stored else self._history[0]
        self._saved_ms = self._fed_to_ms
        self._coming: Iterator[Timed] | None = None
        self._next: Timed | None = None

    @property
    def fed_to_ms(self) -> int:
        """All events before this time are in the log."""
        return self._fed_to_ms

    async def feed_history(self, progress: Callable[[float], None] = lambda _: None) -> int:
        """Append what of the history is not in the log yet; how many events. `progress` hears the share done, 0..1."""
        begin, end = self._history
        if self._fed_to_ms > end:
            return 0
        told = self._shop.history(end, self._days, self._history_events)
        rest = (timed for timed in told if timed[0] >= self._fed_to_ms)
        fed = 0
        while batch := await asyncio.to_thread(_take, rest):
            await self._append(batch, "demo-history")
            fed += len(batch)
            self._fed_to_ms = max(self._fed_to_ms, batch[-1][0])  # this very time again: others may share it
            self._save()
            progress(min(1.0, (self._fed_to_ms - begin) / max(1, end - begin)))
        self._fed_to_ms = self._shop.live_ms
        self._save()
        progress(1.0)
        return fed

    async def feed_due(self) -> int:
        """Append what is due by the clock since the last time, oldest first; how many events."""
        due_ms = self._clock.now_ms() - DELAY_MS
        fed = 0
        while batch := await asyncio.to_thread(self._due, due_ms):
            appended = False
            try:
                await self._append(batch, "demo")
                appended = True
            finally:
                if not appended:
                    self._coming = self._next = None  # told again from what the log is known to have
            fed += len(batch)
            self._fed_to_ms = max(self._fed_to_ms, batch[-1][0])
        self._fed_to_ms = max(self._fed_to_ms, due_ms)
        return fed

    async def run(self, stop: asyncio.Event) -> None:
        """Feed until told to stop. While the log cannot be written to (disk full) it says so and tries again."""
        ticks, failing = 0, False
        while not stop.is_set():
            pause = TICK_SECONDS
            try:
                await self.feed_due()
                ticks += 1
                if ticks % _SAVE_EVERY == 0:
                    await asyncio.to_thread(self._save)
                failing = False
            except LogClosed:
                raise
            except (LogError, OSError) as error:
                if not failing:
                    logger.warning("the demo cannot feed its log", reason=str(error))
                failing, pause = True, _RETRY_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
        await asyncio.to_thread(self._save)

    def _due(self, due_ms: int) -> list[Timed]:
        """The next events before a time, at most a batch of them."""
        if self._coming is None:
            self._coming = self._shop.stream(max(self._shop.live_ms, self._fed_to_ms - RESEND_MS))
        batch: list[Timed] = []
        while len(batch) < BATCH:
            self._next = self._next or next(self._coming, None)
            if self._next is None or self._next[0] >= due_ms:
                break
            batch.append(self._next)
            self._next = None
        return batch

    async def _append(self, batch: Sequence[Timed], origin: str) -> None:
        records = [record_of(event) for _, event in batch]
        for _ in range(_BEHIND_TRIES):
            try:
                await self._log.append(records, origin)
            except LogBehind as behind:
                await asyncio.sleep(behind.retry_after_s)
            else:
                return
        await self._log.append(records, origin)

    def _save(self) -> None:
        if self._fed_to_ms > self._saved_ms:
            statefile.save(self._path, Progress(self._fed_to_ms))
            self._saved_ms = self._fed_to_ms


def _take(events: Iterator[Timed]) -> list[Timed]:
    return list(islice(events, BATCH))
