"""Pipeline health: whether what comes in is measured, decided on, and told."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, timeseries

from dashboards.grafana.palette import BAD, DECIDING, NEUTRAL, UP, WARN
from dashboards.grafana.parts import Board, Look, Placed, course, lines, now, number, steps
from dashboards.grafana.wall import live
from dashboards.settings import BoardSettings


def pipeline(settings: BoardSettings) -> Board:
    """The way of an event, from left to right."""
    job = f'{{job="{settings.prometheus.job}"}}'
    return Board(
        name="pipeline",
        title="Customer experience: pipeline health",
        description="Whether events are measured, decided on and told, and whether Prometheus can read all of it.",
        variables=[],
        past="now-6h",
        panels=[
            Placed(live(), 0, 0, 6, 5),
            Placed(_scraped(job), 6, 0, 6, 5),
            Placed(_deciding(), 12, 0, 6, 5),
            Placed(_waiting(), 18, 0, 6, 5),
            Placed(_answers(), 0, 5, 12, 8),
            Placed(_lag(), 12, 5, 12, 8),
            Placed(_unmeasured(), 0, 13, 8, 8),
            Placed(_outbox(), 8, 13, 8, 8),
            Placed(_sent(), 16, 13, 8, 8),
            Placed(_late(), 0, 21, 8, 7),
            Placed(_scrape_time(job), 8, 21, 8, 7),
            Placed(_letters(), 16, 21, 8, 7),
        ],
    )


def _scraped(job: str) -> stat.Panel:
    look = Look(
        "Read by Prometheus", "Each process of cxwatch, and whether the last scrape worked.", no_value="not scraped"
    )
    return number(look, now(f"up{job}", "{{instance}}")).mappings(UP)


def _deciding() -> stat.Panel:
    look = Look(
        "Deciding", "Without a process that decides there is no incident, case or message.", no_value="not scraped"
    )
    return number(look, now("max(cx_decide_lease_held)", "decide")).mappings(DECIDING)


def _waiting() -> stat.Panel:
    look = Look("Oldest message that waits", "How long it has been due.", unit="s")
    return number(look, now("max(cx_oldest_undelivered_seconds)", "oldest")).thresholds(
        steps((None, NEUTRAL), (120, WARN), (600, BAD))
    )


def _answers() -> timeseries.Panel:
    look = Look("Answers a minute", "Survey answers measured, by score; history is left out.", decimals=1)
    query = "sum by (metric) (rate(cx_survey_responses_total[$__rate_interval])) * 60"
    return lines(look, course(query, "{{metric}}"))


def _lag() -> timeseries.Panel:
    look = Look("Age of the newest event", "Beside it: from when on the stream counts as stopped.", unit="s")
    return lines(
        look,
        course("max(cx_event_lag_seconds)", "newest event"),
        course("max(cx_stale_after_seconds)", "stopped from here"),
    )


def _unmeasured() -> timeseries.Panel:
    look = Look("Records not measured yet", "What is in the log and not in the numbers.")
    return lines(look, course("max(cx_unmeasured_records)", "records"))


def _outbox() -> timeseries.Panel:
    look = Look("Messages by state", "ready and sending are on their way; dead were given up.")
    return lines(look, course("max by (state) (cx_outbox)", "{{state}}"))


def _sent() -> timeseries.Panel:
    look = Look("Messages delivered an hour", "By where they went and how it ended.", decimals=1)
    query = "max by (sink, result) (rate(cx_alerts_sent_total[$__rate_interval])) * 3600"
    return lines(look, course(query, "{{sink}} {{result}}"))


def _late() -> timeseries.Panel:
    look = Look(
        "Time to the first post",
        "From when a message was due: half arrived within p50, 95 of 100 within p95. By where they went.",
        unit="s",
        decimals=1,
        no_value="nothing was posted",
    )
    quantile = (
        "histogram_quantile(%s, sum by (sink, le) (rate(cx_alert_delivery_seconds_bucket[$__rate_interval]))) >= 0"
    )
    panel = lines(look)
    for at, (share, name) in enumerate((("0.5", "p50"), ("0.95", "p95"))):
        target = course(quantile % share, f"{{{{sink}}}} {name}")
        panel.with_target(target.exemplar(True).ref_id("AB"[at]))
    return panel


def _scrape_time(job: str) -> timeseries.Panel:
    look = Look(
        "Time of a scrape", "Prometheus gives up at its scrape_timeout (10 s unless set).", unit="s", decimals=2
    )
    return lines(look, course(f"scrape_duration_seconds{job}", "{{instance}}"))


def _letters() -> timeseries.Panel:
    look = Look("Refused records kept", "See why with: cxwatch dead-letters list")
    return lines(look, course("max(cx_dead_letters)", "refused"))
