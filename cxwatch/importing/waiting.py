"""Measuring what was appended: by this process where nobody else does, else by watching the one that does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType

from sqlalchemy import Engine

from cxwatch.database import open_state
from cxwatch.errors import CannotStart, RestartMe
from cxwatch.logs import AnyLog
from cxwatch.measuring import Measuring
from cxwatch.settings import Settings
from streams.decode import Decoder
from streams.logs.errors import LogHeld
from streams.logs.kafka import KafkaLog
from streams.measure.errors import Fenced, StorageFailed
from streams.signal import Signal
from streams.store import imports
from streams.store.imports import ImportCounts
from streams.store.progress import next_offsets

LOOK_S = 0.2


class Measurer:
    """Measures the log in this process where no other one does: by the lock file, or by the consumer group."""

    def __init__(self, settings: Settings, log: AnyLog) -> None:
        self._settings = settings
        self._log = log
        self._committed = Signal()
        self._measuring: Measuring | None = None
        self._database: Engine | None = None
        self._failure: BaseException | None = None

    async def try_start(self) -> bool:
        """Measure from now on, unless another process does. Raises CannotStart for anything else in the way."""
        if self._measuring is not None:
            return True
        if isinstance(self._log, KafkaLog) and await asyncio.to_thread(self._log.members) > 0:
            return False
        database = open_state(self._settings, durable=False)
        measuring = Measuring(
            self._log,
            database,
            self._settings.measure,
            decoder=Decoder(self._settings.measure, lambda _: None),
            committed=self._committed,
            on_fatal=self._failed,
        )
        try:
            await measuring.start()
        except CannotStart as error:
            database.dispose()
            if isinstance(error.__cause__, LogHeld):
                return False
            raise
        self._measuring, self._database = measuring, database
        return True

    async def wait_for(
        self,
        engine: Engine,
        origin: str,
        records: int,
        told: Callable[[int], None],
        ends: Mapping[int, int] = MappingProxyType({}),
    ) -> ImportCounts:
        """Return when all records of an origin are measured, by whomever; `told` hears how many are.

        With `ends` (partition -> offset) also everything before these, such as what a run that was killed appended.
        """
        while True:
            seen = self._committed.rings
            counts, is_behind = await asyncio.to_thread(_look, engine, origin, ends)
            told(counts.measured)
            if counts.measured >= records and not is_behind:
                return counts
            if self._failure is not None:
                raise self._explained(self._failure)
            await self.try_start()  # whoever measured may have ended meanwhile
            await self._committed.wait(seen, LOOK_S)

    async def stop(self) -> None:
        """Commit what is folded and let go of the log."""
        if self._measuring is not None:
            await self._measuring.stop()
            self._measuring = None
        if self._database is not None:
            self._database.dispose()

    @staticmethod
    def _explained(failure: BaseException) -> BaseException:
        return RestartMe(str(failure)) if isinstance(failure, Fenced | StorageFailed) else failure

    def _failed(self, failure: BaseException) -> None:
        self._failure = failure
        self._committed.ring()


def _look(engine: Engine, origin: str, ends: Mapping[int, int]) -> tuple[ImportCounts, bool]:
    """What became of an origin's records, and whether anything before `ends` is not measured yet."""
    with engine.connect() as conn:
        measured = next_offsets(conn)
        return imports.counts(conn, origin), any(measured.get(partition, 0) < end for partition, end in ends.items())
