"""Incidents and cases over HTTP."""

from __future__ import annotations

import pytest
from litestar import Litestar
from litestar.exceptions import NotAuthorizedException
from litestar.testing import TestClient

from alerting.api import AlertingApi, alerting_router
from alerting.react import react
from detectors.records import Cause, CurvePoint
from streams.clock import MINUTE_MS, ManualClock
from streams.signal import Signal

T0 = 1_794_924_300_000


@pytest.fixture
def signal():
    return Signal()


@pytest.fixture
def client(engine, settings, make, signal):
    with engine.begin() as tx:
        for at, place in enumerate([("web", "buy"), ("app", "deliver"), ("phone", "support")]):
            react(tx, settings, T0 + at, [make.flag(f"c_{at}", at)], make.anomaly(*place, at=at))
    api = AlertingApi(engine, ManualClock(T0 + 10 * MINUTE_MS), settings, signal, actor=lambda request: "Jana K.")
    with TestClient(Litestar([alerting_router(api)])) as client:
        yield client


def test_incidents_are_listed_newest_first_with_their_numbers(client):
    answer = client.get("/api/v1/incidents").json()
    assert [item["id"] for item in answer["items"]] == [3, 2, 1]
    assert answer["next"] is None
    last = answer["items"][2]
    assert last["segment"] == {"channel": "web", "stage": "buy"}
    assert (last["since"], last["n"], last["bad"], last["state"]) == ("2026-11-17T14:05:00Z", 31, 18, "firing")


def test_pages_follow_each_other_without_a_gap(client):
    first = client.get("/api/v1/incidents?limit=2").json()
    second = client.get(f"/api/v1/incidents?limit=2&cursor={first['next']}").json()
    assert [i["id"] for i in first["items"] + second["items"]] == [3, 2, 1]


def test_incidents_can_be_asked_for_by_state(client):
    client.post("/api/v1/incidents/2/acknowledge", json={"version": 1})
    assert [i["id"] for i in client.get("/api/v1/incidents?state=acknowledged").json()["items"]] == [2]
    assert [i["id"] for i in client.get("/api/v1/incidents?state=firing").json()["items"]] == [3, 1]
    assert client.get("/api/v1/incidents?state=acknowledged&state=firing").json()["next"] is None


def test_acknowledging_writes_history_and_wakes_the_delivery(client, signal):
    answer = client.post("/api/v1/incidents/1/acknowledge", json={"version": 1})
    assert (answer.status_code, answer.json()["version"], answer.json()["acknowledged_by"]) == (200, 2, "Jana K.")
    history = client.get("/api/v1/incidents/1").json()["history"]
    assert [(e["kind"], e["actor"]) for e in history] == [("opened", None), ("acknowledged", "Jana K.")]
    assert signal.rings == 1


@pytest.mark.parametrize("action", ["acknowledge", "snooze", "resolve", "spam"])
def test_a_stale_version_is_answered_409_as_a_problem(client, action):
    answer = client.post(f"/api/v1/incidents/1/{action}", json={"version": 9})
    assert answer.status_code == 409
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert "somebody else was faster" in answer.json()["detail"]


def test_a_case_goes_from_claim_to_recovered(client):
    assert client.post("/api/v1/cases/1/claim", json={"version": 1}).json()["claimed_by"] == "Jana K."
    assert client.post("/api/v1/cases/1/snooze", json={"version": 2, "minutes": 30}).status_code == 200
    assert client.post("/api/v1/cases/1/contact", json={"version": 3, "note": "called"}).status_code == 200
    done = client.post("/api/v1/cases/1/close", json={"version": 4, "outcome": "recovered"})
    assert done.json()["state"] == "recovered"
    detail = client.get("/api/v1/cases/1").json()
    assert [e["kind"] for e in detail["history"]] == ["opened", "claimed", "snoozed", "contacted", "recovered"]
    assert [c["id"] for c in client.get("/api/v1/cases").json()["items"]] == [3, 2]


def test_a_case_shows_the_parts_of_its_priority(client):
    priority = client.get("/api/v1/cases/1").json()["case"]["priority"]
    assert priority == {"total": 50, "severity": 50, "value": 0, "repeats": 0, "time": 0}


@pytest.mark.parametrize("path", ["/api/v1/incidents/99", "/api/v1/cases/99"])
def test_what_is_not_there_is_a_404_problem(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["title"]) == (404, "Not there")


@pytest.mark.parametrize(
    "path", ["incidents/99999999999999999999", "cases/0", "incidents?cursor=-1", "cases?limit=5000"]
)
def test_numbers_beyond_all_bounds_are_problems_not_errors(client, path):
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("body", [{}, {"version": "x"}, {"version": 1, "minutes": 0}, []])
def test_what_cannot_be_read_is_a_problem_too(client, body):
    answer = client.post("/api/v1/incidents/1/snooze", json=body)
    assert answer.status_code in (400, 409)
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_reading_and_acting_have_guards_of_their_own(engine, settings, signal, client):
    def nobody(connection, handler):
        raise NotAuthorizedException("show a token")

    api = AlertingApi(engine, ManualClock(T0), settings, signal, actor=lambda request: "x", act_guards=[nobody])
    with TestClient(Litestar([alerting_router(api)])) as other:
        assert other.get("/api/v1/incidents").status_code == 200
        assert other.post("/api/v1/incidents/1/spam", json={"version": 1}).status_code == 401


def test_the_most_urgent_come_first_when_asked_for_page_by_page(client):
    client.post("/api/v1/cases/2/contact", json={"version": 1})
    first = client.get("/api/v1/cases?order=priority&limit=2").json()
    second = client.get(f"/api/v1/cases?order=priority&limit=2&cursor={first['next']}").json()
    assert [c["id"] for c in first["items"] + second["items"]] == [1, 2, 3]
    assert second["next"] is None


def test_my_cases_are_those_that_i_claimed(client):
    client.post("/api/v1/cases/3/claim", json={"version": 1})
    assert [c["id"] for c in client.get("/api/v1/cases?mine=true").json()["items"]] == [3]
    assert client.get("/api/v1/cases/counts").json()["later"] == 3


def test_the_file_has_a_line_a_case(client):
    answer = client.get("/api/v1/cases.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    head, *rest = answer.text.removeprefix("\ufeff").splitlines()
    assert head.startswith("id,customer,tier,state")
    assert len(rest) == 3


def test_a_callback_needs_its_offset(client):
    body = {"version": 1, "callback_at": "2026-11-17T17:30:00"}
    assert client.post("/api/v1/cases/1/contact", json=body).status_code == 400
    body["callback_at"] += "+01:00"
    done = client.post("/api/v1/cases/1/contact", json=body | {"promise": "Refund"}).json()
    assert (done["next_contact_due"], done["promise"]) == ("2026-11-17T16:30:00Z", "Refund")
    assert [(c["name"], c["state"]) for c in done["clocks"]] == [
        ("first_contact", "kept"),
        ("next_contact", "running"),
        ("resolution", "running"),
    ]


def test_a_case_shows_whether_its_customer_may_be_contacted(client):
    for version in (1, 2, 3):
        client.post("/api/v1/cases/1/contact", json={"version": version, "reached": False})
    detail = client.get("/api/v1/cases/1").json()
    assert detail["permission"]["why_not"] == "3 of 3 contacts in 7 days are used"
    assert [c["reached"] for c in detail["contacts"]] == [False, False, False]


def test_an_incident_is_handed_over_noted_and_reopened(client):
    assert (
        client.post("/api/v1/incidents/1/handover", json={"version": 1, "to": "Ben"}).json()["acknowledged_by"] == "Ben"
    )
    assert client.post("/api/v1/incidents/1/note", json={"version": 2, "note": "Provider is down"}).status_code == 200
    assert client.post("/api/v1/incidents/1/spam", json={"version": 3}).json()["spam_reason"] == "marked by Jana K."
    assert client.post("/api/v1/incidents/1/spam", json={"version": 4, "spam": False}).json()["spam"] is False
    assert client.post("/api/v1/incidents/1/resolve", json={"version": 5}).json()["state"] == "resolved"
    again = client.post("/api/v1/incidents/1/reopen", json={"version": 6}).json()
    assert (again["state"], again["acknowledged_by"], again["resolved_at"]) == ("acknowledged", "Jana K.", None)
    detail = client.get("/api/v1/incidents/1").json()
    assert [m["recovered_at"] for m in detail["members"]] == [None]


def test_what_went_on_under_another_number_is_not_reopened(client, engine, settings, make):
    with engine.begin() as tx:
        react(tx, settings, T0, (), make.recovery("web", "buy", at=1))
        react(tx, settings, T0, (), make.anomaly("web", "buy", at=60))
    answer = client.post("/api/v1/incidents/1/reopen", json={"version": 2})
    assert (answer.status_code, "went on as #4" in answer.json()["detail"]) == (409, True)


def test_an_incident_hands_out_its_evidence_and_causes(engine, settings, make, client):
    cause = Cause("word", "karte", bad=12, bad_of=15, usual=9, usual_of=210, z=8.0)
    curve = (CurvePoint(T0, 0.2), CurvePoint(T0 + MINUTE_MS, 210.0))
    told = {"character": "jump", "needed": 1.05, "curve": curve, "causes": (cause,)}
    with engine.begin() as tx:
        react(tx, settings, T0, (), make.anomaly("store", "return", at=3, **told))
    detail = client.get("/api/v1/incidents/4").json()
    (member,) = detail["members"]
    assert [point["weeks"] for point in member["curve"]] == [0.2, 210.0]
    assert (member["needed"], member["character"], member["since"]) == (1.05, "jump", "2026-11-17T14:05:00Z")
    assert (member["expected_low"], member["expected_high"]) == (0.12, 0.19)
    (said,) = member["causes"]
    assert (said["kind"], said["name"], said["bad"], said["bad_of"]) == ("word", "karte", 12, 15)
    assert said["times_usual"] == pytest.approx(18.67, abs=0.01)
    assert detail["spam"] is None


def test_possible_spam_says_why_and_how_to_appeal(client):
    client.post("/api/v1/incidents/1/spam", json={"version": 1, "spam": True})
    spam = client.get("/api/v1/incidents/1").json()["spam"]
    assert spam["reason"] == "marked by Jana K."
    assert 'POST /api/v1/incidents/1/spam with {"version": 2, "spam": false}' in spam["appeal"]


def test_the_document_says_what_evidence_is(engine, settings, signal):
    api = AlertingApi(engine, ManualClock(T0), settings, signal, actor=lambda request: "Jana K.")
    document = Litestar([alerting_router(api)]).openapi_schema.to_schema()
    (member,) = [found for name, found in document["components"]["schemas"].items() if name.endswith("MemberRow")]
    for name in ("since", "expected_low", "expected_high", "character", "needed"):
        assert "description" in str(member["properties"][name]), name
    about = document["paths"]["/api/v1/incidents/{number}"]["get"]["description"]
    assert "the level at which it" in about
