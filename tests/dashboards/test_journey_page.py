"""The journey's page: what it says of a week in which delivery disappoints and nobody looks at e-mail."""

from __future__ import annotations

import re

import pytest
from litestar.testing import TestClient

from dashboards.beyond_chance import Sample
from dashboards.pages.journey_rows import below_the_rest
from dashboards.pages.stage_chart import stage_chart
from streams.cxscore import CxScore
from streams.panes import INTERACTION
from tests.support.dashboards import World, busy_day
from tests.support.journeys import traffic, week

pytestmark = pytest.mark.slow_on_postgresql


def page_of(world: World, address: str = "/journey") -> str:
    """What the page says, every run of spaces as one."""
    with TestClient(world.app()) as client:
        return re.sub(r"\s+", " ", client.get(address).text)


def test_the_weakest_link_is_named_first_with_its_worst_channel_and_its_promises(world: World) -> None:
    week(world)
    page = page_of(world)
    assert "<b>deliver is the weakest link:</b> −1.4 (−1.8..−1.1, n 54), worst in app" in page
    assert "30\u2009% of its promises are missed." in page or "30 % of its promises are missed." in page
    assert "Over all stages <b>" in page


def test_a_place_where_people_come_and_nothing_is_graded_is_a_blind_spot(world: World) -> None:
    week(world)
    page = page_of(world)
    assert page.count("214 contacts, 0 graded") == 2
    assert "<b>email · discover</b>: 214 contacts, nothing graded" in page


def test_a_place_that_nobody_says_anything_about_is_one_too(world: World) -> None:
    traffic(world, "web", "other", INTERACTION, 30)
    assert "<b>web · other</b>: 30 events, no answers" in page_of(world)


def test_what_is_configured_and_silent_is_shown_as_a_gap(world: World) -> None:
    page = page_of(world)
    assert "No stage has a CX score yet." in page
    assert "<b>phone</b>: nothing came from here" in page


def test_open_incidents_are_linked_where_they_are(world: World) -> None:
    busy_day(world)
    week(world)
    assert '−3.0</b> <a href="/incidents/2049">#2049</a>' in page_of(world)


def test_the_window_is_in_the_address(world: World) -> None:
    week(world)
    assert "No stage has a CX score yet." in page_of(world, "/journey?window=1d")
    assert 'href="?window=30d" aria-current="true"' in page_of(world, "/journey?window=30d")
    assert 'href="?window=7d" aria-current="true"' in page_of(world, "/journey?window=<script>")


def test_it_is_german_too(world: World) -> None:
    week(world)
    page = page_of(world, "/journey?lang=de")
    assert "deliver ist das schwächste Glied:</b> −1,4 (−1,8..−1,1, n 54)" in page
    assert "Gehaltene Zusagen" in page


def test_only_what_is_worse_than_the_others_beyond_chance_is_coloured() -> None:
    def share(part: int, whole: int) -> Sample:
        return Sample.of_worth({1.0: part, 0.0: whole - part})

    assert below_the_rest({"buy": share(90, 100), "use": share(92, 100), "deliver": share(60, 100)}) == {"deliver"}
    assert below_the_rest({"buy": share(90, 100), "use": share(86, 100)}) == set()
    assert below_the_rest({"buy": share(90, 100), "use": share(0, 5)}) == set()  # too few to tell


def test_the_chart_holds_every_interval_and_frames_the_weakest_link() -> None:
    def score(mean: float) -> CxScore:
        return CxScore(20, mean, mean - 0.5, mean + 0.5, "neutral")

    chart = stage_chart(["a", "b", "c"], [score(1.0), None, score(-2.8)], "c")
    assert chart is not None
    assert [step.stage for step in chart.steps] == ["a", "c"]
    assert chart.frame is not None
    assert chart.frame[0] <= chart.steps[1].from_x
    assert all(34 <= y <= 300 for step in chart.steps for y in (step.low_y, step.high_y))
    assert chart.steps[0].y < chart.zero_y < chart.steps[1].y
    assert stage_chart(["a"], [None], None) is None
