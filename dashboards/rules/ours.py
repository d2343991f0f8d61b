"""Alerts about the product itself: whatever makes it blind or silent must not look like quiet."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards.rules.records import AlertRule
from dashboards.settings import BoardSettings

BEHIND_MAX = 10_000  # records that wait to be measured
REFUSED_MAX = 10  # records in 15 minutes
UNDELIVERED_MAX_S = 600  # product time
UNSENT_MAX_S = 600


def own_alerts(settings: BoardSettings) -> Iterator[AlertRule]:
    """Blind, behind, silent, or late with first contacts. `max` because every worker tells the same of one database."""
    url, job = settings.public_url, settings.prometheus.job
    yield AlertRule(
        "CxNotScraped",
        f'up{{job="{job}"}} == 0 or absent(up{{job="{job}"}})',
        "2m",
        "critical",
        "Prometheus cannot read cxwatch {{ $labels.instance }}",
        "Numbers in Grafana stand still. Is cxwatch running, and does its token still work? Try: cxwatch doctor",
        f"{url}/readyz",
    )
    yield AlertRule(
        "CxStreamSilent",
        "max(cx_event_lag_seconds) > max(cx_stale_after_seconds)",
        "1m",
        "critical",
        "No event for {{ $value | humanizeDuration }}: the screens are blind, not quiet",
        "Nothing came in for much longer than usual at this hour. Look at what sends events, then at the log.",
        f"{url}/",
    )
    yield AlertRule(
        "CxMeasuringBehind",
        f"max(cx_unmeasured_records) > {BEHIND_MAX}",
        "5m",
        "warning",
        '{{ printf "%.0f" $value }} records wait to be measured',
        "Scores and incidents come late. Look at the machine, or add workers.",
        f"{url}/readyz",
    )
    yield AlertRule(
        "CxRecordsRefused",
        f"max(cx_dead_letters) - max(cx_dead_letters offset 15m) > {REFUSED_MAX}",
        "0s",
        "warning",
        '{{ printf "%.0f" $value }} records were refused in 15 minutes',
        "They are kept, and count nowhere. See why: cxwatch dead-letters list",
        f"{url}/",
    )
    yield AlertRule(
        "CxMessagesStuck",
        f"max(cx_oldest_undelivered_seconds) > {UNDELIVERED_MAX_S}",
        "2m",
        "critical",
        "A message has waited {{ $value | humanizeDuration }} to be delivered",
        "People are not told of incidents. Look at Slack's token and network: cxwatch doctor. A pause ends with: "
        "cxwatch live",
        f"{url}/preview",
    )
    yield AlertRule(
        "CxMessagesGivenUp",
        'max by (sink) (increase(cx_alerts_sent_total{result="gave_up"}[15m])) > 0',
        "0s",
        "critical",
        "Messages to {{ $labels.sink }} were given up",
        "They were tried many times. The reason stands in the log of cxwatch.",
        f"{url}/incidents",
    )
    yield AlertRule(
        "CxChangesStuck",
        f"max(cx_changes_unsent) > 0 and time() - max(cx_changes_sent_timestamp_seconds) > {UNSENT_MAX_S}",
        "5m",
        "warning",
        "Changes of {{ $value }} minutes wait to be sent to Kafka",
        "Whoever builds on the topic of changes sees old numbers. Nothing is lost. Look at Kafka: cxwatch doctor",
        f"{url}/readyz",
    )
    yield AlertRule(
        "CxNobodyDecides",
        "max(cx_decide_lease_held) < 1 or absent(cx_decide_lease_held)",
        "1m",
        "critical",
        "No cxwatch process decides: no incident, no case and no message comes out",
        "Answers are still measured. Start a process that decides, or look at why it stopped: /readyz.",
        f"{url}/readyz",
    )
    yield AlertRule(
        "CxFirstContactMissed",
        "max(increase(cx_sla_missed_total[1h])) > 0",
        "0s",
        "warning",
        "Customers were not contacted in time",
        'In the last hour {{ printf "%.0f" $value }} first contacts passed their time. The queue shows who waits.',
        f"{url}/queue",
    )
