"""MEASURE as a part of a process: the lock, the log's identity, the Faust app around the measuring engine."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import faust
from sqlalchemy import Engine

from cxwatch.errors import CannotStart
from streams.clock import SystemClock
from streams.decode import Decoder
from streams.logs.errors import LogHeld
from streams.logs.faust_app import build_app, measuring, seek, start_app, stop_app
from streams.logs.lock import MeasuringLock
from streams.logs.protocol import Packed
from streams.logs.sqlite import SqliteLog
from streams.measure.engine import MeasureEngine, ResponseKey
from streams.settings import MeasureSettings
from streams.signal import Signal
from streams.store.identity import WrongLog, ensure_identity

SECRET_BYTES = 32


class Measuring:
    """Owns the log's partitions from `start` to `stop`. One a data folder: a second one is told who holds it."""

    def __init__(
        self,
        log: SqliteLog,
        engine: Engine,
        settings: MeasureSettings,
        *,
        decoder: Decoder,
        committed: Signal,
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self._log = log
        self._database = engine
        self._lock = MeasuringLock(log.path.with_suffix(".lock"))
        self._engine = MeasureEngine(engine, settings, decoder, committed)
        self._on_fatal = on_fatal
        self._app: faust.App | None = None

    def responses(self) -> dict[ResponseKey, int]:
        """Live answers committed by this process, for Prometheus."""
        return dict(self._engine.responses)

    def owned(self) -> frozenset[int]:
        """The partitions measured here now."""
        return self._engine.owned()

    async def start(self) -> None:
        """Take the lock, check that log and database belong together, and let batches flow.

        Raises CannotStart when another process measures, or when log and database do not belong together.
        """
        try:
            self._lock.take(SystemClock().now_ms())
        except LogHeld as error:
            raise CannotStart(str(error)) from error
        try:
            self._engine.start(self._identify())
            app = self._app = build_app(self._log, self._engine, self._on_fatal)
            self._engine.seek = lambda partition, offset: seek(app, partition, offset)
            measuring(app, self._measure_all)
            await start_app(app)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Finish the batch in hand, commit, let go of the lock."""
        if self._app is not None:
            await stop_app(self._app)
            self._app = None
        await self._engine.close()
        self._lock.release()

    async def _measure_all(self, batches: AsyncIterator[Packed]) -> None:
        async for batch in batches:
            await self._engine.measure(batch)

    def _identify(self) -> bytes:
        log = self._log
        try:
            with self._database.begin() as conn:
                known = ensure_identity(
                    conn, log.identity, log.partitions, log.ends(), secrets.token_bytes(SECRET_BYTES)
                )
        except WrongLog as error:
            raise CannotStart(str(error)) from error
        return known.secret


def log_path(data_dir: Path) -> Path:
    """Where the embedded log lives."""
    return data_dir / "log.db"
