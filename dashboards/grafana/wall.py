"""The wall: the main score, which places are off, who must be called, and whether the numbers are live."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, table

from dashboards.grafana.palette import BAD, LIVE, NEUTRAL, STANDING, WARN, said, words
from dashboards.grafana.parts import (
    Board,
    Look,
    Placed,
    arranged,
    cells,
    colored_cells,
    link,
    matrix,
    now,
    number,
    prop,
    rows,
    selected,
    steps,
    usual_variables,
)
from dashboards.recovery_readings import DUES
from dashboards.settings import BoardSettings

STALE = "max(cx_event_lag_seconds) > bool max(cx_stale_after_seconds)"


def wall(settings: BoardSettings) -> Board:
    """Eight panels, read from five metres; every ten seconds anew."""
    everywhere = selected(place=False)
    kpi = number(
        Look("$metric, last $window", "The score over all places. No score where answers are too few.", decimals=0),
        now(f"all:cx_score:window{everywhere}", "$metric"),
    )
    return Board(
        name="wall",
        title="Customer experience: wall",
        description="What is off, who must be called, and whether the numbers are live. Open it with ?kiosk.",
        refresh="10s",
        variables=usual_variables(settings),
        panels=[
            Placed(kpi, 0, 0, 6, 7),
            Placed(_interval(everywhere), 0, 7, 6, 4),
            Placed(_others(), 0, 11, 6, 5),
            Placed(_to_contact(settings), 0, 16, 6, 6),
            Placed(standing_table(), 6, 0, 18, 9),
            Placed(_score_table(), 6, 9, 18, 7),
            Placed(incident_table(settings), 6, 16, 13, 6),
            Placed(live(), 19, 16, 5, 6),
        ],
    )


def _interval(everywhere: str) -> stat.Panel:
    look = Look("95 % interval, and answers", "Where the score lies with 95 % certainty, and how many answers it has.")
    return number(
        look,
        now(f"all:cx_score_low:window{everywhere}", "from"),
        now(f"all:cx_score_high:window{everywhere}", "to"),
        now(f"all:cx_window_responses:sum{everywhere}", "answers"),
    )


def _others() -> stat.Panel:
    return number(
        Look(
            "Other scores, last $window",
            "Share of good answers of everything else that is asked, and NPS where it is not the main score.",
        ),
        now('all:cx_score:window{metric!="$metric", survey_kind="$survey_kind", window="$window"}', "{{metric}}"),
    )


def _to_contact(settings: BoardSettings) -> stat.Panel:
    look = Look("First contact with unhappy customers", "Open cases by when their first contact is due.")
    most_urgent_first = (now(f'max(cx_cases_to_contact{{due="{due}"}})', due) for due in DUES)
    panel = number(look, *most_urgent_first)
    panel.data_links([link("Queue: whom to call", f"{settings.public_url}/queue")])
    for name, shown, color in (
        ("overdue", "! overdue", BAD),
        ("within_1h", "due within 1 h", WARN),
        ("later", "due later", NEUTRAL),
    ):
        limits = steps((None, NEUTRAL), (1, color))
        panel.override_by_name(
            name,
            [prop("displayName", shown), prop("thresholds", limits.build()), prop("color", {"mode": "thresholds"})],
        )
    return panel.mappings(words({"0": said("0", NEUTRAL)}))


def standing_table() -> table.Panel:
    """Channel by stage: words and glyphs, and a colour only for what is beyond chance or has an incident."""
    look = Look(
        "Places, last 24 h",
        "Each place against its usual. A colour means an open incident, or a difference beyond chance among all "
        "places (false discovery rate 5 %).",
        no_value="not offered",
    )
    matchers = '{metric="$metric", survey_kind="$survey_kind", channel=~"$channel", stage=~"$stage"}'
    panel = cells(look, rows(f"max by (channel, stage) (cx_place_standing{matchers})"))
    panel.mappings(STANDING).override_by_regexp("^(?!channel$).*", [colored_cells()])
    return matrix(panel)


def _score_table() -> table.Panel:
    look = Look(
        "Scores of places, last $window",
        "Without colour: whether a difference could be chance is said above. Blank: too few answers.",
        no_value="too few",
    )
    return matrix(cells(look, rows(f"sum by (channel, stage) (channel_stage:cx_score:window{selected()})")))


def incident_table(settings: BoardSettings) -> table.Panel:
    """Open incidents, each with a link to its page."""
    look = Look(
        "Open incidents",
        "What goes on, the longest first. A click on a number opens the incident's page.",
        unit="s",
        no_value="no open incident",
    )
    query = "sort_desc(max by (incident, channel, stage, severity, state) (cx_open_incident_seconds))"
    panel = arranged(
        cells(look, rows(query)),
        {
            "incident": "#",
            "channel": "channel",
            "stage": "stage",
            "severity": "severity",
            "state": "state",
            "Value": "since",
        },
    )
    page = f"{settings.public_url}/incidents/${{__value.text}}"
    panel.override_by_name("#", [prop("links", [{"title": "Open the incident", "url": page, "targetBlank": True}])])
    firing = words(
        {"firing": said("! not taken", BAD), "pending": said("pending", WARN), "acknowledged": said("taken", NEUTRAL)}
    )
    return panel.override_by_name(
        "state", [prop("mappings", firing), prop("custom.cellOptions", {"type": "color-text"})]
    )


def live() -> stat.Panel:
    """Whether events come in: blind must not look like quiet."""
    look = Look(
        "Live",
        "Stale: no event for much longer than usual at this hour. Then no number here is to be trusted as current.",
        no_value="not scraped",
    )
    return number(look, now(STALE, "data")).mappings(LIVE)
