"""The boards: what each must have, the public rules of Grafana's dashboard-linter, and the types Grafana publishes."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dashboards.grafana import palette
from dashboards.grafana.boards import board_text, build_boards
from dashboards.settings import BoardSettings
from tests.support.grafana_types import faults, source

SETTINGS = BoardSettings(channels=("web", "app"), stages=("buy", "use"), public_url="https://cx.example.com")
BOARDS = {built.uid: built.json for built in build_boards(SETTINGS)}
Json = dict[str, Any]


def panels() -> Iterator[tuple[str, Json]]:
    for uid, board in BOARDS.items():
        for panel in board["panels"]:
            yield uid, panel


def targets() -> Iterator[tuple[str, Json]]:
    for uid, panel in panels():
        for target in panel["targets"]:
            yield f"{uid}: {panel['title']}", target


def test_there_are_five_boards_with_names_that_stay() -> None:
    assert list(BOARDS) == [f"cxwatch-{name}" for name in ("wall", "channel", "detectors", "objectives", "pipeline")]


def test_the_same_settings_give_the_same_bytes() -> None:
    assert [board_text(b) for b in build_boards(SETTINGS)] == [board_text(b) for b in build_boards(SETTINGS)]


def test_the_wall_is_readable_from_five_metres() -> None:
    wall = BOARDS["cxwatch-wall"]
    assert len(wall["panels"]) <= 8
    assert wall["refresh"] == "10s"
    assert any(link["url"].endswith("?kiosk") for link in wall["links"] if "url" in link)


def test_panels_are_numbered_and_do_not_overlap() -> None:
    for board in BOARDS.values():
        assert [panel["id"] for panel in board["panels"]] == list(range(1, len(board["panels"]) + 1))
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            at = panel["gridPos"]
            fields = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert at["x"] + at["w"] <= 24
            assert not fields & taken, panel["title"]
            taken |= fields


def test_every_board_leads_to_incidents_and_queue_and_shows_incidents_over_time() -> None:
    for board in BOARDS.values():
        urls = {link.get("url") for link in board["links"]}
        assert {"https://cx.example.com/incidents", "https://cx.example.com/queue"} <= urls
        (annotation,) = board["annotations"]["list"]
        assert "cx_open_incident_seconds" in annotation["expr"]


def test_an_incident_in_a_table_opens_its_page() -> None:
    found = [link for _, panel in panels() for o in panel["fieldConfig"]["overrides"] for p in o["properties"]
             if p["id"] == "links" for link in p["value"]]  # fmt: skip
    assert {link["url"] for link in found} == {"https://cx.example.com/incidents/${__value.text}"}


def test_channel_stage_and_window_can_be_chosen() -> None:
    for uid in ("cxwatch-wall", "cxwatch-channel", "cxwatch-detectors", "cxwatch-objectives"):
        assert {"channel", "stage", "window"} <= {v["name"] for v in BOARDS[uid]["templating"]["list"]}


def test_the_table_of_places_has_coloured_cells_each_with_a_word_and_a_glyph() -> None:
    (panel,) = [panel for panel in BOARDS["cxwatch-wall"]["panels"] if panel["title"].startswith("Places")]
    assert panel["transformations"][0]["id"] == "groupingToMatrix"
    (mapping, _) = panel["fieldConfig"]["defaults"]["mappings"]
    words = [result["text"] for result in mapping["options"].values()]
    assert len(set(words)) == len(words)
    colored = [r["text"] for r in mapping["options"].values() if r["color"] != palette.QUIET]
    assert colored == ["▼ incident", "▼ below usual", "▲ above usual"]


def test_colours_are_those_of_the_design_and_yellow_means_stale_alone() -> None:
    known = {palette.BAD, palette.GOOD, palette.OK, palette.WARN, palette.MARK, palette.NEUTRAL, palette.QUIET}
    used = set(re.findall(r"#[0-9A-Fa-f]{6}", json.dumps(BOARDS)))
    assert used <= known | {palette.STALE}
    yellow = [r["text"] for _, p in panels() for m in p["fieldConfig"]["defaults"].get("mappings", [])
              for r in m["options"].values() if isinstance(r, dict) and r.get("color") == palette.STALE]  # fmt: skip
    assert set(yellow) == {"STALE: no data comes in"}


# The public rules of grafana/dashboard-linter. Left out, with the reason: template-job, template-instance, target-job,
# target-instance (the numbers add up all workers of one product, and recording rules have neither label).


def test_lint_the_data_source_is_a_variable_with_its_label() -> None:
    for board in BOARDS.values():
        (first, *_) = board["templating"]["list"]
        assert (first["type"], first["name"], first["label"]) == ("datasource", "datasource", "Data source")
        assert first["query"] == "prometheus"


def test_lint_every_panel_and_query_uses_that_variable() -> None:
    for _, panel in panels():
        assert panel["datasource"]["uid"] == "${datasource}"
    for _, target in targets():
        assert target["datasource"]["uid"] == "${datasource}"


def test_lint_every_panel_has_title_description_unit_query_and_no_data_text() -> None:
    for uid, panel in panels():
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["title"], uid
        assert len(panel["description"]) >= 15, panel["title"]
        assert panel["targets"], panel["title"]
        assert defaults["unit"] in {"none", "s"}, panel["title"]
        assert defaults["noValue"], panel["title"]


def test_lint_boards_cannot_be_edited_in_place() -> None:
    assert not any(board["editable"] for board in BOARDS.values())


def test_lint_variables_are_read_anew_when_the_time_changes() -> None:
    for board in BOARDS.values():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                assert variable["refresh"] == 2, variable["name"]


def test_lint_counters_are_never_shown_raw_and_rates_follow_the_zoom() -> None:
    counters = r"cx_\w+_total\b"
    for where, target in targets():
        for found in re.finditer(counters, target["expr"]):
            before = target["expr"][: found.start()]
            assert before.endswith(("rate(", "increase(", "max(")), where  # max: "so far", told in the panel's words
        for span in re.findall(r"rate\([^][]*\[([^]]+)\]", target["expr"]):
            assert span == "$__rate_interval", where


# The types that Grafana publishes.

SEEDED: dict[str, Callable[[Json], None]] = {
    "a mode of thresholds that is none": lambda b: b["panels"][0]["fieldConfig"]["defaults"]["thresholds"].update(
        mode="relative"
    ),
    "a colour mode that is none": lambda b: b["panels"][0]["options"].update(colorMode="ground"),
    "an option of another panel": lambda b: b["panels"][0]["options"].update(showHeader=True),
    "a misspelt field of a panel": lambda b: b["panels"][0].update(descripton="x"),
    "a misspelt field of a board": lambda b: b.update(titel="x"),
    "a number as text": lambda b: b["panels"][0]["gridPos"].update(w="6"),
    "a variable of no type": lambda b: b["templating"]["list"][1].update(type="list"),
    "a format of a query that is none": lambda b: b["panels"][0]["targets"][0].update(format="csv"),
    "a misspelt field of a query": lambda b: b["panels"][0]["targets"][0].update(legendFromat="x"),
    "a link of no type": lambda b: b["links"][0].update(type="page"),
    "a mapping of no type": lambda b: b["panels"][4]["fieldConfig"]["defaults"]["mappings"][0].update(type="word"),
    "a reducer that is no list": lambda b: b["panels"][0]["options"]["reduceOptions"].update(calcs="last"),
}


@pytest.mark.long
def test_the_published_types_have_nothing_against_the_boards() -> None:
    assert faults(list(BOARDS.values())) == []


@pytest.mark.long
def test_the_published_types_would_notice() -> None:
    wrong = []
    for seed in SEEDED.values():
        board = copy.deepcopy(BOARDS["cxwatch-wall"])
        seed(board)
        wrong.append(board)
    said = faults(wrong, "seeded")
    lines = {int(line.split("(")[1].split(",")[0]) for line in said}
    first = _first_lines(wrong)
    unnoticed = [name for at, name in enumerate(SEEDED) if not any(first[at] <= line < first[at + 1] for line in lines)]
    assert unnoticed == []


def _first_lines(boards: list[Json]) -> list[int]:
    """Where each board begins in the text that the compiler reads."""
    lines = source(boards).splitlines()
    starts = [at for at, line in enumerate(lines, start=1) if re.match(r"export const b\d+:", line)]
    return [*starts, len(lines) + 1]


def test_names_in_tables_are_never_formatted_as_numbers() -> None:
    """Grafana formats a text that looks like a number by the panel's unit: incident "2047" would be "34.1 min"."""
    for _, panel in panels():
        if panel["type"] == "table":
            texts = [
                o for o in panel["fieldConfig"]["overrides"] if o["matcher"] == {"id": "byType", "options": "string"}
            ]
            assert [o["properties"] for o in texts] == [
                [{"id": "unit", "value": "string"}, {"id": "noValue", "value": ""}]
            ], panel["title"]
