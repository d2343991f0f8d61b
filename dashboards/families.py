"""Metric families out of readings: one function a group, each with its names, units and fixed labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from prometheus_client.core import CounterMetricFamily, Exemplar, GaugeMetricFamily, HistogramMetricFamily, Metric

from alerting.punctuality import BOUNDS_S, Punctuality
from alerting.records import CaseState, IncidentState, Signal
from dashboards.alert_readings import AlertCounts, IncidentLine
from dashboards.context import Unsent
from dashboards.counted import Plane
from dashboards.delivery_readings import STATES, DeliveryCounts
from dashboards.exposition import Text, gauge, place_labels
from dashboards.recovery_readings import BOUNDS_MS, DUES, Recovery
from dashboards.standing import CODES_TOLD
from streams.clock import SECOND_MS
from streams.records import Segment

INCIDENT_STATES: tuple[IncidentState, ...] = ("firing", "acknowledged", "resolved")
CASE_STATES: tuple[CaseState, ...] = (
    "open",
    "claimed",
    "contacted",
    "recovered",
    "not_recovered",
    "closed_without_contact",
)
SIGNALS: tuple[Signal, ...] = ("share", "volume", "guardrail")
SINKS = ("preview", "slack", "webhook")
RESULTS = ("delivered", "gave_up")
OPEN_INCIDENTS_MAX = 20  # told one by one; the gravest first


def alerting(now_ms: int, counts: AlertCounts, delivery: DeliveryCounts) -> Iterator[Metric]:
    """Incidents, cases and messages by state. The same from every worker: they read one database."""
    yield by_label(
        "cx_incidents", "Incidents by state, spam and notices left out.", "state", INCIDENT_STATES, counts.incidents
    )
    yield by_label("cx_cases", "Cases by state.", "state", CASE_STATES, counts.cases)
    yield by_label("cx_outbox", "Messages and notes by state of delivery.", "state", STATES, delivery.by_state)
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


def changes(unsent: Unsent) -> Iterator[Metric]:
    """The topic of changes, where there is one. The same from every worker."""
    yield GaugeMetricFamily(
        "cx_changes_unsent", "Changed minutes that wait to be sent to the topic of changes.", value=unsent.waiting
    )
    yield GaugeMetricFamily(
        "cx_changes_sent_timestamp_seconds",
        "Real time at which changes were sent last; 0 before the first.",
        value=(unsent.sent_real_ms or 0) / SECOND_MS,
    )


def deliveries(found: Mapping[str, Punctuality]) -> Metric:
    """How late first posts were, by this process. The newest incident of each bucket goes along as its exemplar."""
    family = HistogramMetricFamily(
        "cx_alert_delivery_seconds",
        "Product time from when a message was due to its first post, by where it went.",
        labels=["sink"],
    )
    nothing = Punctuality((0,) * len(BOUNDS_S), 0, 0.0, {})
    for sink, told in {**dict.fromkeys(SINKS, nothing), **found}.items():
        examples = {at: Exemplar({"incident": str(number)}, seconds) for at, (number, seconds) in told.examples.items()}
        family.add_metric([sink], _buckets(BOUNDS_S, [*told.within, told.n], examples), told.seconds)
    return family


def recovery(found: Recovery) -> Iterator[Metric]:
    """First contacts. The newest case of each bucket goes along as its exemplar."""
    yield by_label(
        "cx_cases_to_contact", "Cases that wait for a first contact, by when it is due.", "due", DUES, found.waiting
    )
    missed = CounterMetricFamily("cx_sla_missed", "First contacts later than their target, or not made by then.")
    missed.add_metric([], found.missed)
    yield missed
    took = HistogramMetricFamily("cx_first_contact_seconds", "Product time from opening a case to its first contact.")
    bounds = [bound / SECOND_MS for bound in BOUNDS_MS]
    took.add_metric([], _buckets(bounds, [*found.within, found.contacts], _examples(found, bounds)), found.seconds)
    yield took


def _buckets(
    bounds: Sequence[float], counts: Sequence[int], examples: Mapping[int, Exemplar]
) -> list[tuple[str, float] | tuple[str, float, Exemplar]]:
    """The buckets of a histogram, the last without a bound; `examples` by bucket."""
    found: list[tuple[str, float] | tuple[str, float, Exemplar]] = []
    for at, n in enumerate(counts):
        le = str(bounds[at]) if at < len(bounds) else "+Inf"
        example = examples.get(at)
        found.append((le, n) if example is None else (le, n, example))
    return found


def _examples(found: Recovery, bounds: Sequence[float]) -> dict[int, Exemplar]:
    examples: dict[int, Exemplar] = {}
    for contacted in found.examples:  # newest first
        bucket = next((at for at, bound in enumerate(bounds) if contacted.took_seconds <= bound), len(bounds))
        examples.setdefault(bucket, Exemplar({"case": str(contacted.case_id)}, contacted.took_seconds))
    return examples


def places(standings: Mapping[tuple[Plane, Segment], int]) -> Text:
    """How each place stands over the last 24 hours."""
    lines = (
        (f'metric="{metric}",survey_kind="{kind}",{place_labels([channel or ""], [stage or ""])[0]}', code)
        for ((metric, kind), (channel, stage)), code in standings.items()
    )
    return gauge("cx_place_standing", f"The score of a place over 24 h against its usual: {CODES_TOLD}.", lines)


def open_incidents(
    now_ms: int, lines: Sequence[IncidentLine], channels: Iterable[str], stages: Iterable[str]
) -> Metric:
    """The open incidents by number, the gravest first: a handful of series that come and go."""
    family = GaugeMetricFamily(
        "cx_open_incident_seconds",
        f"Product time since each open incident began; at most {OPEN_INCIDENTS_MAX}, spam left out.",
        labels=["incident", "channel", "stage", "severity", "state"],
    )
    grave = ("critical", "major", "minor")
    told = [line for line in lines if line.open and not line.spam]
    told.sort(key=lambda line: (grave.index(line.severity), line.number))
    known_channels, known_stages = {*channels, None}, {*stages, None}
    for line in told[:OPEN_INCIDENTS_MAX]:
        channel, stage = line.segment
        labels = [
            str(line.number),
            "other" if channel not in known_channels else channel or "all",
            "other" if stage not in known_stages else stage or "all",
            line.severity,
            line.stage_at(now_ms),
        ]
        family.add_metric(labels, max(0, now_ms - line.since_ms) / SECOND_MS)
    return family


def detectors(active: Mapping[tuple[str, str, str], int], channels: Sequence[str], stages: Sequence[str]) -> Text:
    """Open anomalies by leaf place and what gave them away."""
    lines = (
        (f'{labels},signal="{signal}"', active.get((channel, stage, signal), 0))
        for (channel, stage), labels in zip(product(channels, stages), place_labels(channels, stages), strict=True)
        for signal in SIGNALS
    )
    return gauge("cx_detector_active", "Open anomalies by place and signal, rollups and spam left out.", lines)


def by_label(name: str, text: str, label: str, known: Iterable[str], found: Mapping[str, int]) -> Metric:
    """A gauge with one label; what is known but was not found is 0."""
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, n in (dict.fromkeys(known, 0) | dict(found)).items():
        family.add_metric([value], n)
    return family
