from __future__ import annotations

import subprocess

import pytest
from litestar.testing import TestClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert

from alerting.punctuality import DeliveryTimes
from alerting.tables import outbox
from dashboards.context import Health, TotalKey, Unsent
from streams.clock import MINUTE_MS
from tests.support.dashboards import World, busy_day
from tests.support.tools import need

pytestmark = pytest.mark.slow_on_postgresql


def samples(client: TestClient) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def one(client: TestClient, name: str, **labels: str) -> float:
    (value,) = [v for got, v in samples(client)[name] if labels.items() <= got.items()]
    return value


def test_promtool_has_nothing_to_say_about_a_scrape(world: World, client: TestClient) -> None:
    busy_day(world)
    world.totals[TotalKey("nps", "hot", "web", "buy", "bad")] = 3
    scrape = client.get("/metrics").content
    checked = subprocess.run([need("promtool"), "check", "metrics"], input=scrape, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_combinations_start_at_zero_and_have_only_configured_labels(world: World, client: TestClient) -> None:
    found = samples(client)["cx_survey_responses_total"]
    assert all(value == 0 for _, value in found)
    assert {labels["channel"] for labels, _ in found} == {*world.settings.channels, "other"}
    assert {labels["stage"] for labels, _ in found} == {*world.settings.stages, "other"}
    assert {labels["outcome"] for labels, _ in found if labels["metric"] == "nps"} == {
        "detractor",
        "passive",
        "promoter",
    }


def test_a_place_nobody_configured_counts_as_other(world: World, client: TestClient) -> None:
    world.totals[TotalKey("csat", "hot", "fax", "buy", "good")] = 2
    world.totals[TotalKey("csat", "hot", "other", "buy", "good")] = 3
    labels = {"metric": "csat", "survey_kind": "hot", "channel": "other", "stage": "buy", "outcome": "good"}
    assert one(client, "cx_survey_responses_total", **labels) == 5
    assert not [got for got, _ in samples(client)["cx_survey_responses_total"] if got["channel"] == "fax"]


def test_windows_are_leaf_counts_that_add_up(world: World, client: TestClient) -> None:
    world.answers("web", "buy", {10: 6, 8: 2, 3: 4})
    world.answers("app", "use", {9: 1})
    found = [(got, v) for got, v in samples(client)["cx_window_responses"] if got["window"] == "15m"]
    assert sum(v for _, v in found) == 13
    assert sum(v for got, v in found if got["outcome"] == "detractor") == 4


def test_the_scrape_can_be_openmetrics(world: World, client: TestClient) -> None:
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    assert "_created" not in answer.text


def test_both_formats_hold_the_same_samples(world: World, client: TestClient) -> None:
    busy_day(world)
    world.totals[TotalKey("nps", "hot", "web", "buy", "bad")] = 3
    text = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}).text
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in openmetrics_families(text):  # a strict parser: kinds, suffixes, order and the end
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    assert found == samples(client)


def test_lag_watermark_and_what_is_unmeasured_are_told(world: World, client: TestClient) -> None:
    now = world.clock.now_ms()
    world.progress(now - 3 * MINUTE_MS, partition=0, next_offset=10)
    world.progress(now - 9 * MINUTE_MS, partition=1, next_offset=5)
    world.ends.update({0: 10, 1: 5})
    assert one(client, "cx_event_lag_seconds") == 180
    assert one(client, "cx_unmeasured_records") == 0
    assert one(client, "cx_watermark_timestamp_seconds") == now / 1000 - 60  # read to the end: holds nobody back
    world.ends[1] = 8
    assert one(client, "cx_unmeasured_records") == 3
    assert one(client, "cx_watermark_timestamp_seconds") == now / 1000 - 540 - 60


def test_the_outbox_and_its_oldest_message_are_told(world: World, client: TestClient) -> None:
    now = world.clock.now_ms()
    row = {
        "about": "incident",
        "target": "#cx",
        "claimed_revision": 0,
        "attempts": 0,
        "next_attempt_real_ms": 0,
    }
    sent = {"state": "sent", "desired_revision": 1, "sent_revision": 1, "channel": "slack", "ts": "1.2"}
    waits = {"state": "ready", "desired_revision": 1, "sent_revision": 0, "channel": None, "ts": None}
    with world.engine.begin() as conn:
        conn.execute(
            insert(outbox), {**row, **sent, "outbox_id": "a", "number": 1, "not_before_ms": now - 5 * MINUTE_MS}
        )
        conn.execute(insert(outbox), {**row, **waits, "outbox_id": "b", "number": 2, "not_before_ms": now - MINUTE_MS})
    assert one(client, "cx_outbox", state="ready") == 1
    assert one(client, "cx_outbox", state="dead") == 0
    assert one(client, "cx_oldest_undelivered_seconds") == 60
    assert one(client, "cx_alerts_sent_total", sink="slack", result="delivered") == 1


def test_incidents_and_cases_are_counted_by_state(world: World, client: TestClient) -> None:
    busy_day(world)
    assert one(client, "cx_incidents", state="firing") == 1
    assert one(client, "cx_incidents", state="acknowledged") == 1
    assert one(client, "cx_incidents", state="resolved") == 1
    assert one(client, "cx_cases", state="open") == 0


def test_health_says_in_words_what_is_wrong(world: World) -> None:
    behind = Health("failing", ("The log is 40,000 records ahead of what is measured.",))
    with TestClient(world.app(readyz=lambda: behind)) as client:
        assert client.get("/healthz").json() == {"status": "ok", "reasons": []}
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["reasons"] == ["The log is 40,000 records ahead of what is measured."]


def test_a_worker_tells_the_windows_of_its_own_partitions_only(world: World) -> None:
    world.answers("web", "buy", {10: 6, 3: 4})
    for owned, n in ((None, 10), ({0}, 10), ({1, 2}, 0), (frozenset(), 0)):
        with TestClient(world.app(owned=lambda owned=owned: owned)) as worker:
            found = samples(worker).get("cx_window_responses", [])
            assert sum(v for labels, v in found if labels["window"] == "15m") == n, owned


def test_first_contacts_are_told_with_the_newest_case_of_each_bucket(world: World, client: TestClient) -> None:
    now = world.clock.now_ms()
    world.case(1, opened_ms=now - 300 * MINUTE_MS, first_contact_due_ms=now - 60 * MINUTE_MS)
    world.case(2, opened_ms=now - 60 * MINUTE_MS, first_contact_due_ms=now + 20 * MINUTE_MS)
    world.case(3, opened_ms=now - 9 * MINUTE_MS, first_contact_due_ms=now + 240 * MINUTE_MS, state="claimed")
    done = {"state": "contacted", "opened_ms": now - 500 * MINUTE_MS, "first_contact_due_ms": now - 260 * MINUTE_MS}
    world.case(4, **done, contacted_ms=now - 480 * MINUTE_MS)  # after 20 min, in time
    world.case(5, **done, contacted_ms=now - 475 * MINUTE_MS)  # after 25 min, in time
    world.case(6, **done, contacted_ms=now - 200 * MINUTE_MS)  # after 5 h, an hour late
    for due in ("overdue", "within_1h", "later"):
        assert one(client, "cx_cases_to_contact", due=due) == 1
    assert one(client, "cx_sla_missed_total") == 2
    assert one(client, "cx_first_contact_seconds_bucket", le="900.0") == 0
    assert one(client, "cx_first_contact_seconds_bucket", le="1800.0") == 2
    assert one(client, "cx_first_contact_seconds_bucket", le="+Inf") == 3
    assert one(client, "cx_first_contact_seconds_sum") == 60 * (20 + 25 + 300)
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert 'cx_first_contact_seconds_bucket{le="1800.0"} 2.0 # {case="5"} 1500.0' in answer.text


def test_only_what_is_beyond_chance_stands_below_or_above(world: World, client: TestClient) -> None:
    busy_day(world)
    found = {
        (labels["channel"], labels["stage"]): code
        for labels, code in samples(client)["cx_place_standing"]
        if (labels["metric"], labels["survey_kind"]) == ("nps", "hot")
    }
    assert found["web", "buy"] == -2  # it has an open incident
    assert found["app", "use"] == 1
    assert found["chat", "buy"] == 0
    assert found["email", "buy"] == 8
    assert ("phone", "discover") not in found


def test_open_incidents_are_told_by_number_and_spam_is_not(world: World, client: TestClient) -> None:
    busy_day(world)
    found = {labels["incident"]: (labels, age) for labels, age in samples(client)["cx_open_incident_seconds"]}
    assert set(found) == {"2047", "2049"}
    labels, age = found["2049"]
    assert (labels["channel"], labels["stage"], labels["state"], age) == ("app", "deliver", "firing", 24 * 60)
    assert one(client, "cx_detector_active", channel="app", stage="deliver", signal="share") == 1
    assert one(client, "cx_detector_active", channel="chat", stage="support", signal="share") == 0


def test_a_stream_counts_as_stopped_later_where_events_are_rare(world: World, client: TestClient) -> None:
    assert one(client, "cx_stale_after_seconds") == 120
    for day in range(1, 8):
        for hour in (0, 1):
            world.answers("web", "buy", {9: 6}, at_ms=world.clock.now_ms() - (day * 24 + hour) * 60 * MINUTE_MS)
    with TestClient(world.app()) as later:
        assert one(later, "cx_stale_after_seconds") == 20 * 600  # an event each ten minutes is usual


def test_whether_anybody_decides_is_told(world: World) -> None:
    for held in (True, False):
        with TestClient(world.app(decided=lambda _, held=held: held)) as client:
            assert one(client, "cx_decide_lease_held") == held


def test_how_late_messages_were_is_told_with_the_newest_incident(world: World) -> None:
    times = DeliveryTimes()
    for seconds, number in ((0.4, 1), (0.6, 2), (42.0, 3)):
        times.observe("slack", seconds, "incident", number)
    times.observe("slack", 7_200.0, "case", 9)
    with TestClient(world.app(delivery_times=times.read)) as client:
        assert one(client, "cx_alert_delivery_seconds_bucket", sink="slack", le="1.0") == 2
        assert one(client, "cx_alert_delivery_seconds_bucket", sink="slack", le="60.0") == 3
        assert one(client, "cx_alert_delivery_seconds_count", sink="slack") == 4
        assert one(client, "cx_alert_delivery_seconds_count", sink="preview") == 0
        answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}).text
    assert '{le="1.0",sink="slack"} 2.0 # {incident="2"} 0.6' in answer.replace(
        '{sink="slack",le="1.0"}', '{le="1.0",sink="slack"}'
    )
    assert 'case="9"' not in answer


def test_the_topic_of_changes_is_told_of_where_there_is_one(world: World) -> None:
    with TestClient(world.app()) as client:
        assert "cx_changes" not in client.get("/metrics").text
    with TestClient(world.app(unsent=lambda _: Unsent(7, 1_794_926_520_500))) as client:
        assert one(client, "cx_changes_unsent") == 7
        assert one(client, "cx_changes_sent_timestamp_seconds") == 1_794_926_520.5
