"""`cxwatch backtest`: what would have been alerted on a recorded stream, by the code that runs live, in event time."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Engine

from alerting.records import Incident
from alerting.settings import AlertSettings
from alerting.store import read_incidents
from cxwatch.decide.lease import Lease
from cxwatch.decide.rounds import Decider
from cxwatch.memory import open_memory
from cxwatch.offline import BATCH, batch_of, open_engine
from detectors.kinds import Watches
from detectors.settings import DetectionSettings
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from streams.records import LeafMinute
from streams.settings import MeasureSettings
from streams.store.minutes import leaf_hours

INCIDENTS_MAX = 1_000
SPAN_MS = 6 * HOUR_MS  # of event time a batch: what DECIDE then closes in one or two rounds


class Timed(NamedTuple):
    """One event of the stream, as the log would hold it."""

    time_ms: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that numbers depend on."""

    measure: MeasureSettings
    detection: DetectionSettings
    alerts: AlertSettings


class DayTotal(NamedTuple):
    """One day (UTC) of one place: answers, and bad ones."""

    day_ms: int
    channel: str
    stage: str
    n: int
    bad: int


async def run_stream(events: Sequence[Timed], rules: Rules) -> list[Incident]:
    """All incidents that the stream would have opened, in the order in which they were noticed.

    `events` must be ordered by time. Every event is appended at its own time, so none is late and none is history.
    """
    incidents, _ = await play_stream(events, rules)
    return incidents


async def measured(events: Sequence[Timed], rules: Rules) -> Engine:
    """A database in memory that holds the stream, with nothing decided; whoever asks disposes of it."""
    database = open_memory()
    await _play(events, rules, database, None)
    return database


async def play_stream(events: Sequence[Timed], rules: Rules) -> tuple[list[Incident], list[DayTotal]]:
    """Likewise, and what each place held day by day, in order."""
    database = open_memory()
    try:
        decider = Decider(
            engine=database,
            watch=Watches(rules.detection, leaf_hours),
            alerts=rules.alerts,
            lateness_seconds=rules.measure.lateness_seconds,
            lease=Lease("decide"),
            cases=False,
        )
        await _play(events, rules, database, decider)
        with database.connect() as conn:
            incidents = read_incidents(conn, events[-1].time_ms if events else 0, limit=INCIDENTS_MAX)
            days = _days(leaf_hours(conn, 0, 2**31 - 1))
    finally:
        database.dispose()
    return sorted(incidents, key=lambda i: (i.naming.detected_ms, i.number)), days


def _days(hours: Iterable[LeafMinute]) -> list[DayTotal]:
    sums: dict[tuple[int, str, str], list[int]] = {}
    for row in hours:
        day_ms = row.minute * MINUTE_MS // DAY_MS * DAY_MS
        slot = sums.setdefault((day_ms, row.channel, row.stage), [0, 0])
        slot[0] += row.n
        slot[1] += row.bad
    return [DayTotal(*key, *sums[key]) for key in sorted(sums)]


async def _play(events: Sequence[Timed], rules: Rules, database: Engine, decider: Decider | None) -> None:
    engine = await open_engine(database, rules.measure, secrets.token_bytes(32), partitions=1)
    offset = 0
    for batch in batches(events):
        values = [event.raw for event in batch]
        await engine.measure(batch_of(0, offset, values, [event.time_ms for event in batch]))
        await engine.settle()
        offset += len(batch)
        if decider is not None:
            _close(decider, batch[-1].time_ms, offset)
    if events and decider is not None:
        _close(decider, events[-1].time_ms + rules.measure.lateness_seconds * SECOND_MS + MINUTE_MS, offset)
    await engine.close()


def _close(decider: Decider, now_ms: int, offset: int) -> None:
    """Close all minutes up to a time at which everything before it has been measured."""
    while (done := decider.decide(now_ms, {0: offset})) is not None and done.more:
        pass


def batches(events: Sequence[Timed]) -> Iterator[Sequence[Timed]]:
    """Slices of the stream, bounded in number and in event time."""
    start = 0
    while start < len(events):
        end = start + 1
        limit_ms = events[start].time_ms + SPAN_MS
        while end < len(events) and end - start < BATCH and events[end].time_ms < limit_ms:
            end += 1
        yield events[start:end]
        start = end
