"""The queue and the page of a case: what is shown, what forms do without script, and what a lost race says."""

from __future__ import annotations

import re

import httpx
import pytest
from litestar.testing import TestClient

from alerting.casebook import read_case
from alerting.contactlog import of_case
from streams.clock import MINUTE_MS
from tests.dashboards.test_pages import text_of
from tests.support.dashboards import World
from tests.support.recovery import live, morning, say

HOSTILE = "<script>alert(1)</script> <!channel> \u202egnp.exe"


def send(client: TestClient, path: str, **fields: object) -> httpx.Response:
    return client.post(path, data={name: str(value) for name, value in fields.items()}, follow_redirects=False)


def customers(page: str) -> list[str]:
    return re.findall(r'href="/cases/\d+" data-open>([^<]+)<', page)


def case_now(world: World, case_id: int = 8812):
    with world.engine.connect() as conn:
        found = read_case(conn, case_id)
    assert found is not None
    return found


def test_the_most_urgent_comes_first_with_the_parts_of_its_priority(world: World, client: TestClient) -> None:
    morning(world)
    page = client.get("/queue").text
    assert customers(page)[:3] == ["c_7f3a91", "c_19be07", "c_a402cc"]
    said = text_of(page)
    assert "93 50 + 25 + 8 + 10 ! overdue 14 min due 15:28 c_7f3a91 Gold web · buy" in said
    assert "8 min left" in said
    assert "Zweimal abgebucht und trotzdem keine Bestellung." in said
    assert '<q lang="de">Zweimal' in page
    assert "Next for you: c_7f3a91" in said
    assert "! 3 overdue 4 due within 1 h 1 due later" in said


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("channel=phone", ["c_a402cc", "c_5d10e8"]),
        ("stage=deliver", ["c_19be07"]),
        ("tier=gold", ["c_7f3a91", "c_19be07", "c_5d10e8"]),
        ("silent=1", ["c_5d10e8"]),
        ("incident=2047", ["c_7f3a91", "c_b61f7a"]),
        ("incident=99", []),
        ("customer=c_38c4d0", ["c_38c4d0"]),
        ("view=mine", []),
        ("view=awaited", []),
        ("view=done&channel=nowhere", []),
        ("page=2", []),
    ],
)
def test_every_filter_is_in_the_address(world: World, client: TestClient, query: str, shown: list[str]) -> None:
    world.incident(2047, "web", "buy")
    morning(world)
    assert customers(client.get(f"/queue?{query}").text) == shown


@pytest.mark.slow_on_postgresql
def test_an_address_that_makes_no_sense_gives_the_list(world: World, client: TestClient) -> None:
    morning(world)
    assert len(customers(client.get("/queue?view=x&incident=abc&page=-1&silent=yes&tier=").text)) == 8


@pytest.mark.slow_on_postgresql
def test_an_empty_queue_is_good_news(world: World, client: TestClient) -> None:
    assert "Nobody is waiting." in text_of(client.get("/queue").text)
    assert "Niemand wartet." in text_of(client.get("/queue?lang=de").text)


def test_the_case_tells_the_story_the_clocks_and_the_answers(world: World, client: TestClient) -> None:
    world.incident(2047, "web", "buy")
    morning(world)
    said = text_of(client.get("/cases/8812").text)
    assert "charged twice, 2 payment failures at a moment of truth (web · buy, 14:13), last answer CSAT 1" in said
    assert "Priority 93 = severity 50 + value 25 + repeats 8 + time used 10." in said
    assert "First contact, due 15:28 ! overdue 14 min" in said
    assert "part of incident #2047" in said
    assert "17 Nov 14:13" not in said
    assert "<td>web · buy</td><td>charged twice</td>" in client.get("/cases/8812").text
    assert "0 of 3 contacts in 7 days used" in said


def test_a_claim_is_a_plain_form_and_leads_back(world: World, client: TestClient) -> None:
    morning(world)
    answer = send(client, "/cases/8812/claim", version=1)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases/8812")
    claimed = case_now(world)
    assert (claimed.state, claimed.claimed_by) == ("claimed", "someone on this machine")
    assert "claimed by you" in text_of(client.get("/cases/8812").text)
    assert customers(client.get("/queue?view=mine").text) == ["c_7f3a91"]
    again = send(client, "/cases/8812/claim", version=1)  # a double click changes nothing and complains about nothing
    assert again.status_code == 303
    assert case_now(world) == claimed


@pytest.mark.slow_on_postgresql
def test_a_rest_leads_back_to_the_same_list_and_nowhere_else(world: World, client: TestClient) -> None:
    morning(world)
    asked = {"version": 1, "minutes": 30, "then": "queue"}
    here = send(client, "/cases/8812/snooze", **asked, back="/queue?channel=web")
    assert here.headers["location"] == "/queue?channel=web"
    assert customers(client.get("/queue?channel=web").text) == ["c_b61f7a"]
    for back in ("https://evil.example", "//evil.example", "/queueing", "/queue?\r\nx", "/\\evil"):
        version = case_now(world).version
        again = send(client, "/cases/8812/snooze", **asked | {"version": version}, back=back)
        assert again.headers["location"] == "/queue"


def test_a_lost_race_is_told_in_words_and_keeps_what_was_typed(world: World, client: TestClient) -> None:
    morning(world)
    send(client, "/cases/8812/handover", version=1, to="Lea S.")
    late = send(client, "/cases/8812/close", version=1, outcome="recovered", contacted="no", note="Refund & flowers")
    assert late.status_code == 409
    said = text_of(late.text)
    assert "someone on this machine was faster" in said
    assert "Handed over to Lea S." in said
    assert "Nothing was changed by you." in said
    assert "Refund &amp; flowers</textarea>" in late.text
    assert re.search(r'value="recovered" required checked', late.text)
    assert case_now(world).claimed_by == "Lea S."
    assert "Next case: c_19be07" in said
    done = send(client, "/cases/8812/close", version=2, outcome="recovered", contacted="no", note="Refund")
    assert done.status_code == 303


def test_an_outcome_records_the_contact_that_led_to_it_in_one_go(world: World, client: TestClient) -> None:
    morning(world)
    answer = send(
        client,
        "/cases/8812/close",
        version=1,
        outcome="recovered",
        contacted="no",
        way="phone",
        main_reason="charged twice",
        promise="refund by Thursday",
        note="Order placed by phone.",
        then="next",
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases/8811")
    ended = case_now(world)
    assert (ended.state, ended.main_reason) == ("recovered", "charged twice")
    with world.engine.connect() as conn:
        (made,) = of_case(conn, 8812)
    assert (made.way, made.reached) == ("phone", True)
    page = text_of(client.get("/cases/8812").text)
    assert "Recovered, by someone on this machine. Order placed by phone." in page


def test_not_reached_means_try_again_and_a_callback_has_its_clock(world: World, client: TestClient) -> None:
    morning(world)
    form = {"version": 1, "way": "phone", "reached": "no", "callback": "2026-11-17T17:30"}
    assert send(client, "/cases/8812/contact", **form).status_code == 303
    assert "Next contact, due 17:30 1 h 48 min left" in text_of(client.get("/cases/8812").text)


@pytest.mark.slow_on_postgresql
@pytest.mark.parametrize(
    ("action", "form", "words"),
    [
        ("close", {"version": 1}, "Choose a result."),
        ("close", {"version": 1, "outcome": "again"}, "Say when to contact the customer again."),
        ("close", {"version": 1, "outcome": "closed_without_contact"}, "needs a reason"),
        ("contact", {"version": 1, "way": "pigeon"}, "Choose by which way"),
        ("contact", {"version": 1, "callback": "soon"}, "cannot be read"),
        ("contact", {"version": 1, "callback": "2020-01-01T10:00"}, "must be later than now"),
        ("note", {"version": 1, "note": "x" * 2_001}, "at most 2,000 characters"),
        ("note", {"version": 1, "note": " "}, "the note is empty"),
        ("claim", {}, "This form is not complete"),
        ("claim", {"version": "9" * 30}, "This form is not complete"),
        ("snooze", {"version": 1, "minutes": 999_999}, "minutes must be from 1 to"),
    ],
)
def test_a_form_that_cannot_be_done_says_why_and_changes_nothing(
    world: World, client: TestClient, action: str, form: dict[str, object], words: str
) -> None:
    morning(world)
    before = case_now(world)
    answer = send(client, f"/cases/8812/{action}", **form)
    assert answer.status_code in (400, 409)
    assert words in text_of(answer.text)
    assert case_now(world) == before


@pytest.mark.slow_on_postgresql
@pytest.mark.parametrize("number", ["4711", "99999999999999999999"])
def test_a_case_that_is_not_there_is_told_in_words(client: TestClient, number: str) -> None:
    for answer in (client.get(f"/cases/{number}"), send(client, f"/cases/{number}/claim", version=1)):
        assert answer.status_code == 404
        assert "This case does not exist" in answer.text


def test_hostile_words_stay_words_and_contact_data_is_masked(world: World, client: TestClient) -> None:
    words = f"{HOSTILE} call +49 170 1234567"
    world.case(
        1, customer=HOSTILE[:60], reason=words, tier=HOSTILE, promise=HOSTILE, claimed_by=HOSTILE, state="claimed"
    )
    say(world, HOSTILE[:60], words)
    live(world, HOSTILE[:60], [(30, "web", "buy", HOSTILE[:40], -2)], locale='de"><script>')
    send(client, "/cases/1/note", version=1, note=HOSTILE)
    for path in ("/queue", "/cases/1", "/queue?lang=de", f"/queue?customer={HOSTILE}"):
        page = client.get(path).text
        assert "<script>alert" not in page, path
        assert "1234567" not in page, path
        assert "alert(1)" in page, path
        assert 'lang="de"&gt;' not in page
    assert "\u202e" not in client.get("/cases/1").text


@pytest.mark.slow_on_postgresql
def test_pages_carry_the_strict_headers_and_nothing_inline(world: World, client: TestClient) -> None:
    morning(world)
    for path in ("/queue", "/cases/8812", "/cases/4711"):
        answer = client.get(path)
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert not re.search(r'\sstyle=|<style|\son\w+="|<script(?! src="/static/)', answer.text)


def test_what_one_agent_did_shows_at_once(world: World, client: TestClient) -> None:
    morning(world)
    assert "To contact 8" in text_of(client.get("/queue").text)
    send(client, "/cases/8812/close", version=1, outcome="not_recovered", contacted="no")
    said = text_of(client.get("/queue").text)
    assert "To contact 7" in said
    assert "Done today 1" in said
    assert customers(client.get("/queue?view=done").text) == ["c_7f3a91"]
    world.clock.set(world.clock.now_ms() + 24 * 60 * MINUTE_MS)
    world.signal.ring()
    assert customers(client.get("/queue?view=done").text) == []
