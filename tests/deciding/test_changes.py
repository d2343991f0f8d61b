"""The changes that go out: whoever keeps the highest revision of each key has exactly what the API tells, whatever
crashed, came twice or came late."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerting import actions
from alerting.doing import Doing
from cxwatch.decide.rounds import read_closed_to
from cxwatch.upkeep import Upkeep
from dashboards.changes import cursor
from dashboards.changes.feed import ChangeFeed
from dashboards.changes.records import SCHEMA, IncidentChanged, WindowChanged
from dashboards.changes.settings import ChangeSettings
from dashboards.window_filter import WINDOW_NAMES, Filter
from dashboards.window_history import STEP_MS, Span, every_row
from dashboards.window_rows import window_row
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS
from streams.logs.protocol import Record
from tests.deciding.rig import ALERTS, T0, Shop, answers, spike
from tests.measure import oracle
from tests.support.consumer import Consumer, table

pytestmark = pytest.mark.slow_on_postgresql


def feed_of(shop: Shop, **changes: Any) -> ChangeFeed:
    """As a process that starts makes it."""
    settings = ChangeSettings(**changes)
    return ChangeFeed(shop.database, shop.clock, shop.settings, settings, read_closed_to, "http://cx.example.com")


def sent(feed: ChangeFeed, *, noted: bool = True) -> list[Record]:
    """One round; where it is not `noted`, the process died after it had sent."""
    if not feed.waiting(lambda _: True):
        return []
    sending = feed.begin(lambda _: True)
    assert sending is not None
    records = list(feed.records(sending))
    if noted:
        assert feed.done(sending)
    return records


def everything(feed: ChangeFeed) -> list[Record]:
    found: list[Record] = []
    while feed.waiting(lambda _: True):
        found += sent(feed)
    return found


def api(shop: Shop) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Every window since the shop opened, as GET /api/v1/windows gives it, the running ones too."""
    found: list[dict[str, Any]] = []
    with shop.database.connect() as conn:
        for name in WINDOW_NAMES:
            now_ms = shop.clock.now_ms()
            span = Span(name, now_ms - 9 * DAY_MS, (now_ms // STEP_MS[name] + 1) * STEP_MS[name])
            rows = every_row(conn, span, Filter(), min_n=shop.settings.min_n, closed_to=shop.closed_to())
            found += [json.loads(msgspec.json.encode(window_row(row))) for row in rows]
    return table(found)


def story(seed: int) -> list[tuple[int, list[dict[str, Any]]]]:
    """Six hours in which answers come in time, late, twice, and corrected: what arrives at which moment."""
    draw = random.Random(seed)
    arrivals: list[tuple[int, dict[str, Any]]] = []
    for number in range(120):
        at = T0 + draw.randrange(6 * HOUR_MS)
        place = {"channel": draw.choice(("web", "app")), "stage": draw.choice(("buy", "deliver"))}
        event = oracle.event(number, at, score=draw.randrange(11), customer=f"c{draw.randrange(40)}", **place)
        arrives = at + draw.choice((2_000, 2_000, 90_000, 2 * HOUR_MS))
        arrivals.append((arrives, event))
        if draw.random() < 0.15:
            arrivals.append((arrives + draw.randrange(HOUR_MS), event))
        if draw.random() < 0.15:  # a corrected answer, sometimes about another place
            moved = {**event, "revision": 1, "score": draw.randrange(11), "stage": draw.choice(("buy", "deliver"))}
            arrivals.append((arrives + draw.randrange(2 * HOUR_MS), moved))
    steps: dict[int, list[dict[str, Any]]] = {}
    for arrives, event in arrivals:
        steps.setdefault((arrives // (20 * MINUTE_MS) + 1) * 20 * MINUTE_MS, []).append(event)
    return sorted(steps.items())


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)])
async def test_a_consumer_that_keeps_the_highest_revision_has_what_the_api_tells(shop: Shop, seed: int) -> None:
    """The sender dies after it has sent, again and again; records come twice and in any order."""
    draw, consumer, feed = random.Random(seed), Consumer(), feed_of(shop)
    kept: list[Record] = []
    for at_ms, events in story(seed):
        await shop.step(at_ms, events)
        records = sent(feed, noted=draw.random() < 0.6)
        if draw.random() < 0.3:
            feed = feed_of(shop)
        kept += records
        draw.shuffle(records)
        consumer.take([*records, *draw.sample(kept, min(20, len(kept)))])
    consumer.take(everything(feed))
    assert consumer.windows() == api(shop)
    assert everything(feed) == []


async def test_a_window_is_told_once_more_when_it_is_final_and_then_no_more(shop: Shop) -> None:
    feed, consumer = feed_of(shop, windows=("15m",)), Consumer()
    await shop.step(T0 + 5 * MINUTE_MS, [oracle.event(n, T0 + 4 * MINUTE_MS, score=9) for n in range(12)])
    consumer.take(everything(feed))
    leaf = next(v for v in consumer.newest.values() if v["segment"]["stage"])
    assert (leaf["final"], leaf["n"], leaf["score"], leaf["end"]) == (False, 12, 100.0, "2026-11-17T00:15:00Z")
    await shop.step(T0 + 10 * MINUTE_MS)
    assert everything(feed) == []
    await shop.step(T0 + 20 * MINUTE_MS)
    consumer.take(everything(feed))
    assert {v["final"] for v in consumer.newest.values()} == {True}
    before = consumer.seen
    await shop.step(T0 + 60 * MINUTE_MS)
    consumer.take(everything(feed))
    assert consumer.seen == before


async def test_an_answer_that_moves_leaves_an_empty_window_behind(shop: Shop) -> None:
    feed, consumer = feed_of(shop, windows=("1h",)), Consumer()
    event = oracle.event(1, T0 + MINUTE_MS, score=9, channel="web", stage="buy")
    await shop.step(T0 + 5 * MINUTE_MS, [event])
    consumer.take(everything(feed))
    await shop.step(T0 + 6 * MINUTE_MS, [{**event, "revision": 1, "stage": "deliver"}])
    consumer.take(everything(feed))
    numbers = {(v["segment"]["channel"], v["segment"]["stage"]): v["n"] for v in consumer.newest.values()}
    assert (numbers["web", "buy"], numbers["web", "deliver"], numbers[None, None]) == (0, 1, 1)


async def test_incidents_are_told_as_they_change_without_anybodys_name_or_words(shop: Shop) -> None:
    feed, consumer = feed_of(shop), Consumer()
    events = [{**e, "comment": "SECRET-WORDS", "attributes": {"who": "SECRET-WORDS"}} for e in spike()]
    told: list[Record] = []
    states: list[str] = []
    for half in range(48, 60):
        now = T0 + half * HOUR_MS // 2
        await shop.step(
            now, [e for e in events if (half == 48 or e["time_ms"] >= now - HOUR_MS // 2) and e["time_ms"] < now]
        )
        if shop.incidents() and not states:
            found = shop.incidents()[0]
            with shop.database.begin() as conn:
                actions.acknowledge(conn, ALERTS, found.number, found.version, Doing("SECRET-NAME", now))
        records = everything(feed)
        told += records
        consumer.take(records)
        states += [v["state"] for v in consumer.incidents().values()]
    (incident,) = shop.incidents()
    last = consumer.incidents()[incident.number]
    assert (last["state"], last["version"]) == (incident.state, incident.version)
    assert {"acknowledged", "resolved"} <= set(states)
    assert last["sentence"]
    assert last["url"] == f"http://cx.example.com/incidents/{incident.number}"
    whole = b"".join(record.key + record.value for record in told)
    assert b"SECRET" not in whole
    assert not [e for e in events if e["customer"].encode() in whole]


async def test_a_revision_never_goes_back_even_if_the_database_is_restored(shop: Shop) -> None:
    with shop.database.begin() as conn:
        first = cursor.reserve(conn)
    with shop.database.begin() as conn:
        later = cursor.reserve(conn)
        cursor.put(conn, cursor.change_state, [{"one": 1, "revision": later + 10 * DAY_MS}], ["revision"])
    with shop.database.begin() as conn:  # the server's clock seems to have gone back by ten days
        assert cursor.reserve(conn) == later + 10 * DAY_MS + 1
        assert first < later


async def test_a_sender_that_was_overtaken_notes_nothing(shop: Shop) -> None:
    feed, other = feed_of(shop), feed_of(shop)
    await shop.step(T0 + 5 * MINUTE_MS, answers(T0, T0 + 4 * MINUTE_MS, 600, 0.1))
    slow = feed.begin(lambda _: True)
    assert slow is not None
    quick = other.begin(lambda _: True)
    assert quick is not None
    assert quick.revision > slow.revision
    assert not feed.done(slow)
    assert other.done(quick)
    assert feed.begin(lambda _: False) is None


async def test_minutes_that_were_not_sent_outlive_their_retention(shop: Shop) -> None:
    """Kafka is away for longer than minute panes are kept: nothing goes that was not sent."""
    old = answers(T0, T0 + HOUR_MS, 30, 0.1)
    await shop.step(T0 + HOUR_MS, old)
    shop.clock.set(T0 + 30 * DAY_MS)
    upkeep = Upkeep(shop.database, shop.log, shop.clock, shop.settings, 400, cursor.unsent_panes)
    await upkeep.once()
    consumer, feed = Consumer(), feed_of(shop, windows=("1h", "24h"))
    with shop.database.connect() as conn:
        assert cursor.read_unsent(conn).waiting > 0
    consumer.take(everything(feed))
    assert {v["n"] for v in consumer.windows().values() if v["segment"] == {"channel": None, "stage": None}} == {30}
    assert await upkeep.once() > 0
    with shop.database.connect() as conn:
        assert cursor.read_unsent(conn).waiting == 0
    assert everything(feed) == []


async def test_much_at_once_goes_in_rounds(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for hour in range(3):
        await shop.step(T0 + (hour + 1) * HOUR_MS, answers(T0 + hour * HOUR_MS, T0 + (hour + 1) * HOUR_MS, 60, 0.1))
    monkeypatch.setattr("dashboards.changes.plan.PANES_MAX", 40)
    feed, consumer, rounds = feed_of(shop), Consumer(), 0
    while feed.waiting(lambda _: True):
        consumer.take(sent(feed))
        rounds += 1
    assert rounds >= 3
    assert consumer.windows() == api(shop)


def test_the_docs_show_the_records_as_they_are() -> None:
    """Field by field: what docs/export.md promises is what is sent."""
    text = (Path(__file__).parents[2] / "docs" / "export.md").read_text()
    for name, kind in (("window", WindowChanged), ("incident", IncidentChanged)):
        shown = text.split(f"<!-- {name} -->\n```json\n")[1].split("```")[0]
        assert msgspec.json.decode(shown, type=kind)
        assert set(json.loads(shown)) == set(kind.__struct_fields__)
        assert json.loads(shown)["schema"] == SCHEMA
