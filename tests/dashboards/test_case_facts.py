"""The queue as a file, the way to the CRM, and whether contact helps."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from alerting.serving import AlertingApi
from alerting.settings import AlertSettings
from cxwatch.settings import Problem, SettingsError, load_settings
from dashboards.contact_effect import Part, read_contact_effect, read_matrix
from streams.clock import DAY_MS, MINUTE_MS
from tests.support.dashboards import World, busy_day
from tests.support.recovery import morning, say

pytestmark = pytest.mark.slow_on_postgresql


@pytest.fixture
def world(world: World) -> World:
    busy_day(world)
    morning(world)
    return world


def customers_in(text: str) -> list[str]:
    return [row["customer"] for row in csv.DictReader(io.StringIO(text.lstrip("\ufeff")))]


@pytest.mark.parametrize(
    ("query", "customers"),
    [
        ("", ["c_7f3a91", "c_19be07", "c_a402cc", "c_5d10e8", "c_0b77f2", "c_e93a15", "c_38c4d0", "c_b61f7a"]),
        ("?channel=phone", ["c_a402cc", "c_5d10e8"]),
        ("?channel=phone&silent=1", ["c_5d10e8"]),
        ("?stage=buy&tier=Silver", ["c_b61f7a"]),
        ("?incident=2047", ["c_7f3a91", "c_b61f7a"]),
        ("?view=mine", []),
        ("?customer=c_38c4d0", ["c_38c4d0"]),
    ],
)
def test_the_file_holds_what_the_page_shows_in_its_order(world: World, query: str, customers: list[str]) -> None:
    with TestClient(world.app()) as client:
        answer = client.get(f"/queue.csv{query}")
        assert answer.headers["content-disposition"] == 'attachment; filename="cases.csv"'
        assert customers_in(answer.text) == customers
        page = client.get(f"/queue{query}").text
    assert f'href="/queue.csv{query.replace("&", "&amp;")}"' in page
    assert re.findall(r'href="/cases/\d+" data-open>([^<]+)<', page) == customers


def test_what_was_done_today_is_in_the_file_too(world: World) -> None:
    world.case(9001, customer="c_done", state="recovered", closed_ms=world.clock.now_ms() - MINUTE_MS)
    world.case(9002, customer="c_old", state="recovered", closed_ms=world.clock.now_ms() - 2 * DAY_MS)
    with TestClient(world.app()) as client:
        assert customers_in(client.get("/queue.csv?view=done").text) == ["c_done"]


def test_the_crm_is_one_link_away_and_the_key_cannot_leave_its_place() -> None:
    settings = AlertSettings(crm_url="https://crm.example.com/customers/{customer}")
    assert settings.crm_address("c_1") == "https://crm.example.com/customers/c_1"
    assert settings.crm_address("../@evil.com/?x") == "https://crm.example.com/customers/..%2F%40evil.com%2F%3Fx"
    assert settings.crm_address("erased-1") is None  # somebody who was forgotten
    assert AlertSettings().crm_address("c_1") is None


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)//{customer}",
        "http://crm.example.com/{customer}",
        "https://{customer}.example.com/",
        "https://crm.example.com/",
        "https://user:secret@crm.example.com/{customer}",
        "https:///{customer}",
    ],
)
def test_an_address_that_could_lead_elsewhere_is_refused(tmp_path: Path, address: str) -> None:
    file = tmp_path / "cxwatch.toml"
    file.write_text(f'[cases]\ncrm_url = "{address}"\n')
    with pytest.raises(SettingsError) as raised:
        load_settings(file, {})
    (problem,) = raised.value.problems
    assert isinstance(problem, Problem)
    assert "https:// address with {customer} once" in str(problem)


def answered(world: World, case_id: int, score: int, contacted: bool, **changes: Any) -> None:
    """A case of five days ago at `use`, and the customer's answer two days ago."""
    now_ms = world.clock.now_ms()
    world.case(
        case_id,
        customer=f"c{case_id}",
        stage="use",
        opened_ms=now_ms - 5 * DAY_MS,
        contacted_ms=now_ms - 4 * DAY_MS if contacted else None,
        closed_ms=now_ms - 3 * DAY_MS if "state" in changes else None,
        **changes,
    )
    say(world, f"c{case_id}", None, stage="use", score=score, bad=score < 3, time_ms=now_ms - 2 * DAY_MS)


def test_answers_after_contact_stand_beside_those_of_customers_nobody_contacted(world: World) -> None:
    for number in range(12):
        answered(world, 9100 + number, 5 if number < 8 else 1, contacted=True, state="recovered")
        answered(world, 9200 + number, 5 if number < 3 else 2, contacted=False, state="closed_without_contact")
    say(world, "c9100", None, stage="use", score=1, time_ms=world.clock.now_ms() - 6 * DAY_MS)  # before its contact
    say(world, "c9100", None, stage="use", score=1, time_ms=world.clock.now_ms() - DAY_MS)  # only the first one counts
    with world.engine.connect() as conn:
        found = read_contact_effect(conn, "use", world.clock.now_ms())
    assert (found.contacted, found.others, found.ended) == (Part(8, 12), Part(3, 12), Part(12, 12))
    with TestClient(world.app()) as client:
        page = client.get("/cases/9100").text
    assert "Does contact help?" in page
    assert "8 of 12" in page
    assert "Not a trial" in page


def test_what_detractors_became_after_contact_stands_beside_those_nobody_contacted(world: World) -> None:
    now_ms = world.clock.now_ms()
    for number in range(24):
        contacted = number < 14
        world.case(
            9300 + number,
            customer=f"n{number}",
            opened_ms=now_ms - 9 * DAY_MS,
            contacted_ms=now_ms - 8 * DAY_MS if contacted else None,
        )
        for days, score in ((12, 9), (10, 2), (4, 10 if number % 2 else 3), (2, 0)):
            say(world, f"n{number}", None, metric="nps", score=score, bad=score < 7, time_ms=now_ms - days * DAY_MS)
    with world.engine.connect() as conn:
        found = read_matrix(conn, now_ms)
    assert found.rows == {"bad": {"bad": 7, "neutral": 0, "good": 7}, "neutral": {"bad": 0, "neutral": 0, "good": 0}}
    assert (found.turned, found.turned_alone) == (Part(7, 14), Part(5, 10))
    with TestClient(world.app()) as client:
        page = client.get("/").text
    assert "was detractor (n 14)" in " ".join(page.split())
    assert "Detractors who became promoters:" in page


def test_few_answers_give_no_share(world: World) -> None:
    answered(world, 9100, 5, contacted=True)
    with TestClient(world.app()) as client:
        effect = client.get("/cases/9100").text.split('id="effect"')[1].split("</section>")[0]
    assert effect.count("too few") == 2


def test_the_case_page_leads_to_the_crm(world: World) -> None:
    with TestClient(world.app()) as client:
        assert "Open in CRM" not in client.get("/cases/8812").text
    settings = AlertSettings(crm_url="https://crm.example.com/c/{customer}")
    acting = AlertingApi(world.engine, world.clock, settings, world.signal, lambda _: "jana")
    with TestClient(world.app(acting=acting)) as client:
        page = client.get("/cases/8812").text
    link = '<a class="button" href="https://crm.example.com/c/c_7f3a91" rel="noopener noreferrer">Open in CRM</a>'
    assert link in page
