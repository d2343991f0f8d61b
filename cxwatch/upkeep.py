"""Retention and late erasures: lets go of what must go, a slice at a time, beside everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy import ColumnElement, Connection, Engine

from cxwatch.access import audit
from cxwatch.erasing import erase_late
from streams.clock import DAY_MS, Clock
from streams.logs.errors import LogError
from streams.logs.protocol import Log
from streams.settings import MeasureSettings
from streams.store.dialect import UNAVAILABLE, failure_name
from streams.store.progress import next_offsets
from streams.store.retention import expire

EVERY_S = 600.0  # real time
PAUSE_S = 0.05  # between two slices, so that measuring gets the lock in between
AUDIT_DAYS = 400
SLICES_MAX = 10_000  # a run; what is left goes in the next one

log = structlog.get_logger()


class Upkeep:
    """Runs until it is cancelled; a run that fails is tried again with the next one."""

    def __init__(
        self,
        engine: Engine,
        events: Log,
        clock: Clock,
        settings: MeasureSettings,
        log_days: int,
        needed: Callable[[Connection], ColumnElement[bool]] | None = None,
    ) -> None:
        self._engine = engine
        self._events = events
        self._clock = clock
        self._settings = settings
        self._log_days = log_days
        self._needed = needed  # minute panes that must not go yet

    async def run(self) -> None:
        """Once soon after the start, then every ten minutes."""
        while True:
            try:
                await self.once()
            except (*UNAVAILABLE, LogError) as error:
                log.warning("retention could not run, tries again later", error=failure_name(error))
            await asyncio.sleep(EVERY_S)

    async def once(self) -> int:
        """Drop everything that has outlived its retention; how many rows and log records went."""
        now_ms = self._clock.now_ms()
        await asyncio.to_thread(erase_late, self._engine, self._events)
        gone = await asyncio.to_thread(self._trim_audit, now_ms)
        for _ in range(SLICES_MAX):
            rows = await asyncio.to_thread(self._slice, now_ms)
            gone += rows
            if not rows:
                break
            await asyncio.sleep(PAUSE_S)
        return gone + await asyncio.to_thread(self._expire_log, now_ms)

    def _slice(self, now_ms: int) -> int:
        with self._engine.begin() as conn:
            needed = None if self._needed is None else self._needed(conn)
            return expire(conn, now_ms, self._settings, needed)

    def _trim_audit(self, now_ms: int) -> int:
        with self._engine.begin() as conn:
            return audit.trim(conn, now_ms - AUDIT_DAYS * DAY_MS)

    def _expire_log(self, now_ms: int) -> int:
        """Never what the database has not measured yet."""
        with self._engine.connect() as conn:
            measured = next_offsets(conn)
        return self._events.expire(now_ms - self._log_days * DAY_MS, measured)
