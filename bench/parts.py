"""The measuring half of the product on its embedded defaults, for benchmarks that feed it themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import faust
from sqlalchemy import Engine, create_engine, event

from bench.common import SETTINGS
from cxwatch.logs import AnyLog
from streams.decode import Decoder
from streams.logs.faust_app import build_app, measuring, seek, start_app, stop_app
from streams.logs.protocol import Packed
from streams.measure.engine import MeasureEngine
from streams.settings import MeasureSettings
from streams.signal import Signal
from streams.store.tables import metadata

PATIENCE_S = 900.0


def state_engine(path: Path) -> Engine:
    """The state database as MEASURE has it: WAL, synchronous NORMAL (its rows replay from the log)."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _pragmas(raw: object, _record: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000"):
            raw.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]  # a sqlite3 connection

    metadata.create_all(engine)
    return engine


class Measures:
    """The Faust app with the measuring engine in it, over one log and one database.

    `began` is when the first batch was in hand (perf_counter), None before.
    """

    def __init__(
        self,
        log: AnyLog,
        database: Engine,
        committed: Signal | None = None,
        settings: MeasureSettings = SETTINGS,
    ) -> None:
        self._log = log
        self.committed = committed or Signal()
        self.engine = MeasureEngine(database, settings, Decoder(settings), self.committed)
        self.began: float | None = None
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._app: faust.App | None = None

    async def start(self) -> None:
        """Own the log's partitions and let batches flow."""
        self.engine.start(b"bench")
        app = self._app = build_app(self._log, self.engine, self._fail)
        self.engine.on_seek(lambda partition, offset: seek(app, partition, offset))
        measuring(app, self._measure_all)
        await start_app(app)

    async def caught_up(self) -> None:
        """Wait until everything that the log holds now is committed."""
        wanted, deadline = self._log.ends(), time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if self._failed.done():
                await self._failed
            if all(self.engine.durable(partition) >= end for partition, end in wanted.items()):
                return
            await self.committed.wait(self.committed.rings, 0.02)
        raise TimeoutError("the log was not measured in time")

    async def stop(self) -> None:
        """Stop Faust, commit what is folded."""
        if self._app is not None:
            await stop_app(self._app)
        await self.engine.close()

    def _fail(self, error: BaseException) -> None:
        if not self._failed.done():
            self._failed.set_exception(error)

    async def _measure_all(self, batches: AsyncIterator[Packed]) -> None:
        async for batch in batches:
            if self.began is None:
                self.began = time.perf_counter()
            await self.engine.measure(batch)
