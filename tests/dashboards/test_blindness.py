"""Three ways to be blind, told apart: no data comes, nobody measures it, nobody decides."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from litestar.testing import TestClient

from alerting import troubles
from streams.clock import HOUR_MS, MINUTE_MS
from streams.panes import INTERACTION
from tests.support.dashboards import World, busy_day
from tests.support.journeys import traffic

pytestmark = pytest.mark.slow_on_postgresql


@dataclass
class Watch:
    """Real seconds, as the pages see them."""

    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def world(world: World) -> World:
    busy_day(world)
    return world


def banner_of(client: TestClient, address: str) -> str:
    """The banner's words; empty while it is hidden."""
    banner = client.get(address).text.split('<div id="banner"')[1].split("</div>")[0]
    return "" if banner.split(">")[0].endswith(" hidden") else banner


@pytest.mark.parametrize("address", ["/", "/wall"])
def test_no_data_and_data_that_nobody_measures_are_told_apart(world: World, address: str) -> None:
    world.clock.set(world.clock.now_ms() + 11 * MINUTE_MS)
    with TestClient(world.app()) as client:
        said = banner_of(client, address)
        assert "Detection is paused: no alert does not mean that all is well." in said
        assert "Check the source." in said
        assert "no data for" in said
    world.ends = {0: 1_244}  # ten of them are measured
    with TestClient(world.app()) as client:
        said = banner_of(client, address)
        assert "1,234 events wait in the log, and nobody measures them." in said
        assert "Check the process that measures." in said
        assert "not measured for" in said


@pytest.mark.parametrize("address", ["/", "/wall"])
def test_when_nobody_decides_the_page_says_that_detection_is_paused(world: World, address: str) -> None:
    watch, holders = Watch(), [False]
    with TestClient(world.app(decided=lambda conn: holders[0], monotonic=watch)) as client:
        assert banner_of(client, address) == ""  # between two holders there may be nobody for a moment
        watch.seconds += 16
        said = banner_of(client, address)
        assert "Detection paused" in said
        assert "Numbers are live, but nobody decides: no alert can come." in said
        assert 'id="banner-side" hidden' in said
        assert "Erkennung pausiert" in banner_of(client, f"{address}?lang=de")
        holders[0] = True
        watch.seconds += 2
        assert banner_of(client, address) == ""


def test_messages_that_do_not_get_through_are_told_on_every_page_with_the_way_out(world: World) -> None:
    with TestClient(world.app()) as client:
        assert 'class="trouble"' not in client.get("/queue").text
    with world.engine.begin() as conn:
        troubles.note(conn, "slack", "", "Slack answered invalid_auth: set SLACK_BOT_TOKEN anew.", 1)
    with TestClient(world.app()) as client:
        for address in ("/", "/queue", "/incidents/2047"):
            page = client.get(address).text
            assert "Messages do not get through: slack" in page
            assert "Slack answered invalid_auth: set SLACK_BOT_TOKEN anew." in page


def test_a_place_with_customers_and_no_answers_is_a_blind_spot_and_one_never_asked_this_is_not(world: World) -> None:
    traffic(world, "phone", "discover", INTERACTION, 40)  # so far nothing was known of it
    world.answers("store", "deliver", {5: 12, 1: 3}, metric="csat", at_ms=world.clock.now_ms() - 3 * HOUR_MS)
    with TestClient(world.app()) as client:
        page = client.get("/").text
        assert cell(page, "phone-discover").startswith("<b>blind spot</b>")
        assert cell(page, "store-deliver").startswith("not asked")
        assert cell(page, "store-use").startswith("not offered")
        wall = client.get("/wall").text
    assert wall.count("blind spot") == 1
    assert wall.count("not asked") == 1


def cell(page: str, name: str) -> str:
    """What stands in a cell of the overview's table."""
    return page.split(f'id="cell-{name}"')[1].split(">", 1)[1].split("</td>")[0].strip()
