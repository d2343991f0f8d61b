"""One channel in detail: its stages now and over time, with intervals."""

from __future__ import annotations

from grafana_foundation_sdk.builders import table, timeseries

from dashboards.grafana.palette import BAD, GOOD, NEUTRAL
from dashboards.grafana.parts import (
    Board,
    Look,
    Placed,
    cells,
    course,
    joined,
    lines,
    now,
    number,
    prop,
    rows,
    selected,
    usual_variables,
)
from dashboards.grafana.wall import incident_table, standing_table
from dashboards.settings import BoardSettings


def channel(settings: BoardSettings) -> Board:
    """Everything about the chosen channel."""
    one = '{metric="$metric", survey_kind="$survey_kind", window="$window", channel="$channel"}'
    score = number(
        Look("$metric of $channel, last $window", "The channel's score with its 95 % interval and its answers."),
        now(f"channel:cx_score:window{one}", "score"),
        now(f"channel:cx_score_low:window{one}", "from"),
        now(f"channel:cx_score_high:window{one}", "to"),
        now(f"channel:cx_window_responses:sum{one}", "answers"),
    )
    return Board(
        name="channel",
        title="Customer experience: channel",
        description="One channel by stage: scores with their intervals, answers, incidents.",
        variables=usual_variables(settings, one_channel=True),
        panels=[
            Placed(score, 0, 0, 24, 5),
            Placed(_course(one), 0, 5, 12, 9),
            Placed(_stages_over_time(), 12, 5, 12, 9),
            Placed(_stage_table(), 0, 14, 12, 8),
            Placed(_answers(), 12, 14, 12, 8),
            Placed(standing_table(), 0, 22, 12, 6),
            Placed(incident_table(settings), 12, 22, 12, 6),
        ],
    )


def _course(one: str) -> timeseries.Panel:
    look = Look("$metric of $channel", "The line is the score of the last $window, the ribbon its 95 % interval.")
    panel = lines(
        look,
        course(f"channel:cx_score:window{one}", "score"),
        course(f"channel:cx_score_low:window{one}", "from"),
        course(f"channel:cx_score_high:window{one}", "to"),
    )
    edge = [prop("custom.lineWidth", 0), prop("color", {"mode": "fixed", "fixedColor": NEUTRAL})]
    panel.override_by_name("from", edge)
    panel.override_by_name("to", [*edge, prop("custom.fillBelowTo", "from"), prop("custom.fillOpacity", 20)])
    return panel.override_by_name("score", [prop("color", {"mode": "fixed", "fixedColor": GOOD})])


def _stages_over_time() -> timeseries.Panel:
    look = Look("$metric by stage", "The score of the last $window at each stage of $channel.")
    return lines(look, course(f"sum by (stage) (channel_stage:cx_score:window{selected()})", "{{stage}}"))


def _stage_table() -> table.Panel:
    look = Look("Stages now", "Score, 95 % interval and answers of each stage, last $window.", no_value="too few")
    names = ("cx_score:window", "cx_score_low:window", "cx_score_high:window", "cx_window_responses:sum")
    queries = [rows(f"sum by (stage) (channel_stage:{name}{selected()})") for name in names]
    columns = {"Value #A": "score", "Value #B": "from", "Value #C": "to", "Value #D": "answers"}
    return joined(cells(look, *queries), "stage", columns)


def _answers() -> timeseries.Panel:
    look = Look("Answers an hour, by outcome", "Bad, neutral and good answers of $channel.", decimals=1)
    matchers = '{metric="$metric", survey_kind="$survey_kind", channel="$channel", stage=~"$stage"}'
    query = f"sum by (outcome) (rate(cx_survey_responses_total{matchers}[$__rate_interval])) * 3600"
    panel = lines(look, course(query, "{{outcome}}"))
    for name, color in (("bad", BAD), ("detractor", BAD), ("good", GOOD), ("promoter", GOOD)):
        panel.override_by_name(name, [prop("color", {"mode": "fixed", "fixedColor": color})])
    return panel
