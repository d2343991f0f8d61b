"""Metrics for Prometheus, computed when it asks. Labels come from the settings only; windows are leaf counts, so
that sums over workers and channels are right, and scores are PromQL's business."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from dashboards import exposition, families, freshness
from dashboards.alert_readings import AlertCounts, IncidentLine, read_active, read_counts, read_incidents
from dashboards.context import DashboardContext, TotalKey, Unsent
from dashboards.counted import Counted, Cube, Grid, Plane
from dashboards.delivery_readings import DeliveryCounts, read_delivery
from dashboards.exposition import Text
from dashboards.outcomes import OUTCOMES, kinds, scales
from dashboards.recovery_readings import Recovery, read_recovery
from dashboards.standing import PAST_DAYS, Past, Standings
from streams.clock import DAY_MS, MINUTES_PER_DAY, MINUTES_PER_HOUR, SECOND_MS, minute_of
from streams.logs.errors import LogError
from streams.records import WindowName
from streams.store import deadletters
from streams.store.progress import Progress, newest_event_ms, read_progress
from streams.windows import WINDOWS, bounds


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one scrape read from the database."""

    now_ms: int
    newest_ms: int | None
    progress: list[Progress]
    letters: int
    counts: AlertCounts
    incidents: list[IncidentLine]
    active: Mapping[tuple[str, str, str], int]
    delivery: DeliveryCounts
    recovery: Recovery
    deciding: bool
    unsent: Unsent | None


class _Collected(Collector):
    """Families that were collected already."""

    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found


class CxMetrics:
    """Reads the database and the measured totals at every scrape, in the scrape's thread; one scrape at a time.

    `more` are collectors of others.
    """

    def __init__(self, context: DashboardContext, more: Iterable[Collector] = ()) -> None:
        self._context = context
        self._more = tuple(more)
        self._scales = scales(context.measure)
        self._grid = Grid(context.measure)
        self._labels = exposition.place_labels(self._grid.channels, self._grid.stages)
        self._standings = Standings(context.measure, self._grid, self._scales)
        self._all = Counted(context.measure, self._grid, self._scales, None)
        self._mine = self._all
        self._owned: frozenset[int] | None = None
        self._lock = threading.Lock()

    def scrape(self, accept: str = "") -> tuple[bytes, str]:
        """The answer to a scrape, and its content type by the Accept header."""
        encode, content_type = choose_encoder(accept)
        with self._lock:
            found, texts = self._collect()
        registry = CollectorRegistry(auto_describe=False)
        for collector in (_Collected(found), *self._more):
            registry.register(collector)
        return exposition.joined(encode(registry), texts, content_type), content_type

    def _collect(self) -> tuple[list[Metric], list[Text]]:
        context = self._context
        now_ms = context.clock.now_ms()
        with context.engine.connect() as conn:
            reading = self._read(conn, now_ms)
            self._count(conn, now_ms, reading.progress)
        past = self._standings.past(self._all, now_ms)
        codes = self._standings.codes(self._all, past, reading.incidents, now_ms)
        texts = [
            exposition.responses(self._labels, self._responses(context.totals())),
            exposition.windows(tuple(WINDOWS), self._labels, self._windows(now_ms)),
            families.places(codes),
            families.detectors(reading.active, self._grid.channels, self._grid.stages),
        ]
        return list(self._families(reading, past)), texts

    def _read(self, conn: Connection, now_ms: int) -> _Reading:
        context = self._context
        return _Reading(
            now_ms=now_ms,
            progress=read_progress(conn),  # before what it tells of is read
            newest_ms=newest_event_ms(conn),
            letters=deadletters.count(conn, "kept"),
            counts=read_counts(conn),
            incidents=read_incidents(conn, open_only=True),
            active=read_active(conn),
            delivery=read_delivery(conn),
            recovery=read_recovery(conn, now_ms),
            deciding=context.decided(conn),
            unsent=None if context.unsent is None else context.unsent(conn),
        )

    def _count(self, conn: Connection, now_ms: int, progress: Sequence[Progress]) -> None:
        """Bring counts up to date: of the partitions that are ours for the windows, of all for the standings."""
        owned = self._context.owned()
        ours = None if owned is None else frozenset(owned)
        if ours != self._owned:
            self._owned = ours
            self._mine = self._all if ours is None else Counted(self._context.measure, self._grid, self._scales, ours)
        end, hour_end = (minute_of(bounds(name, now_ms)[1]) for name in ("1h", "7d"))
        minutes = range(end - MINUTES_PER_HOUR, end)
        hours = range(hour_end - PAST_DAYS * MINUTES_PER_DAY, hour_end, MINUTES_PER_HOUR)
        if ours is None:
            self._all.refresh(conn, progress, minutes, hours)
            return
        self._all.refresh(conn, progress, range(end, end), hours)
        if ours:
            week = range(hour_end - 7 * MINUTES_PER_DAY, hour_end, MINUTES_PER_HOUR)
            self._mine.refresh(conn, progress, minutes, week)

    def _responses(self, totals: Mapping[TotalKey, int]) -> dict[Plane, list[list[int]]]:
        asked = product(self._scales, kinds(self._context.measure))
        cubes = {plane: np.zeros((*self._grid.shape, 3), np.int64) for plane in asked}
        places = {outcome: n for n, outcome in enumerate(OUTCOMES)}
        for (metric, kind, channel, stage, outcome), n in totals.items():
            cube = cubes.setdefault((metric, kind), np.zeros((*self._grid.shape, 3), np.int64))
            cube.reshape(-1, 3)[self._grid.cell(channel, stage), places[outcome]] += n  # type: ignore[index]
        return {plane: self._grid.shown(cube).reshape(-1, 3).tolist() for plane, cube in cubes.items()}

    def _windows(self, now_ms: int) -> dict[Plane, list[list[int]]]:
        """Of each score that was given in any of the windows: for every place all windows side by side."""
        sums = [self._sums(name, now_ms) for name in WINDOWS]
        nothing = np.zeros((*self._grid.shape, 3), np.int64)
        planes = sorted({plane for found in sums for plane, cube in found.items() if cube.any()})
        found = {}
        for plane in planes:
            side_by_side = [self._grid.shown(one.get(plane, nothing)) for one in sums]
            found[plane] = np.concatenate(side_by_side, axis=2).reshape(len(self._labels), -1).tolist()
        return found

    def _sums(self, name: WindowName, now_ms: int) -> dict[Plane, Cube]:
        start, end = (minute_of(ms) for ms in bounds(name, now_ms))
        if self._owned is not None and not self._owned:
            return {}
        if WINDOWS[name].step == "minute":
            return self._mine.minutes.sums(range(start, end))
        return self._mine.hours.sums(range(start, end, MINUTES_PER_HOUR))

    def _families(self, reading: _Reading, past: Past) -> Iterator[Metric]:
        now_ms = reading.now_ms
        yield from self._progress(now_ms, reading.newest_ms, reading.progress)
        yield self._stale_after(now_ms, reading.newest_ms, past)
        yield GaugeMetricFamily("cx_dead_letters", "Refused records that are kept.", value=reading.letters)
        yield GaugeMetricFamily(
            "cx_decide_lease_held",
            "Whether any process decides and delivers now (1) or none (0).",
            value=reading.deciding,
        )
        yield from families.alerting(now_ms, reading.counts, reading.delivery)
        yield families.deliveries(self._context.delivery_times())
        yield from families.recovery(reading.recovery)
        if reading.unsent is not None:
            yield from families.changes(reading.unsent)
        yield families.open_incidents(now_ms, reading.incidents, self._grid.channels, self._grid.stages)

    def _progress(self, now_ms: int, newest_ms: int | None, progress: list[Progress]) -> Iterator[Metric]:
        """How far measuring is. What depends on the log's ends is left out while the log cannot be asked (Kafka away):
        it is unknown, and an old figure would look like all is well."""
        lag_ms = 0 if newest_ms is None else max(0, now_ms - newest_ms)
        yield GaugeMetricFamily(
            "cx_event_lag_seconds",
            "Product time since the newest event measured; 0 before the first.",
            value=lag_ms / SECOND_MS,
        )
        try:
            ends = self._context.log_ends()
        except LogError:
            return
        behind = {p.partition: max(0, ends.get(p.partition, p.next_offset) - p.next_offset) for p in progress}
        for partition in ends.keys() - behind.keys():
            behind[partition] = ends[partition]
        yield GaugeMetricFamily(
            "cx_unmeasured_records", "Records in the log that are not measured yet.", value=sum(behind.values())
        )
        watermark = self._watermark_ms(now_ms, progress, behind) / SECOND_MS
        yield GaugeMetricFamily(
            "cx_watermark_timestamp_seconds", "Event time up to which minutes are complete.", value=watermark
        )

    def _stale_after(self, now_ms: int, newest_ms: int | None, past: Past) -> Metric:
        week_ago = minute_of(now_ms - freshness.USUAL_GAP_DAYS * DAY_MS)
        usual = freshness.usual_gap_ms([hour for hour in past.hours if hour.minute >= week_ago], now_ms)
        judged = freshness.judge(now_ms, newest_ms, usual, self._context.speed)
        return GaugeMetricFamily(
            "cx_stale_after_seconds",
            "Product time without an event after which the stream counts as stopped; it follows the hour of the day.",
            value=judged.stale_after_ms / SECOND_MS,
        )

    def _watermark_ms(self, now_ms: int, progress: Iterable[Progress], behind: Mapping[int, int]) -> int:
        """The least watermark of the partitions that still have something to read; now where none has."""
        marks = [min(p.greatest_ms or 0, p.append_ms or 0) for p in progress if behind.get(p.partition, 0) > 0]
        return max(0, min(marks, default=now_ms) - self._context.measure.lateness_seconds * SECOND_MS)
