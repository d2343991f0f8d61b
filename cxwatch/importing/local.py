"""Files into the log; then waiting until what was appended is measured."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from cxwatch.database import open_state
from cxwatch.importing.batches import Batch, batches, ledger_key, letters_of, size_of
from cxwatch.importing.pacing import Pace
from cxwatch.importing.records import Listener, Progress, RefusedRow, Summary
from cxwatch.importing.waiting import Measurer
from cxwatch.logs import open_log
from cxwatch.settings import Settings
from streams.clock import Clock
from streams.decode import Decoder, routing_key
from streams.events import Refused
from streams.files.mapping import Mapping
from streams.logs.errors import LogBehind
from streams.logs.protocol import Log, Record
from streams.store import deadletters, ledger

BEHIND_TRIES = 60


async def import_files(
    settings: Settings, files: Sequence[Path], mapping: Mapping, listener: Listener, clock: Clock, *, wait: bool
) -> Summary:
    """Append the rows of some files to the log, each once; what became of them.

    With `wait` it returns when all of them are measured, by this process where no other one measures. Killed at any
    moment, the next run goes on: rows appended but not noted are appended again and drop out as duplicates. Raises
    CannotStart and LogError.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_state(settings)
    log = await asyncio.to_thread(open_log, settings, clock)
    measurer = Measurer(settings, log)
    run = _Run(settings, engine, log, Pace(log, engine), Decoder(settings.measure), mapping, listener, clock)
    try:
        if wait:
            await measurer.try_start()
        for path in files:
            await run.add(path)
        if not wait:
            return Summary(run.appended, run.skipped, run.refused, 0, run.ambiguous)
        last = str(files[-1]) if files else ""
        # Up to the log's end: of rows that an earlier run appended nobody may have measured all.
        counts = await measurer.wait_for(
            engine, run.origin, run.appended, lambda n: run.measured(last, n), ends=log.ends()
        )
        return Summary(
            accepted=counts.accepted,
            duplicate=counts.duplicate + run.skipped,
            refused=counts.refused + run.refused,
            history=counts.history,
            ambiguous=run.ambiguous,
        )
    finally:
        await measurer.stop()
        await log.close()
        engine.dispose()


@dataclass(slots=True)
class _Run:
    """One run over some files, under an origin of its own by which measuring counts its records."""

    settings: Settings
    engine: Engine
    log: Log
    pace: Pace
    decoder: Decoder
    mapping: Mapping
    listener: Listener
    clock: Clock
    origin: str = field(default_factory=lambda: f"import-{secrets.token_hex(12)}")
    appended: int = 0
    skipped: int = 0
    refused: int = 0
    ambiguous: int = 0

    async def add(self, path: Path) -> None:
        """Hand over the rest of one file."""
        key = await asyncio.to_thread(ledger_key, path, self.mapping, "")
        with self.engine.connect() as conn:
            done = ledger.rows_done(conn, key)
        size = await asyncio.to_thread(size_of, path)
        async for batch in batches(path, self.mapping, self.decoder, self.clock.now_ms(), done):
            await self._hand_over(path, batch)
            if batch.rows:
                await asyncio.to_thread(self._note, key, path, batch)
            self.listener.progress(Progress(str(path), batch.position, size, batch.done, "reading"))

    def measured(self, file: str, rows: int) -> None:
        """Tell how many rows have been measured."""
        self.listener.progress(Progress(file, 0, 0, rows, "measuring"))

    async def _hand_over(self, path: Path, batch: Batch) -> None:
        self.skipped += batch.skipped
        records: list[Record] = []
        for row in batch.rows:
            self.ambiguous += row.ambiguous
            if isinstance(row.event, Refused):
                self.refused += 1
                self.listener.refused(RefusedRow.of(path, row.number, row.event))
            else:
                records.append(Record(routing_key(row.event), row.raw))
        if records:
            await self.pace.keep()
            await append(self.log, records, self.origin)
            self.appended += len(records)

    def _note(self, key: str, path: Path, batch: Batch) -> None:
        """Keep what was refused, then say that the batch is done: in one transaction."""
        letters = letters_of(path, batch.rows)
        now_ms = self.clock.now_ms()
        with self.engine.begin() as conn:
            deadletters.keep(conn, letters, now_ms, self.settings.measure.dead_letters_max)
            ledger.advance(conn, key, path.name, batch.done, now_ms)


async def append(log: Log, records: Sequence[Record], origin: str) -> None:
    """Append, and wait while the log is behind. Raises LogError."""
    for _ in range(BEHIND_TRIES):
        try:
            await log.append(records, origin)
        except LogBehind as behind:
            await asyncio.sleep(behind.retry_after_s)
        else:
            return
    await log.append(records, origin)
