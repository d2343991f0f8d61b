"""Metrics for Prometheus, computed when it asks. Labels come from the settings only; windows are leaf counts, so
that sums over workers and channels are right, and scores are PromQL's business."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alerting.records import CaseState, IncidentState
from dashboards.alert_readings import AlertCounts, read_counts
from dashboards.context import DashboardContext, TotalKey
from dashboards.delivery_readings import STATES, DeliveryCounts, read_delivery
from dashboards.outcomes import OUTCOMES, by_outcome, kinds, outcome_label, scales
from streams.clock import SECOND_MS
from streams.records import WindowName, WindowSnapshot
from streams.settings import OTHER
from streams.store import deadletters
from streams.store.progress import Progress, newest_event_ms, read_progress
from streams.store.windows import read_windows

INCIDENT_STATES: tuple[IncidentState, ...] = ("firing", "acknowledged", "resolved")
CASE_STATES: tuple[CaseState, ...] = (
    "open",
    "claimed",
    "contacted",
    "recovered",
    "not_recovered",
    "closed_without_contact",
)
SINKS = ("preview", "slack")
RESULTS = ("delivered", "gave_up")
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

    def describe(self) -> Iterable[Metric]:
        """Nothing: names are fixed, and registering must not read the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All families."""
        context = self._context
        now_ms = context.clock.now_ms()
        with context.engine.connect() as conn:
            rows = read_windows(conn, now_ms, min_n=context.measure.min_n)
            newest_ms = newest_event_ms(conn)
            progress = read_progress(conn)
            letters = deadletters.count(conn, "kept")
            counts = read_counts(conn)
            delivery = read_delivery(conn)
        yield self._responses(context.totals())
        yield self._windows(rows)
        yield from self._progress(now_ms, newest_ms, progress, context.log_ends())
        yield GaugeMetricFamily("cx_dead_letters", "Refused records that are kept.", value=letters)
        yield from _alerting(now_ms, counts, delivery)

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

    def _progress(
        self, now_ms: int, newest_ms: int | None, progress: list[Progress], ends: Mapping[int, int]
    ) -> Iterator[Metric]:
        behind = {p.partition: max(0, ends.get(p.partition, p.next_offset) - p.next_offset) for p in progress}
        for partition in ends.keys() - behind.keys():
            behind[partition] = ends[partition]
        yield GaugeMetricFamily(
            "cx_unmeasured_records", "Records in the log that are not measured yet.", value=sum(behind.values())
        )
        lag_ms = 0 if newest_ms is None else max(0, now_ms - newest_ms)
        yield GaugeMetricFamily(
            "cx_event_lag_seconds",
            "Product time since the newest event measured; 0 before the first.",
            value=lag_ms / SECOND_MS,
        )
        watermark = self.watermark_ms(now_ms, progress, behind) / SECOND_MS
        yield GaugeMetricFamily(
            "cx_watermark_timestamp_seconds", "Event time up to which minutes are complete.", value=watermark
        )

    def watermark_ms(self, now_ms: int, progress: Iterable[Progress], behind: Mapping[int, int]) -> int:
        """The least watermark of the partitions that still have something to read; now where none has."""
        marks = [min(p.greatest_ms or 0, p.append_ms or 0) for p in progress if behind.get(p.partition, 0) > 0]
        return max(0, min(marks, default=now_ms) - self._context.measure.lateness_seconds * SECOND_MS)


def _alerting(now_ms: int, counts: AlertCounts, delivery: DeliveryCounts) -> Iterator[Metric]:
    yield _by_label("cx_incidents", "Incidents by state, spam left out.", "state", INCIDENT_STATES, counts.incidents)
    yield _by_label("cx_cases", "Cases by state.", "state", CASE_STATES, counts.cases)
    yield _by_label("cx_outbox", "Messages and notes by state of delivery.", "state", STATES, delivery.by_state)
    age_ms = 0 if delivery.oldest_due_ms is None else max(0, now_ms - delivery.oldest_due_ms)
    yield GaugeMetricFamily(
        "cx_oldest_undelivered_seconds",
        "Product time since the oldest message that still waits was due; 0 while none waits.",
        value=age_ms / SECOND_MS,
    )
    sent = CounterMetricFamily("cx_alerts_sent", "Messages and notes by where they went.", labels=["sink", "result"])
    filled = dict.fromkeys(product(SINKS, RESULTS), 0) | dict(delivery.results)
    for (sink, result), n in sorted(filled.items()):
        sent.add_metric([sink, result], n)
    yield sent


def _by_label(name: str, text: str, label: str, known: Iterable[str], found: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, n in (dict.fromkeys(known, 0) | dict(found)).items():
        family.add_metric([value], n)
    return family
