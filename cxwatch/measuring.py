"""MEASURE as a part of a process: its right to measure, the log's identity, the Faust app around the engine."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable

import faust
import structlog
from sqlalchemy import Engine

from cxwatch.errors import CannotStart
from cxwatch.logs import AnyLog
from cxwatch.watching import TopicWatch
from streams.clock import SystemClock
from streams.decode import Decoder
from streams.logs.errors import LogError, LogHeld
from streams.logs.faust_app import build_app, measuring, seek, start_app, stop_app
from streams.logs.kafka import KafkaLog
from streams.logs.lock import MeasuringLock
from streams.logs.protocol import Packed
from streams.logs.sqlite import SqliteLog
from streams.measure.committing import ResponseKey
from streams.measure.engine import MeasureEngine
from streams.measure.errors import MeasureError
from streams.settings import MeasureSettings
from streams.signal import Signal
from streams.store.identity import WrongLog, ensure_identity

SECRET_BYTES = 32
SETTLE_S = 4.0  # for the batch in hand and its commit, when it is to stop

log = structlog.get_logger()


class Measuring:
    """Measures from `start` to `stop`: the embedded log alone, a Kafka topic together with others.

    Of the embedded log one process owns all partitions, by a lock file: a second one is told who holds it. On Kafka
    the consumer group shares partitions out, and the database fences whoever lost one.
    """

    def __init__(
        self,
        log: AnyLog,
        engine: Engine,
        settings: MeasureSettings,
        *,
        decoder: Decoder,
        committed: Signal,
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self._log = log
        self._database = engine
        self._lock = MeasuringLock(log.path.with_suffix(".lock")) if isinstance(log, SqliteLog) else None
        self._watch = TopicWatch(log, on_fatal) if isinstance(log, KafkaLog) else None
        self._engine = MeasureEngine(engine, settings, decoder, committed)
        self._on_fatal = on_fatal
        self._engine.on_failed(on_fatal)  # at once: in quiet no batch comes that would tell
        self._app: faust.App | None = None
        self._in_hand = asyncio.Lock()  # held while a batch is folded
        self._stopping = False

    def responses(self) -> dict[ResponseKey, int]:
        """Live answers committed by this process, for Prometheus."""
        return dict(self._engine.responses)

    def owned(self) -> frozenset[int]:
        """The partitions measured here now."""
        return self._engine.owned()

    def why_not(self) -> str | None:
        """Why nothing is measured here, None if all is well: for /readyz."""
        if self._app is None or self._stopping:
            return "measuring has not started, or stops"
        if isinstance(self._log, KafkaLog) and not self._app.consumer.joined:
            return "the consumer group has not given out its partitions yet: wait, or look at the broker"
        return None

    async def start(self) -> None:
        """Take the lock, check that log and database belong together, and let batches flow.

        Raises CannotStart when another process measures, or when log and database do not belong together.
        """
        try:
            if self._lock is not None:
                self._lock.take(SystemClock().now_ms())
        except LogHeld as error:
            raise CannotStart(str(error)) from error
        try:
            self._engine.start(self._identify())
            app = self._app = build_app(self._log, self._engine, self._on_fatal)
            self._engine.on_seek(lambda partition, offset: seek(app, partition, offset))
            measuring(app, self._measure_all)
            await start_app(app)
            if self._watch is not None:
                self._watch.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Finish the batch in hand, commit, leave the group, let go of the lock."""
        self._stopping = True
        if self._watch is not None:
            await self._watch.stop()
        await self._settle()
        if self._app is not None:
            await stop_app(self._app)
            self._app = None
        try:
            await self._engine.close()
        except MeasureError as error:
            log.info("ended without the last commit: it is measured again", reason=str(error))
        if self._lock is not None:
            self._lock.release()

    async def _settle(self) -> None:
        """Nothing is lost where this does not go through: what is not committed is measured again."""
        try:
            async with asyncio.timeout(SETTLE_S), self._in_hand:
                await self._engine.settle()
        except (MeasureError, TimeoutError) as error:
            log.info("not all that was folded is committed: it is measured again", reason=str(error))

    async def _measure_all(self, batches: AsyncIterator[Packed]) -> None:
        async for batch in batches:
            async with self._in_hand:
                if not self._stopping:
                    await self._engine.measure(batch)

    def _identify(self) -> bytes:
        events = self._log
        try:
            with self._database.begin() as conn:
                known = ensure_identity(
                    conn, events.identity, events.partitions, events.ends(), secrets.token_bytes(SECRET_BYTES)
                )
        except (WrongLog, LogError) as error:
            raise CannotStart(str(error)) from error
        return known.secret
