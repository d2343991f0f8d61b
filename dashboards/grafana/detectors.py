"""The detectors: what they see now, what became of it, and where they are blind."""

from __future__ import annotations

from grafana_foundation_sdk.builders import table

from dashboards.grafana.palette import BAD, NEUTRAL
from dashboards.grafana.parts import (
    Board,
    Look,
    Placed,
    arranged,
    cells,
    course,
    lines,
    now,
    number,
    rows,
    steps,
    usual_variables,
)
from dashboards.grafana.wall import incident_table, standing_table
from dashboards.settings import BoardSettings

PLACE = '{channel=~"$channel", stage=~"$stage"}'


def detectors(settings: BoardSettings) -> Board:
    """Anomalies by place and signal, incidents by state, places by how they stand."""
    anomalies = number(
        Look("Places with an open anomaly", "Places, not customers: a place counts once for each signal."),
        now(f"sum by (signal) (max by (channel, stage, signal) (cx_detector_active{PLACE}))", "{{signal}}"),
    ).thresholds(steps((None, NEUTRAL), (1, BAD)))
    incidents = number(
        Look("Incidents by state", "Since the beginning; spam is left out."),
        now("max by (state) (cx_incidents)", "{{state}}"),
    )
    over_time = lines(
        Look("Open anomalies", "By what gave them away: share of bad answers, volume of bad answers, guardrail."),
        course(f"sum by (signal) (max by (channel, stage, signal) (cx_detector_active{PLACE}))", "{{signal}}"),
    )
    counted = (
        'count by (standing) (label_replace(max by (channel, stage) (cx_place_standing{metric="$metric", '
        'survey_kind="$survey_kind"}) %s, "standing", "%s", "", ""))'
    )
    kinds = (
        ("== -2", "incident"),
        ("== -1", "below usual"),
        ("== 0", "as usual"),
        ("== 1", "above usual"),
        ("> 1", "cannot be told"),
    )
    standing = lines(
        Look("Places by how they stand", "How many places are below, at or above their usual over 24 h."),
        course(" or ".join(counted % kind for kind in kinds), "{{standing}}"),
    )
    return Board(
        name="detectors",
        title="Customer experience: detectors",
        description="What the detectors see, and where they cannot see.",
        variables=usual_variables(settings),
        panels=[
            Placed(anomalies, 0, 0, 12, 5),
            Placed(incidents, 12, 0, 12, 5),
            Placed(over_time, 0, 5, 12, 8),
            Placed(standing, 12, 5, 12, 8),
            Placed(_active(), 0, 13, 10, 8),
            Placed(incident_table(settings), 10, 13, 14, 8),
            Placed(standing_table(), 0, 21, 24, 8),
        ],
    )


def _active() -> table.Panel:
    look = Look("Open anomalies by place", "Each place and the signal that is beyond chance there.", no_value="none")
    query = f"max by (channel, stage, signal) (cx_detector_active{PLACE}) > 0"
    columns = {"channel": "channel", "stage": "stage", "signal": "signal", "Value": "anomalies"}
    return arranged(cells(look, rows(query)), columns)
