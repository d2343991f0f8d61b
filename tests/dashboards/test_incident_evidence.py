"""What an incident's page shows of what detectors know, and where pages say that evidence is missing."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient

from dashboards.incident_list import read_list
from dashboards.pages.cause_lines import cause_groups
from dashboards.pages.evidence_chart import BOTTOM, TOP, evidence_chart
from dashboards.pages.incident_lines import spark
from dashboards.pages.share_chart import LEFT, RIGHT
from detectors import store
from detectors.baseline import Baseline
from detectors.budget import Budget
from detectors.records import Cause, CurvePoint
from detectors.state import Bin, SegmentState
from detectors.usuals import Usuals
from streams.clock import HOUR_MS, MINUTE_MS, minute_of
from streams.records import Segment
from tests.support.dashboards import NOW_MS, World, busy_day
from tests.support.evidence import cause, told, unhappy_afternoon
from tests.support.recovery import morning

SINCE = NOW_MS - 97 * MINUTE_MS
HOSTILE = "<script>alert(1)</script> <!channel> \u202egnp.exe"

pytestmark = pytest.mark.slow_on_postgresql


def text_of(page: str) -> str:
    """What a page says, cells and lines apart by one space."""
    return re.sub(r"[ \n]+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


points = st.lists(
    st.tuples(st.integers(0, 5_000), st.floats(0, 1e6)), min_size=1, max_size=64, unique_by=lambda pair: pair[0]
)


@given(points, st.floats(0, 1e4))
def test_the_curve_stays_in_its_frame_and_its_line_rises_with_the_evidence(pairs, needed) -> None:
    curve = [CurvePoint(NOW_MS - ago * MINUTE_MS, weeks) for ago, weeks in sorted(pairs, reverse=True)]
    chart = evidence_chart(curve, needed, SINCE, NOW_MS)
    assert chart is not None
    assert all(TOP <= float(y) <= BOTTOM for y in re.findall(r"V([\d.]+)", chart.path))
    assert all(LEFT <= float(x) <= RIGHT for x in re.findall(r"[MH](-?[\d.]+)", chart.path))
    assert (chart.fires_y is None) == (needed == 0)
    assert chart.rows[-1] == CurvePoint(chart.last_ms, chart.last_weeks)
    if needed and chart.last_weeks > needed:
        assert chart.last[1] <= chart.fires_y
        assert chart.crossed_ms is not None


def test_without_a_curve_nothing_is_drawn() -> None:
    assert evidence_chart((), 1.0, SINCE, NOW_MS) is None


def test_causes_are_listed_by_what_they_are_about() -> None:
    causes = [
        Cause(kind, "a_b", 3, 4, 1, 40, 5.0) for kind in ("app_version", "word", "touchpoint", "reason", "carrier")
    ]
    groups = cause_groups(causes)
    assert [(group, [line.about for line in lines]) for group, lines in groups] == [
        ("reason", [""]),
        ("word", [""]),
        ("touchpoint", [""]),
        ("attribute", ["app version", "carrier"]),
    ]
    line = groups[0][1][0]
    assert (line.name, line.share, line.usual_share, line.times) == ("a b", 0.75, 0.025, 30)
    assert line.usual_x < line.low_x < line.dot_x < line.high_x


def test_the_page_shows_causes_evidence_character_and_stories(world: World, client: TestClient) -> None:
    busy_day(world)
    morning(world)
    unhappy_afternoon(world)
    told(world)
    page = client.get("/incidents/2047").text
    said = text_of(page)
    assert "What is over-represented" in said
    assert "payment: failed 15 of 18 61..94\u2009% 7 of 62 7.4×" in said
    assert "app version 8.2.0 5 of 18" in said
    assert "never before" in said
    assert "as rare as once in 210 weeks" in said
    assert "Over the alert line since" in said
    assert "A jump: the share of bad rose at once." in said
    assert "share jump yes · number of bad no · forecast yes · shape no" in said
    assert "does not look like spam" in said
    assert "2 customers with a case, 2 wait for a first contact" in said
    assert "charged twice" in said
    assert page.count("<blockquote") == 2
    assert page.count("Show as table") == 2
    assert not re.search(r"\sstyle=|<style", page)
    assert "Was auffällig häufig ist" in client.get("/incidents/2047?lang=de").text


def test_no_text_of_a_cause_gets_out_of_its_place(world: World, client: TestClient) -> None:
    busy_day(world)
    evil = [cause(kind, HOSTILE, 3, 4, 1, 90) for kind in ("reason", "word", "touchpoint", HOSTILE)]
    told(world, causes=[*evil, cause("word", "0171 2345678", 3, 4, 1, 90)])
    page = client.get("/incidents/2047").text
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "2345678" not in page


def test_possible_spam_is_shown_with_its_reason_and_its_appeal(world: World, client: TestClient) -> None:
    busy_day(world)
    why = "41 of 52 bad answers have nearly the same words"
    world.incident(2048, "chat", "support", spam=True, spam_reason=why, member={"page": False})
    said = text_of(client.get("/incidents/2048").text)
    assert "Possible spam: nobody was told" in said
    assert why in said
    assert why in text_of(client.get("/incidents?state=spam").text)
    answer = client.post("/incidents/2048/spam", data={"version": "1", "spam": "no"}, follow_redirects=False)
    assert answer.status_code == 303
    assert "Possible spam: nobody was told" not in text_of(client.get("/incidents/2048").text)


def test_the_list_is_filtered_by_place_and_by_who_took_it(world: World, client: TestClient) -> None:
    busy_day(world)

    def numbers(query: str) -> set[str]:
        return set(re.findall(r'data-row="(\d+)"', client.get(f"/incidents{query}").text))

    world.incident(2050, "app", "return")
    assert numbers("?state=open") == {"2047", "2049", "2050"}
    assert numbers("?state=open&channel=web") == {"2047"}
    assert numbers("?stage=deliver") == {"2049"}
    assert numbers("?taken=Jana+K.") == {"2047"}
    assert numbers("?state=open&taken=-") == {"2049", "2050"}
    assert numbers("?channel=web&taken=-") == set()
    assert numbers("?state=nonsense&channel=") == numbers("") > {"2047", "2049", "2050"}


def test_the_list_shows_last_hours_interval_customers_and_what_moved_along(world: World, client: TestClient) -> None:
    busy_day(world)
    morning(world)
    unhappy_afternoon(world)
    with world.engine.begin() as conn:
        listed = {one.incident.number: one for one in read_list(conn, NOW_MS)}
        assert listed[2047].hurt.all == 2
        assert listed[2047].hurt.overdue == 1
        assert listed[2047].usual == 0.15
        assert len(listed[2047].hours) == 12
        conn.exec_driver_sql(
            "INSERT INTO incident_members SELECT number, 'chat', 'support', signal, page, since_ms, detected_ms,"
            " metric, n, bad, observed, expected, expected_low, expected_high, 1.6, evidence, severity, reason,"
            " character, needed, detectors, curve, causes, recovered_ms FROM incident_members WHERE number = 2047"
        )
    page = client.get("/incidents").text
    said = text_of(page)
    assert "2, 1 Gold 2 to contact, ! 1 overdue" in said
    assert "chat · support moved along: muted under #2047, its cases are not (volume 1.6×)" in said
    assert '<svg class="spark"' in page


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_a_spark_breaks_where_nothing_was_answered(pairs: list[tuple[int, int]]) -> None:
    hours = [(n, min(n, bad)) for n, bad in pairs]
    drawn = spark(hours)
    assert (drawn is None) == (not any(n for n, _ in hours))
    runs = "".join("x" if n else " " for n, _ in hours).split()
    assert drawn is None or drawn.path.count("M") == len(runs)


def usual_of(n: float, bad: float) -> Baseline:
    return Baseline(n, bad, 14.0, (4.0,) * 24, (0.6,) * 24, (1.0,) * 7, 300.0)


@pytest.fixture
def quiet(world: World) -> World:
    """Two places: one looks bad on few answers, one still learns."""
    busy_day(world)
    minute = minute_of(NOW_MS)
    at = minute // 5
    looks_bad = SegmentState(seen=40, bins=[Bin(at - 4, 2, 2, 0, 0), Bin(at - 2, 5, 4, 0, 0)])
    baselines = {Segment("web", "use"): usual_of(400, 60)}
    with world.engine.begin() as conn:
        store.save_states(conn, {Segment("web", "use"): looks_bad, Segment("email", "buy"): SegmentState(seen=4)})
        store.save_usuals(conn, Usuals(minute - 60, minute + 60, Budget(3_000.0), baselines))
    return world


def test_where_people_expect_an_alert_the_missing_evidence_is_named(quiet: World, client: TestClient) -> None:
    (one,) = client.get("/api/v1/watched?stand=waiting").json()["items"]
    assert (one["segment"], one["n"], one["bad"], one["kind"]) == ({"channel": "web", "stage": "use"}, 7, 6, "answers")
    assert one["says"] == f"not enough evidence yet (n = 7, needs about {one['needs']})"
    assert one["since"] == "2026-11-17T14:20:00Z"
    (young,) = client.get("/api/v1/watched?stand=learning").json()["items"]
    assert (young["known"], young["least"], young["usual"]) == (4, 30, None)
    for path in ("/incidents", "/"):
        said = text_of(client.get(path).text)
        assert f"6 of 7 bad since 15:20, usual 15\u2009% n = 7, needs about {one['needs']}" in said, path
        assert "email · buy 4 of 30" in said, path
    assert "Noch nicht genug Belege" in client.get("/incidents?lang=de").text


def test_a_wrong_question_names_what_may_be_asked(client: TestClient) -> None:
    answer = client.get("/api/v1/watched?stand=sleeping")
    assert answer.status_code == 400
    assert "learning" in answer.text


def test_a_resolved_incident_of_long_ago_is_not_listed(world: World, client: TestClient) -> None:
    busy_day(world)
    ended = NOW_MS - 8 * 24 * HOUR_MS
    world.incident(1900, "web", "use", state="resolved", resolved_ms=ended, since_ms=ended - HOUR_MS)
    assert "#1900" not in client.get("/incidents").text
