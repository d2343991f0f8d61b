from __future__ import annotations

import re

import pytest
from litestar.testing import TestClient

from streams.clock import HOUR_MS, MINUTE_MS
from tests.support.dashboards import World, busy_day

pytestmark = pytest.mark.slow_on_postgresql

HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>{{ 7*7 }}"


def text_of(html: str) -> str:
    body = html.split("<main", 1)[1].split(">", 1)[1].split("</main>")[0]
    plain = re.sub(r"<[^>]+>", "", body).replace("\u2009", " ")
    return " ".join(plain.split())


def test_before_the_first_event_the_page_says_what_to_do(client: TestClient) -> None:
    page = client.get("/").text
    assert "No events yet. Two steps to go." in page
    assert "waiting for the first event" in page
    assert "/api/v1/events" in page


def test_the_page_begins_with_one_sentence_of_numbers(world: World, client: TestClient) -> None:
    busy_day(world)
    said = text_of(client.get("/").text)
    assert "NPS +35 (+31..+39, n 1,460) is 5 below usual. One place is below usual: web · buy." in said
    assert "26 of 28 places are as usual, one is better." in said


def test_only_what_is_beyond_chance_or_has_an_incident_is_coloured(world: World, client: TestClient) -> None:
    busy_day(world)
    page = client.get("/").text
    cells = dict(re.findall(r'<td id="cell-([^"]+)"[^>]*class="\s*([^"]*?)\s*"', page))
    assert {name for name, kind in cells.items() if "below" in kind} == {"web-buy"}
    assert {name for name, kind in cells.items() if "above" in kind} == {"app-use"}
    assert {name for name, kind in cells.items() if "incident" in kind} == {"web-buy", "app-deliver"}
    assert cells["phone-discover"].startswith("absent")


def test_windows_and_metrics_are_links_that_work_without_script(world: World, client: TestClient) -> None:
    busy_day(world)
    page = client.get("/?window=1h&metric=csat").text
    assert 'href="/?window=15m&amp;metric=csat&amp;survey_kind=hot"' in page
    assert "CSAT 75 %" in text_of(page)


def test_a_query_that_makes_no_sense_gives_the_usual_page(world: World, client: TestClient) -> None:
    busy_day(world)
    assert client.get(f"/?window=3d&metric={HOSTILE}&survey_kind=warm").status_code == 200


def test_too_few_answers_are_told_and_give_no_score(world: World, client: TestClient) -> None:
    world.progress(world.clock.now_ms())
    world.answers("web", "buy", {10: 6})
    said = text_of(client.get("/?window=15m").text)
    assert "NPS: too few answers in the last 15 min for a score, n 6; it takes 10." in said
    assert "too few, n 6" in said


def test_a_window_without_answers_is_no_data_and_never_zero(world: World, client: TestClient) -> None:
    world.progress(world.clock.now_ms())
    world.answers("web", "buy", {10: 12}, at_ms=world.clock.now_ms() - 5 * HOUR_MS)
    said = text_of(client.get("/?window=15m").text)
    assert "No NPS answers in the last 15 min." in said
    assert "no data" in said


def test_when_data_stopped_the_server_says_so_by_itself(world: World, client: TestClient) -> None:
    busy_day(world)
    world.progress(world.clock.now_ms() - 11 * MINUTE_MS)
    page = client.get("/").text
    assert '<html lang="en" class="stale"' in page
    banner = page.split('id="banner"')[1].split("</div>")[0]
    assert not banner.startswith(" hidden")
    assert "Nothing below is newer than 15:31." in banner
    assert 'role="alert" hidden' not in page


def test_when_data_is_back_the_page_says_for_how_long_it_was_blind(world: World, client: TestClient) -> None:
    busy_day(world)
    world.progress(world.clock.now_ms() - 11 * MINUTE_MS)
    assert 'class="stale"' in client.get("/").text
    world.clock.set(world.clock.now_ms() + 6 * MINUTE_MS)
    world.progress(world.clock.now_ms())
    world.signal.ring()
    assert "Back at 15:48, gap 15:31..15:48" in client.get("/").text


def test_incidents_nobody_has_taken_come_first(world: World, client: TestClient) -> None:
    busy_day(world)
    page = client.get("/incidents").text
    assert [int(n) for n in re.findall(r"<b>#(\d+)</b>", page)] == [2049, 2047, 2048, 2041]
    assert "2 open, 1 not taken." in text_of(page)
    assert re.findall(r"<b>#(\d+)</b>", client.get("/incidents?state=resolved").text) == ["2041"]


def test_a_notice_is_listed_apart_with_its_sentence_and_counts_as_no_incident(world: World, client: TestClient) -> None:
    sentence = "no answers since 11:40: usual are 29 (19..40) in these 92 min, in earlier weeks at least 27"
    silent = {"signal": "silence", "page": False, "n": 0, "bad": 0, "observed": 0.0, "expected": 29.0}
    world.progress(world.clock.now_ms())
    world.incident(2051, "web", "buy", sentence=sentence, member=silent)
    listed = text_of(client.get("/incidents").text)
    assert "Nothing is open." in listed
    assert "Notices: slow drift, and places that fell silent" in listed
    assert sentence in text_of(client.get("/incidents?state=notices").text)
    for path in ("/", "/wall"):
        assert sentence not in client.get(path).text
    page = text_of(client.get("/incidents/2051").text)
    assert "nothing comes in" in page
    assert "notice, nobody is paged" in page
    assert "more bad than usual" not in page


def test_without_incidents_the_list_is_a_good_emptiness(world: World, client: TestClient) -> None:
    world.progress(world.clock.now_ms())
    assert "Nothing is open." in text_of(client.get("/incidents").text)


def test_an_incident_tells_its_numbers_history_and_words(world: World, client: TestClient) -> None:
    busy_day(world)
    world.history(2047, "Payment provider confirms errors.", "Jana K.")
    world.comment("web", "buy", "Zweimal abgebucht, ruft mich an: +49 170 1234567")
    said = text_of(client.get("/incidents/2047").text)
    assert "18 of 31 bad since 14:05" in said
    assert "taken by Jana K., 14:42" in said
    assert "Jana K. Payment provider confirms errors." in said
    assert "Zweimal abgebucht, ruft mich an: [phone removed]" in said
    assert "1234567" not in said


def test_an_incident_that_is_not_there_is_told_in_words(client: TestClient) -> None:
    answer = client.get("/incidents/9")
    assert answer.status_code == 404
    assert "There is no incident #9 here." in answer.text


def test_a_page_that_is_not_there_is_told_in_words(client: TestClient) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_when_the_database_fails_no_error_text_gets_out(world: World, client: TestClient) -> None:
    with world.engine.begin() as conn:
        conn.exec_driver_sql("DROP TABLE partitions")
    answer = client.get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert "The database does not answer" in answer.text
    assert "partitions" not in answer.text


def test_hostile_text_stays_text_on_every_page(world: World, client: TestClient) -> None:
    busy_day(world)
    world.incident(2050, "web", "deliver", sentence=HOSTILE, acknowledged_by=HOSTILE)
    world.history(2050, HOSTILE, HOSTILE)
    world.comment("web", "deliver", HOSTILE)
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": HOSTILE}]}
    section = {"type": "section", "text": {"type": "mrkdwn", "text": HOSTILE}}
    world.preview("p1", [{"type": "rich_text", "elements": [quote]}, section], target=HOSTILE)
    for path in ("/", "/incidents", "/incidents/2050", "/preview"):
        page = client.get(path).text
        assert "<img" not in page, path
        assert "<script>" not in page, path
        assert "alert(2)" in page, path
        assert "{{ 7*7 }}" in page, path


def test_every_page_has_the_strict_headers_and_nothing_inline(world: World, client: TestClient) -> None:
    busy_day(world)
    for path in ("/", "/incidents", "/incidents/2047", "/preview", "/incidents/9", "/nowhere"):
        answer = client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert " style=" not in answer.text
        assert "<style" not in answer.text
        assert not re.search(r"\son\w+=", answer.text)
        assert not re.search(r"<script(?! src=\"/static/)", answer.text)


def test_static_files_may_be_kept_while_their_address_is_right(client: TestClient) -> None:
    page = client.get("/").text
    (style,) = re.findall(r'href="(/static/app\.css\?v=[0-9a-f]+)"', page)
    assert "immutable" in client.get(style).headers["cache-control"]
    assert client.get("/static/app.css").headers["cache-control"] == "no-cache"
    assert client.get("/static/../context.py").status_code == 404


def test_many_readers_cost_one_reading_a_change(world: World) -> None:
    busy_day(world)
    still = 100.0  # a clock that stands still: nothing grows old between two readings
    with TestClient(world.app(monotonic=lambda: still)) as client:
        client.get("/")
        before = world.reads
        for _ in range(20):
            client.get("/")
            client.get("/api/v1/windows?window=24h")
        assert world.reads == before
        world.signal.ring()
        client.get("/")
        assert world.reads > before
