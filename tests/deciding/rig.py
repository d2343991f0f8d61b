"""One shop's log and database on disk, measured and decided step by step, as a process would do it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from alerting.records import Incident
from alerting.settings import AlertSettings
from alerting.store import read_incidents
from cxwatch.database import open_engine as open_database
from cxwatch.decide.lease import Lease
from cxwatch.decide.rounds import Decider, Round, read_closed_to
from cxwatch.erasing import erase_pending
from cxwatch.migrations.tables import ALL_TABLES
from cxwatch.offline import open_engine
from detectors.kinds import Watches
from detectors.settings import DetectionSettings
from streams.clock import HOUR_MS, MINUTE_MS, ManualClock
from streams.logs.protocol import Packed, Record
from streams.logs.sqlite import SqliteLog
from streams.measure.engine import MeasureEngine
from streams.settings import MeasureSettings, Stage
from streams.store.identity import ensure_identity
from streams.store.minutes import leaf_hours
from tests.measure import oracle

T0 = 1_794_873_600_000  # Tue 17 Nov 2026, 00:00 UTC
SECRET = b"s" * 32
SETTINGS = MeasureSettings()
TRUTH = MeasureSettings(stage={"buy": Stage(moment_of_truth=True)})
ALERTS = AlertSettings(mode="shadow")


def open_tables(path: Path) -> Engine:
    """An empty database with every room's tables."""
    database = open_database(path, durable=False)
    with database.begin() as conn:
        for tables in ALL_TABLES:
            tables.create_all(conn, checkfirst=False)
    return database


class Shop:
    """A log, a database, MEASURE and DECIDE over them; nothing runs by itself."""

    def __init__(
        self, folder: Path, settings: MeasureSettings = SETTINGS, partitions: int = 2, database: Engine | None = None
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.clock = ManualClock(T0)
        self.log = SqliteLog(folder / "log.db", self.clock, partitions)
        self.database = database or open_tables(folder / "state.db")
        with self.database.begin() as conn:
            ensure_identity(conn, self.log.identity, self.log.partitions, self.log.ends(), SECRET)
        self.decider = self.new_decider()
        self._engine: MeasureEngine | None = None

    def new_decider(self) -> Decider:
        """As a process that starts makes it."""
        return Decider(
            engine=self.database,
            watch=Watches(DetectionSettings(), leaf_hours),
            alerts=ALERTS,
            lateness_seconds=self.settings.lateness_seconds,
            lease=Lease("decide"),
        )

    async def append(self, events: Iterable[dict[str, Any]]) -> None:
        """Append at the clock's time, by customer."""
        records = [Record(str(e.get("customer") or e["id"]).encode(), oracle.raw(e)) for e in events]
        await self.log.append(records)

    async def append_raw(self, key: str, raw: bytes) -> None:
        await self.log.append([Record(key.encode(), raw)])

    async def measure(self, partitions: Iterable[int] | None = None) -> None:
        """Measure these partitions to their ends."""
        if self._engine is None:
            self._engine = await open_engine(self.database, self.settings, SECRET, self.log.partitions)
        for partition in range(self.log.partitions) if partitions is None else partitions:
            at = self._engine.durable(partition)
            while (batch := self.log.read(partition, at, 1_000)).end > at:
                await self._engine.measure(_joined(batch, at))
                at = batch.end
        await self._engine.settle()

    def decide(self, decider: Decider | None = None) -> Round:
        """Rounds until nothing is left to do now; the last one."""
        while True:
            done = (decider or self.decider).decide(self.clock.now_ms(), self.log.ends())
            assert done is not None
            if not done.more:
                return done

    async def step(self, at_ms: int, events: Iterable[dict[str, Any]] = ()) -> Round:
        """At that time: append, measure, decide."""
        self.clock.set(at_ms)
        await self.append(events)
        await self.measure()
        return self.decide()

    def erase(self) -> int:
        return erase_pending(self.database, self.log, self.clock.now_ms())

    def incidents(self) -> list[Incident]:
        """All of them, in the order in which they were noticed."""
        with self.database.connect() as conn:
            found = read_incidents(conn, self.clock.now_ms(), limit=1_000)
        return sorted(found, key=lambda i: i.number)

    def closed_to(self) -> int | None:
        with self.database.connect() as conn:
            return read_closed_to(conn)

    def rows(self, *leave_out: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        with self.database.connect() as conn:
            return {
                table.name: sorted(map(tuple, conn.execute(select(table))), key=repr)
                for tables in ALL_TABLES
                for table in tables.sorted_tables
                if table.name not in leave_out
            }

    async def restart_measuring(self) -> None:
        """Let go of everything in memory; the next `measure` claims again."""
        if self._engine is not None:
            await self._engine.close()
            self._engine = None

    async def close(self) -> None:
        await self.restart_measuring()
        await self.log.close()
        self.database.dispose()


def _joined(batch: Packed, at: int) -> Packed:
    return Packed(
        batch.topic, batch.partition, at, batch.end, batch.offsets, batch.values, batch.append_ms, batch.origins
    )


def told(incidents: Iterable[Incident]) -> list[tuple[Any, ...]]:
    """What an incident says, without when its row was written."""
    return [
        (i.number, i.state, i.named, i.members, i.opened_ms, i.firing_ms, i.resolved_ms, i.linked_to) for i in incidents
    ]


def answers(
    start_ms: int, end_ms: int, per_hour: float, bad: float, seed: int = 1, **fields: Any
) -> list[dict[str, Any]]:
    """NPS answers at random moments, ordered by time."""
    draw = random.Random(f"{seed} {start_ms} {bad}")
    times = sorted(draw.randrange(start_ms, end_ms) for _ in range(round((end_ms - start_ms) / HOUR_MS * per_hour)))
    first = start_ms // MINUTE_MS % 10_000_000 * 10_000 + seed * 1_000_000_000_000
    return [
        oracle.event(first + i, at, score=2 if draw.random() < bad else 9, customer=f"c{first + i}", **fields)
        for i, at in enumerate(times)
    ]


def spike(seed: int = 1) -> list[dict[str, Any]]:
    """A day of calm, an hour and a half in which nearly everybody is unhappy, and calm again."""
    onset = T0 + 24 * HOUR_MS
    over = onset + 90 * MINUTE_MS
    return [
        *answers(T0, onset, 4, 0.1, seed),
        *answers(onset, over, 24, 0.85, seed),
        *answers(over, over + 6 * HOUR_MS, 9, 0.02, seed),
    ]
