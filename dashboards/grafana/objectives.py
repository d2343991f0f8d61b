"""Service objectives: how fast bad answers use up what the objective allows, and whether people are called in time."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, table, timeseries

from dashboards.grafana.palette import BAD, NEUTRAL
from dashboards.grafana.parts import (
    Board,
    Look,
    Placed,
    arranged,
    cells,
    course,
    lines,
    link,
    now,
    number,
    prop,
    rows,
    selected,
    steps,
    usual_variables,
)
from dashboards.settings import BURN_MAX, BoardSettings


def objectives(settings: BoardSettings) -> Board:
    """Burn rates and first contacts."""
    burn = number(
        Look(
            "Burn rate everywhere, last hour",
            f"1 uses up exactly what the objective allows; above {BURN_MAX:g} over an hour and five minutes somebody "
            "is called.",
            decimals=1,
        ),
        now("all:cx_burn:rate1h", "{{metric}} {{survey_kind}}"),
    ).thresholds(steps((None, NEUTRAL), (BURN_MAX, BAD)))
    over_time = lines(
        Look("Burn rate by place, last hour", "Places with answers in the last hour.", decimals=1),
        course(f"channel_stage:cx_burn:rate1h{selected(window=False)}", "{{channel}} · {{stage}}"),
    ).thresholds(steps((None, NEUTRAL), (BURN_MAX, BAD)))
    return Board(
        name="objectives",
        title="Customer experience: service objectives",
        description="Burn rates of the objectives in the settings, and first contacts against their targets.",
        variables=usual_variables(settings),
        panels=[
            Placed(burn, 0, 0, 14, 5),
            Placed(_on_time(settings), 14, 0, 10, 5),
            Placed(over_time, 0, 5, 14, 9),
            Placed(_burning(), 14, 5, 10, 9),
            Placed(_took(), 0, 14, 12, 8),
            Placed(_alerts(), 12, 14, 12, 8),
        ],
    )


def _on_time(settings: BoardSettings) -> stat.Panel:
    look = Look("First contacts", "Made so far, and how many came later than their target or not at all.")
    panel = number(
        look,
        now("max(cx_first_contact_seconds_count)", "made"),
        now("max(cx_sla_missed_total)", "! missed"),
    )
    limits = steps((None, NEUTRAL), (1, BAD))
    panel.override_by_name("! missed", [prop("thresholds", limits.build()), prop("color", {"mode": "thresholds"})])
    return panel.data_links([link("Queue: whom to call", f"{settings.public_url}/queue")])


def _burning() -> table.Panel:
    look = Look(
        "Highest burn now",
        "The ten places that burn fastest, over the last hour.",
        decimals=1,
        no_value="no answers in the last hour",
    )
    query = "topk(10, channel_stage:cx_burn:rate1h)"
    columns = {"metric": "score", "channel": "channel", "stage": "stage", "survey_kind": "asked", "Value": "burn"}
    panel = arranged(cells(look, rows(query)), columns)
    return panel.thresholds(steps((None, NEUTRAL), (BURN_MAX, BAD)))


def _took() -> timeseries.Panel:
    look = Look(
        "Time to first contact",
        "Half of the contacts took less than p50, nine in ten less than p90. Since the beginning.",
        unit="s",
        no_value="nobody was contacted yet",
    )
    quantile = (
        "histogram_quantile(%s, max by (le) (cx_first_contact_seconds_bucket)) >= 0"  # without contacts it is NaN
    )
    panel = lines(look)
    for at, share in enumerate(("0.5", "0.9")):
        panel.with_target(course(quantile % share, f"p{share[2:]}0").exemplar(True).ref_id("AB"[at]))
    return panel


def _alerts() -> table.Panel:
    look = Look("Alerts of Prometheus", "What the generated rules say now.", no_value="nothing fires")
    query = 'max by (alertname, alertstate, severity, channel, stage) (ALERTS{alertname=~"Cx.+"})'
    columns = {
        "alertname": "alert",
        "alertstate": "state",
        "severity": "severity",
        "channel": "channel",
        "stage": "stage",
    }
    panel = arranged(cells(look, rows(query)), columns, hidden=("Value",))
    return panel.override_by_name("alert", [prop("custom.width", 200)])
