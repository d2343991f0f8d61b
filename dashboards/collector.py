"""Metrics for Prometheus, computed when it asks. Labels come from the settings only; windows are leaf counts, so
that sums over workers and channels are right, and scores are PromQL's business."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dashboards import families, freshness
from dashboards.alert_readings import read_active, read_counts, read_incidents
from dashboards.context import DashboardContext, TotalKey
from dashboards.delivery_readings import read_delivery
from dashboards.outcomes import OUTCOMES, by_outcome, kinds, outcome_label, scales
from dashboards.recovery_readings import read_recovery
from dashboards.standing import Past, read_past, standings
from streams.clock import DAY_MS, SECOND_MS, minute_of
from streams.logs.errors import LogError
from streams.records import WindowName, WindowSnapshot
from streams.settings import OTHER
from streams.store import deadletters
from streams.store.progress import Progress, newest_event_ms, read_progress
from streams.store.windows import read_windows

SURVEY_LABELS = ["metric", "survey_kind", "channel", "stage", "outcome"]
WINDOW_LABELS = ["metric", "survey_kind", "channel", "stage", "window", "outcome"]
WINDOWS: tuple[WindowName, ...] = ("15m", "1h", "24h", "7d")


class CxCollector(Collector):
    """Reads the database and the measured totals at every scrape, in the scrape's thread."""

    def __init__(self, context: DashboardContext) -> None:
        self._context = context
        self._scales = scales(context.measure)
        self._channels = (*context.measure.channels, OTHER)
        self._stages = (*context.measure.stages, OTHER)
        self._past = Past()

    def describe(self) -> Iterable[Metric]:
        """Nothing: names are fixed, and registering must not read the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All families."""
        context = self._context
        now_ms = context.clock.now_ms()
        owned = context.owned()
        with context.engine.connect() as conn:
            rows = read_windows(conn, now_ms, min_n=context.measure.min_n)
            ours = rows if owned is None else read_windows(conn, now_ms, min_n=1, partitions=owned)
            newest_ms = newest_event_ms(conn)
            progress = read_progress(conn)
            letters = deadletters.count(conn, "kept")
            counts = read_counts(conn)
            incidents = read_incidents(conn, open_only=True)
            active = read_active(conn)
            delivery = read_delivery(conn)
            recovery = read_recovery(conn, now_ms)
            deciding = context.decided(conn)
            unsent = None if context.unsent is None else context.unsent(conn)
            past = self._past = read_past(conn, context.measure.min_n, now_ms, self._past)
        yield self._responses(context.totals())
        yield self._windows(ours)
        yield families.places(standings(context.measure, self._scales, rows, past, incidents))
        yield from self._progress(now_ms, newest_ms, progress)
        yield self._stale_after(now_ms, newest_ms)
        yield GaugeMetricFamily("cx_dead_letters", "Refused records that are kept.", value=letters)
        yield GaugeMetricFamily(
            "cx_decide_lease_held", "Whether any process decides and delivers now (1) or none (0).", value=deciding
        )
        yield from families.alerting(now_ms, counts, delivery)
        yield families.deliveries(context.delivery_times())
        yield from families.recovery(recovery)
        if unsent is not None:
            yield from families.changes(unsent)
        yield families.open_incidents(now_ms, incidents, self._channels, self._stages)
        yield families.detectors(active, self._channels, self._stages)

    def _responses(self, totals: Mapping[TotalKey, int]) -> Metric:
        family = CounterMetricFamily(
            "cx_survey_responses", "Survey answers measured, history left out.", labels=SURVEY_LABELS
        )
        filled: dict[TotalKey, int] = {
            TotalKey(*key): 0
            for key in product(self._scales, kinds(self._context.measure), self._channels, self._stages, OUTCOMES)
        }
        for found, n in totals.items():
            key = self._known(TotalKey(*found))
            filled[key] = filled.get(key, 0) + n
        for key, n in filled.items():
            labels = [key.metric, key.survey_kind, key.channel, key.stage, outcome_label(key.metric, key.outcome)]
            family.add_metric(labels, n)
        return family

    def _known(self, key: TotalKey) -> TotalKey:
        channel = key.channel if key.channel in self._channels else OTHER
        stage = key.stage if key.stage in self._stages else OTHER
        return key._replace(channel=channel, stage=stage)

    def _windows(self, rows: Iterable[WindowSnapshot]) -> Metric:
        family = GaugeMetricFamily(
            "cx_window_responses", "Survey answers in the current window, by place.", labels=WINDOW_LABELS
        )
        leaves = [row for row in rows if row.segment.channel is not None and row.segment.stage is not None]
        asked = sorted({(row.metric, row.survey_kind) for row in leaves if row.metric in self._scales})
        filled = {
            (metric, kind, *rest): 0
            for metric, kind in asked
            for rest in product(self._channels, self._stages, WINDOWS, OUTCOMES)
        }
        for row in leaves:
            scale = self._scales.get(row.metric)
            if scale is None:
                continue
            place = self._known(TotalKey(row.metric, row.survey_kind, row.segment[0] or "", row.segment[1] or "", ""))
            for outcome, n in by_outcome(scale, row.counts).items():
                filled[row.metric, row.survey_kind, place.channel, place.stage, row.window, outcome] += n
        for (metric, kind, channel, stage, window, outcome), n in filled.items():
            family.add_metric([metric, kind, channel, stage, window, outcome_label(metric, outcome)], n)
        return family

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
        watermark = self.watermark_ms(now_ms, progress, behind) / SECOND_MS
        yield GaugeMetricFamily(
            "cx_watermark_timestamp_seconds", "Event time up to which minutes are complete.", value=watermark
        )

    def _stale_after(self, now_ms: int, newest_ms: int | None) -> Metric:
        week_ago = minute_of(now_ms - freshness.USUAL_GAP_DAYS * DAY_MS)
        usual = freshness.usual_gap_ms([hour for hour in self._past.hours if hour.minute >= week_ago], now_ms)
        judged = freshness.judge(now_ms, newest_ms, usual, self._context.speed)
        return GaugeMetricFamily(
            "cx_stale_after_seconds",
            "Product time without an event after which the stream counts as stopped; it follows the hour of the day.",
            value=judged.stale_after_ms / SECOND_MS,
        )

    def watermark_ms(self, now_ms: int, progress: Iterable[Progress], behind: Mapping[int, int]) -> int:
        """The least watermark of the partitions that still have something to read; now where none has."""
        marks = [min(p.greatest_ms or 0, p.append_ms or 0) for p in progress if behind.get(p.partition, 0) > 0]
        return max(0, min(marks, default=now_ms) - self._context.measure.lateness_seconds * SECOND_MS)
