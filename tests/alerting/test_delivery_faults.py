"""Whatever Slack and the process do, each incident is seen once in Slack, as it stands at the end."""

from __future__ import annotations

import asyncio
import itertools
import os

import pytest
from sqlalchemy import event, select

from alerting import outbox, troubles
from alerting.channels.slack import SlackChannel
from alerting.deliver import Delivery
from alerting.react import react
from alerting.tables import notes
from alerting.tables import outbox as outbox_table
from detectors.records import Findings
from tests.support.evening import PLACES, Evening, deliver, open_incident

pytestmark = pytest.mark.slow_on_postgresql

T0 = 1_794_924_300_000
SEEDS = int(os.environ.get("CXWATCH_TEST_SEEDS", "6"))  # more of them by hand


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_every_incident_is_seen_exactly_once_as_it_stands_at_the_end(seed, engine, settings, make):
    evening = Evening(seed, engine, settings, make)
    async with evening.double:
        await evening.play(60)
        await evening.end()
    event.remove(engine, "commit", evening.commit)
    with engine.connect() as conn:
        rows = conn.execute(select(outbox_table)).all()
        lines = conn.execute(select(notes).order_by(notes.c.note_id)).all()
    assert rows
    gone = {m["ts"] for m in evening.double.deleted}
    posted = 0
    for row in rows:
        seen = [m for m in evening.double.parents() if _id_of(m) == row.delivery_id]
        assert row.state == "sent", row
        assert row.sent_revision == row.desired_revision
        if row.digest is not None:
            assert any(other.about == "digest" and other.number == row.digest for other in rows)
        if row.ts is None or row.ts in gone:
            assert seen == []  # told in a digest, resolved within its hold-off, or deleted by hand when it was over
            continue
        posted += 1
        assert [m["ts"] for m in seen] == [row.ts]
        assert seen[0]["metadata"]["event_payload"]["revision"] == row.desired_revision
        told = [n for n in lines if n.outbox_id == row.outbox_id and n.ts is not None and n.ts not in gone]
        thread = sorted(evening.double.thread(row.ts), key=lambda m: float(m["ts"]))
        assert [_id_of(m) for m in thread] == [n.delivery_id for n in told]  # in order, each once
    assert posted == len(evening.double.parents())
    assert all(n.state == "sent" for n in lines)


def _id_of(message) -> str:
    return message["metadata"]["event_payload"]["delivery_id"]


async def test_a_message_waits_for_the_hold_off(world):
    open_incident(world)
    await deliver(world, 59)
    assert world.double.messages == []
    await deliver(world, 2)
    assert len(world.double.messages) == 1


async def test_a_moment_of_truth_does_not_wait(world):
    with world.engine.begin() as tx:
        react(tx, world.settings, T0, [world.make.flag()], Findings())
    await deliver(world, 0)
    assert [m["channel"] for m in world.double.messages] == ["C0RECOVER1"]


async def test_a_post_that_was_accepted_before_the_connection_dropped_is_adopted_not_repeated(world):
    open_incident(world)
    faults = iter(["ok", "drop_after"])
    world.double.fault = lambda method: next(faults, "ok")
    await deliver(world, 61)
    await deliver(world, 5, times=8)
    assert len(world.double.messages) == 1
    posts = [c for c in world.double.calls if c[0] == "chat.postMessage"]
    assert posts == [("chat.postMessage", "drop_after")]
    with world.engine.connect() as conn:
        assert outbox.read(conn, "incident-1").state == "sent"


async def test_nothing_is_posted_again_before_a_slow_call_has_surely_ended(world):
    open_incident(world)
    world.double.fault = lambda method: "drop" if method == "chat.postMessage" else "ok"
    await deliver(world, 61)
    await deliver(world, 1, times=15)
    assert [c[0] for c in world.double.calls].count("chat.postMessage") == 1


async def test_a_double_that_lands_minutes_later_is_deleted(world):
    open_incident(world)
    faults = iter(["ok", "late:100000"])
    world.double.fault = lambda method: next(faults, "ok")
    await deliver(world, 61)
    await deliver(world, 5, times=30)
    assert len(world.double.messages) == 2
    await deliver(world, 5, times=60)
    assert len(world.double.messages) == 1


async def test_retry_after_is_honoured_for_the_whole_channel(world):
    open_incident(world)
    world.double.fault = lambda method: "429"
    await deliver(world, 61)
    before = len(world.double.calls)
    await deliver(world, 1, times=2)
    assert len(world.double.calls) == before


async def test_many_changes_while_slack_is_away_become_one_edit(world):
    open_incident(world)
    await deliver(world, 61)
    for at in (20, 21, 22):
        with world.engine.begin() as tx:
            react(tx, world.settings, world.clock.now_ms(), (), world.make.update("web", "buy", at=at))
    await deliver(world, 10, times=3)
    (parent,) = world.double.parents()
    assert parent["edits"] == 1
    assert "40 of 60 bad" in str(parent["blocks"])


async def test_changes_before_the_first_post_leave_no_notes_that_say_it_again(world):
    open_incident(world)
    with world.engine.begin() as tx:
        react(tx, world.settings, T0, (), world.make.update("web", "buy", at=0.5))
    await deliver(world, 61)
    await deliver(world, 2, times=3)
    assert [m.get("thread_ts") for m in world.double.messages] == [None]


async def test_a_payload_that_slack_will_never_take_is_given_up_at_once_and_counted(world):
    open_incident(world)
    world.double.fault = lambda method: "error:invalid_blocks" if method == "chat.postMessage" else "ok"
    await deliver(world, 61)
    await deliver(world, 60, times=3)
    assert [c[0] for c in world.double.calls].count("chat.postMessage") == 1
    with world.engine.connect() as conn:
        assert outbox.counts(conn)["dead"] == 1


async def test_a_wrong_token_is_tried_again_and_says_what_to_do(world):
    open_incident(world)
    world.double.fault = lambda method: "error:invalid_auth"
    await deliver(world, 61)
    with world.engine.connect() as conn:
        assert "set SLACK_BOT_TOKEN" in outbox.read(conn, "incident-1").error
    world.double.fault = lambda method: "ok"
    await deliver(world, 10, times=3)
    assert len(world.double.messages) == 1


async def test_trying_ends_after_three_days_and_dead_messages_can_be_revived_without_a_double(world):
    open_incident(world)
    world.double.fault = lambda method: "drop_after" if method == "chat.postMessage" else "500"
    await deliver(world, 61)
    await deliver(world, 3_600, times=76)
    with world.engine.begin() as conn:
        assert outbox.counts(conn)["dead"] == 1
        assert outbox.revive_dead(conn) == 1
    world.double.fault = lambda method: "ok"
    await deliver(world, 10, times=4)
    assert len(world.double.messages) == 1


async def test_a_message_given_up_that_was_posted_after_all_is_edited_when_there_is_news_not_posted_again(world):
    open_incident(world)
    world.double.fault = lambda method: "drop_after" if method == "chat.postMessage" else "500"
    await deliver(world, 61)
    await deliver(world, 3_600, times=76)
    world.double.fault = lambda method: "ok"
    with world.engine.begin() as tx:
        react(tx, world.settings, world.clock.now_ms(), (), world.make.update("web", "buy"))
    await deliver(world, 10, times=5)
    (parent,) = world.double.parents()
    assert "40 of 60 bad" in str(parent["blocks"])


async def test_messages_are_paced_about_one_a_second_a_channel(world):
    with world.engine.begin() as tx:
        react(tx, world.settings, T0, [world.make.flag(f"c_{n}") for n in range(5)], Findings())
    await deliver(world, 0)
    assert len(world.double.messages) == 1
    shared = world.process()
    before = len(world.double.messages)
    await shared.deliver_due()
    await shared.deliver_due()
    assert len(world.double.messages) == before + 1
    world.pass_time(1.2)
    await shared.deliver_due()
    assert len(world.double.messages) == before + 2


async def test_without_the_lease_nothing_is_sent(world):
    open_incident(world)
    world.pass_time(61)
    delivery = Delivery(
        world.engine,
        {"slack": SlackChannel("x", world.double.url, 10)},
        world.clock,
        world.settings,
        lambda conn: False,
    )
    assert await delivery.deliver_due() == 0
    assert world.double.calls == []


async def test_the_lease_is_looked_at_again_in_the_transaction_that_claims(world):
    open_incident(world)
    world.pass_time(61)
    answers = iter([True, False, False])
    slack = SlackChannel("x", world.double.url, 10)
    lease = lambda conn: next(answers)  # noqa: E731  # a name for it would say no more
    delivery = Delivery(world.engine, {"slack": slack}, world.clock, world.settings, lease, real_clock=world.real)
    assert await delivery.deliver_due() == 0
    assert world.double.calls == []


async def test_it_stops_when_told(world):
    from streams.signal import Signal

    stop, signal = asyncio.Event(), Signal()
    running = asyncio.create_task(world.process().run(stop, signal))
    stop.set()
    signal.ring()
    await asyncio.wait_for(running, 5)


OUTAGE_MS = 10 * 60_000


async def test_a_ten_minute_outage_loses_and_doubles_nothing_and_drains_at_the_channels_pace(world):
    """Three incidents live through it with news each minute, twenty customers are flagged; then Slack is back."""
    world.double.fault = lambda method: "500" if world.real.now_ms() < T0 + OUTAGE_MS else "ok"
    delivery = world.process()
    for minute in range(10):
        with world.engine.begin() as tx:
            if minute == 0:
                for place in PLACES:
                    react(tx, world.settings, world.clock.now_ms(), (), world.make.anomaly(*place, at=0))
            flags = [world.make.flag(f"c_{minute}_{n}", number=minute) for n in range(2)]
            react(tx, world.settings, world.clock.now_ms(), flags, Findings())
            for place in PLACES:
                react(tx, world.settings, world.clock.now_ms(), (), world.make.update(*place, at=minute, n=60 + minute))
        for _ in range(12):
            world.pass_time(5)
            await delivery.deliver_due()
    assert world.double.messages == []
    back_ms = world.real.now_ms()
    while world.real.now_ms() < back_ms + 240_000:
        world.pass_time(1.2)
        await delivery.deliver_due()
    times = [float(m["ts"]) for m in world.double.messages if m["channel"] == "C0ALERTS01"]
    assert all(later - earlier >= 1.0 for earlier, later in itertools.pairwise(times))
    parents = world.double.parents()
    assert len([m for m in parents if m["channel"] == "C0ALERTS01"]) == 3
    assert len([m for m in parents if m["channel"] == "C0RECOVER1"]) < 10  # most of the twenty are in digests
    with world.engine.connect() as conn:
        for n in range(1, 21):
            row = outbox.read(conn, f"case-{n}")
            assert (row.ts is None) == (row.digest is not None)
        waiting = outbox.counts(conn)
        assert (waiting["ready"], waiting["sending"], waiting["unknown"], waiting["dead"]) == (0, 0, 0, 0)
        assert troubles.read(conn) == []
    late = [m for m in parents if "written 14:0" in str(m["blocks"][-1])]
    assert {m["channel"] for m in late} == {"C0ALERTS01", "C0RECOVER1"}  # what comes late says so
