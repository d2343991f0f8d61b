"""The simulated shop: a pure function of its seed, with a shop's shares, rhythm and journeys."""

import json
from collections import Counter, defaultdict
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxwatch.demo import comments, customers
from cxwatch.demo.shop import Shop
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS
from streams.settings import DEFAULT_CHANNELS, DEFAULT_STAGES

BAD_OUTCOMES = {"no_results", "failed", "late", "damaged", "defect", "abandoned", "unsolved", "slow"}
BAD_UP_TO = {"nps": 6, "csat": 2, "ces": 3, "stars": 2, "thumbs": 0}
MINUTES = st.integers(-2 * 24 * 60, 2 * 24 * 60)


def is_bad(event):
    if event["type"] == "interaction":
        return event["outcome"] in BAD_OUTCOMES
    return event["score"] <= BAD_UP_TO[event["metric"]]


def of_place(events, channel, stage):
    return [event for _, event in events if event["channel"] == channel and event["stage"] == stage]


@pytest.fixture(scope="module")
def quiet(shop):
    """The last whole day before the live one."""
    return list(shop.events(shop.live_ms - 2 * DAY_MS, shop.live_ms - DAY_MS))


@pytest.fixture(scope="module")
def first_hour(shop):
    return list(shop.events(shop.live_ms, shop.live_ms + HOUR_MS))


@settings(max_examples=8, deadline=None)
@given(st.lists(MINUTES, min_size=3, max_size=5, unique=True), st.integers(0, MINUTE_MS - 1))
def test_a_stretch_of_time_holds_the_same_events_however_it_is_cut(thin_shop, minutes, offset):
    cuts = [thin_shop.live_ms + minute * MINUTE_MS + offset for minute in sorted(minutes)]
    whole = list(thin_shop.events(cuts[0], cuts[-1]))
    parts = [timed for begin, end in pairwise(cuts) for timed in thin_shop.events(begin, end)]
    assert parts == whole


def test_another_seed_tells_another_day(shop):
    begin, end = shop.live_ms, shop.live_ms + 10 * MINUTE_MS
    other = Shop(shop.seed + 1, shop.live_ms)
    assert list(shop.events(begin, end)) == list(Shop(shop.seed, shop.live_ms + 59_000).events(begin, end))
    assert list(shop.events(begin, end)) != list(other.events(begin, end))


def test_events_come_in_order_of_time_and_say_it(first_hour):
    times = [at_ms for at_ms, _ in first_hour]
    assert times == sorted(times)
    assert all(event["time"].endswith("Z") for _, event in first_hour)


def test_no_two_events_share_an_id_even_across_sources(quiet, first_hour):
    ids = [event["id"] for _, event in [*quiet, *first_hour]]
    assert len(ids) == len(set(ids))


def test_a_quiet_day_has_about_half_an_event_a_second_a_third_of_it_answers_and_a_seventh_bad(quiet):
    kinds = Counter(event["type"] for _, event in quiet)
    graded = [event for _, event in quiet if event["type"] != "profile"]
    assert 0.45 <= len(quiet) / 86_400 <= 0.55
    assert 0.32 <= kinds["feedback"] / len(graded) <= 0.38
    assert 0.12 <= sum(map(is_bad, graded)) / len(graded) <= 0.17


def test_every_channel_and_stage_has_traffic(quiet):
    assert {event["channel"] for _, event in quiet} == set(DEFAULT_CHANNELS)
    assert {event["stage"] for _, event in quiet} == set(DEFAULT_STAGES)
    assert {event["metric"] for _, event in quiet if event["type"] == "feedback"} == set(BAD_UP_TO)


def test_afternoons_are_busier_than_nights(quiet):
    by_hour = Counter(at_ms % DAY_MS // HOUR_MS for at_ms, _ in quiet)
    assert by_hour[15] > 2 * by_hour[3]


def test_minutes_of_a_quiet_day_jump_no_more_than_chance_lets_them(quiet):
    """Bad events of the busiest place in 15 minutes against their hour's mean: no artefact that looks like a spike."""
    bad = Counter(
        at_ms // (15 * MINUTE_MS)
        for at_ms, event in quiet
        if (event["channel"], event["stage"]) == ("web", "deliver") and is_bad(event)
    )
    mean = sum(bad.values()) / (24 * 4)
    assert max(bad.values()) <= 4 * mean


def test_few_journeys_belong_to_the_same_customer_and_some_to_nobody(quiet):
    keys = Counter(event.get("customer") for _, event in quiet)
    known = [key for key in keys if key and key.startswith("c-")]
    assert 0 < keys.pop(None) < 0.12 * len(quiet)
    assert len(known) > customers.KNOWN / 3
    assert max(keys.values()) < 40


def test_a_parcel_is_paid_before_it_comes_and_is_rated_after_it_came(quiet):
    journeys = defaultdict(list)
    for at_ms, event in quiet:
        journeys[event["id"].rsplit("-", 1)[0]].append((at_ms, event))
    whole = [
        steps for steps in journeys.values()
        if {"payment", "delivery"} <= {event.get("interaction") for _, event in steps}
    ]  # fmt: skip
    assert len(whole) > 500
    for steps in whole:
        at = {event.get("interaction") or event["stage"] + "?": at_ms for at_ms, event in steps}
        assert at["payment"] < at["delivery"]
        assert at.get("deliver?", at["delivery"] + 1) > at["delivery"]


def test_a_late_parcel_came_after_its_promise_and_one_on_time_before(quiet):
    parcels = [event for _, event in quiet if event.get("interaction") == "delivery"]
    assert all((event["actual_at"] > event["promised_at"]) == (event["outcome"] == "late") for event in parcels)


def test_the_first_incident_hits_web_and_app_deliveries_within_twenty_minutes_of_the_start(shop, first_hour):
    for channel in ("web", "app"):
        early = [(at, e) for at, e in first_hour if at < shop.live_ms + 4 * MINUTE_MS]
        hit = [(at, e) for at, e in first_hour if shop.live_ms + 5 * MINUTE_MS <= at < shop.live_ms + 20 * MINUTE_MS]
        place = of_place(hit, channel, "deliver")
        bad = [event for event in place if is_bad(event)]
        assert not any(event["id"].startswith("d") for _, event in early)
        assert len(place) >= 45
        assert len(bad) / len(place) >= 0.6
        assert len({event.get("customer", event["id"]) for event in bad}) >= 20


def test_the_hotline_fills_while_parcels_are_late(shop, quiet):
    begin, end = shop.live_ms + 30 * MINUTE_MS, shop.live_ms + 150 * MINUTE_MS
    calls = of_place(shop.events(begin, end), "phone", "support")
    usual = of_place(quiet, "phone", "support")
    assert len(calls) / 120 > 2 * len(usual) / (24 * 60)


def test_payment_in_the_app_breaks_after_six_hours_and_nowhere_else(shop):
    begin = shop.live_ms + 6 * HOUR_MS
    hour = list(shop.events(begin, begin + HOUR_MS))
    app = [e for e in of_place(hour, "app", "buy") if e["type"] == "interaction"]
    web = [e for e in of_place(hour, "web", "buy") if e["type"] == "interaction"]
    assert sum(map(is_bad, app)) / len(app) > 0.7
    assert sum(map(is_bad, web)) / len(web) < 0.2


def test_the_spam_wave_is_many_near_duplicates_with_links_from_a_dozen_accounts(shop):
    begin = shop.live_ms + 12 * HOUR_MS
    wave = [
        event for event in of_place(shop.events(begin, begin + HOUR_MS), "chat", "support")
        if "example.invalid" in event.get("comment", "")
    ]  # fmt: skip
    assert len(wave) > 100
    assert len({event["customer"] for event in wave}) <= 12
    assert len({event["comment"] for event in wave}) <= 12


def test_days_before_the_live_one_are_quiet_and_days_after_it_have_incidents_of_their_own(shop, quiet):
    from cxwatch.demo.incidents import of_day

    assert not any(event["id"][0] in "dps" for _, event in quiet)
    later = [of_day(shop.seed, shop.live_ms, day) for day in range(1, 30)]
    assert all(1 <= len(day) <= 2 for day in later)
    assert {incident.kind for day in later for incident in day} == {"delivery", "payment", "spam"}
    for number, day in enumerate(later, 1):
        for incident in day:
            assert shop.live_ms + number * DAY_MS <= incident.start_ms
            assert incident.end_ms <= shop.live_ms + (number + 1) * DAY_MS


def test_a_thinned_history_has_about_as_many_events_as_asked_for_and_the_live_days_shares(shop):
    history = list(shop.history(shop.live_ms - DAY_MS, 14, 20_000))
    graded = [event for _, event in history if event["type"] != "profile"]
    assert 15_000 <= len(graded) <= 25_000
    assert sum(event["type"] == "profile" for _, event in history) >= customers.KNOWN
    assert 0.12 <= sum(map(is_bad, graded)) / len(graded) <= 0.17
    assert [at_ms for at_ms, _ in history] == sorted(at_ms for at_ms, _ in history)


def test_comments_are_a_few_hundred_in_two_languages_and_some_are_hostile(quiet):
    said = Counter(event["comment"] for _, event in quiet if "comment" in event)
    assert len(said) > 300
    assert any("Paket" in text for text in said)
    assert any("parcel" in text for text in said)
    hostile = {text for text in comments.HOSTILE if said[text]}
    assert {"=1+1", "<!channel> look at this"} & hostile
    assert 3 <= sum(said[text] for text in hostile) <= 0.02 * sum(said.values())
    assert max(len(text) for text in said) <= 4_000


def test_profiles_say_the_same_of_a_customer_whenever_they_are_told(shop, quiet):
    seen = [event for _, event in quiet if event["type"] == "profile"]
    assert seen
    for event in seen:
        number = int(event["customer"][2:])
        told = customers.profile(shop.seed, number, event["id"])
        assert {key: value for key, value in event.items() if key != "time"} == told
        assert customers.known(shop.seed, number).language == event["locale"][:2]


def test_events_are_plain_json(first_hour):
    for _, event in first_hour:
        assert json.loads(json.dumps(event)) == event


def test_a_share_of_nothing_or_more_than_all_is_refused():
    for keep in (0, 1.1):
        with pytest.raises(ValueError, match="keep"):
            Shop(1, 0, keep)
