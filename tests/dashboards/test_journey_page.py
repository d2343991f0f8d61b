"""The page of the journey."""

from __future__ import annotations

from litestar.testing import TestClient

from tests.dashboards.test_pages import text_of
from tests.support.dashboards import World, busy_day
from tests.support.recovery import live


def test_the_weakest_link_is_named_with_its_numbers(world: World, client: TestClient) -> None:
    busy_day(world)
    for number in range(12):
        grade = -2 if number % 3 else -1
        live(world, f"c{number}", [(90, "web", "buy", "paid", 2), (30, "app", "deliver", "late", grade)])
    said = text_of(client.get("/journey").text)
    assert "The weakest link is deliver: −1.7 (−1.9..−1.4, n 12)." in said
    assert "Over all stages +0.3 per customer (+0.1..+0.6, n 12)." in said
    assert "nothing graded" in said
    german = text_of(client.get("/journey?lang=de").text)
    assert "Das schwächste Glied ist deliver: −1,7 (−1,9..−1,4, n 12)." in german


def test_without_customers_it_says_what_it_takes(world: World, client: TestClient) -> None:
    page = client.get("/journey").text
    assert "Too few customers for a score. n 0; it takes 10." in text_of(page)
    assert " style=" not in page
