"""Tokens, channels and messages that are gone: each says what is in the way, and none holds the others. Digests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerting import actions, caseactions, outbox, store, troubles
from alerting.channels.protocol import Ambiguous, Mark, Message
from alerting.channels.slack import SlackChannel
from alerting.doing import Doing
from alerting.react import react
from alerting.records import Reference
from detectors.records import Findings
from tests.support.evening import deliver, open_incident

T0 = 1_794_924_300_000
ALERTS, RECOVERY = "C0ALERTS01", "C0RECOVER1"


def known_troubles(world):
    with world.engine.connect() as conn:
        return troubles.read(conn)


def open_cases(world, many, start=0):
    with world.engine.begin() as tx:
        flags = [world.make.flag(f"c_{start + n}") for n in range(many)]
        react(tx, world.settings, world.clock.now_ms(), flags, Findings())


def in_channel(world, channel):
    return [m for m in world.double.parents() if m["channel"] == channel]


async def test_a_bad_token_holds_everything_loses_nothing_and_says_what_to_do(world):
    open_incident(world)
    open_cases(world, 2)
    world.double.fault = lambda method: "error:token_revoked"
    delivery = world.process()
    for _ in range(120):  # far beyond what any number of attempts would allow
        world.pass_time(200)
        await delivery.deliver_due()
    (trouble,) = known_troubles(world)
    assert (trouble.channel, trouble.target) == ("slack", "")
    assert "set SLACK_BOT_TOKEN" in trouble.reason
    assert trouble.since_real_ms < world.real.now_ms() - 6 * 3_600_000
    assert len(world.double.calls) < 130  # one call at a time looks whether it works again
    world.double.fault = lambda method: "ok"
    await deliver(world, 301, times=5)
    assert len(world.double.parents()) == 3
    assert known_troubles(world) == []


async def test_an_archived_channel_holds_only_what_goes_there(world):
    world.double.archived.add(RECOVERY)
    open_cases(world, 3)
    open_incident(world)
    await deliver(world, 61, times=3)
    assert len(in_channel(world, ALERTS)) == 1
    (trouble,) = known_troubles(world)
    assert trouble.place == "slack #cx-recovery"
    assert "unarchive it, or correct the route" in trouble.reason
    world.double.archived.clear()
    await deliver(world, 301, times=4)
    assert len(in_channel(world, RECOVERY)) == 3
    assert known_troubles(world) == []


async def test_many_messages_for_a_channel_that_does_not_work_do_not_starve_the_others(world):
    world.double.archived.add(RECOVERY)
    open_cases(world, 5)
    await deliver(world, 5, times=3)
    with world.engine.begin() as tx:
        for n in range(80):
            outbox.want(tx, "case", 1_000 + n, "#cx-nowhere", T0)  # no such channel, no digest yet
    open_incident(world)
    world.pass_time(61)
    delivery = world.process()
    for _ in range(4):
        await delivery.deliver_due()
    assert len(in_channel(world, ALERTS)) == 1


async def test_an_incident_whose_message_was_deleted_is_posted_again_with_its_notes_while_it_goes_on(world):
    open_incident(world)
    await deliver(world, 61)
    (first,) = world.double.parents()
    world.double.delete_by_hand(first["ts"])
    with world.engine.begin() as tx:
        react(tx, world.settings, world.clock.now_ms(), (), world.make.update("web", "buy", at=1))
    await deliver(world, 5, times=6)
    (again,) = world.double.parents()
    assert "40 of 60 bad" in str(again["blocks"])
    with world.engine.begin() as tx:
        incident = store.read_incident(tx, 1)
        actions.acknowledge(tx, world.settings, 1, incident.version, Doing("Jana K.", world.clock.now_ms()))
    await deliver(world, 5, times=4)
    assert [m["text"].split(" after")[0] for m in world.double.thread(again["ts"])] == ["Acknowledged by Jana K."]


async def test_a_deleted_message_of_an_incident_that_is_over_stays_away(world):
    open_incident(world)
    await deliver(world, 61)
    (first,) = world.double.parents()
    world.double.delete_by_hand(first["ts"])
    with world.engine.begin() as tx:
        react(tx, world.settings, world.clock.now_ms(), (), world.make.recovery("web", "buy", at=1))
    await deliver(world, 5, times=6)
    assert world.double.messages == []
    with world.engine.connect() as conn:
        row = outbox.read(conn, "incident-1")
        assert (row.state, row.error) == ("sent", "the message was deleted in Slack")
        assert outbox.counts(conn)["ready"] == 0


async def test_more_than_five_that_wait_for_a_channel_are_told_in_one_message(world):
    open_cases(world, 6)
    await deliver(world, 1)
    (digest,) = world.double.messages
    assert digest["text"] == "! 6 customers (6 to contact) at once"
    claims = [b["accessory"]["value"] for b in digest["blocks"] if "accessory" in b]
    assert sorted(claims) == [f"{n}:1" for n in range(1, 7)]
    assert "c_0" not in str(digest["blocks"])  # no customer's key


async def test_five_are_told_one_by_one(world):
    open_cases(world, 5)
    await deliver(world, 2, times=6)
    assert len(world.double.parents()) == 5


async def test_news_about_a_member_of_a_digest_edits_it_and_leaves_a_note_under_it(world):
    open_cases(world, 6)
    await deliver(world, 1)
    with world.engine.begin() as tx:
        caseactions.claim(tx, world.settings, 2, 1, Doing("Ben", world.clock.now_ms()))
    await deliver(world, 5, times=3)
    (digest,) = world.double.parents()
    assert "claimed by Ben" in str(digest["blocks"])
    assert [m["text"] for m in world.double.thread(digest["ts"])] == ["Case 2: Claimed by Ben."]


async def test_a_member_that_gets_worse_leaves_the_digest_for_a_message_of_its_own(world):
    open_cases(world, 5)
    open_case = world.make.flag("c_low", kind="detractor_comment", severity=10)
    with world.engine.begin() as tx:
        react(tx, replace(world.settings, hold_off_seconds=0), world.clock.now_ms(), [open_case], Findings())
    await deliver(world, 1)
    with world.engine.begin() as tx:
        react(tx, world.settings, world.clock.now_ms(), [world.make.flag("c_low", number=2)], Findings())
    await deliver(world, 5, times=4)
    digest, own = world.double.parents()
    assert digest["text"] == "! 5 customers (5 to contact) at once"
    assert "c_low" in own["text"]


async def test_what_comes_while_a_digest_waits_goes_into_it(world):
    world.double.fault = lambda method: "500"
    for start in range(0, 24, 6):
        open_cases(world, 6, start)
        await deliver(world, 30)
    world.double.fault = lambda method: "ok"
    await deliver(world, 30, times=4)
    (digest,) = world.double.parents()
    assert digest["text"] == "! 24 customers (24 to contact) at once"


async def test_a_call_that_takes_longer_than_the_timeout_is_of_unknown_fate(world):
    world.double.fault = lambda method: "slow:1500" if method == "chat.postMessage" else "ok"
    slack = SlackChannel("xoxb-double", world.double.url, 1)
    with pytest.raises(Ambiguous):
        await slack.post(ALERTS, Message("hello", ()), Mark("d1", 1))
    (found,) = await slack.find(ALERTS, "d1", 0, None)
    assert found.reference == Reference(ALERTS, world.double.messages[0]["ts"])


async def test_a_channel_that_is_found_again_under_its_name_is_used_without_a_restart(world):
    slack = SlackChannel("xoxb-double", world.double.url, 5)
    await slack.post("#cx-alerts", Message("one", ()), Mark("d1", 1))
    world.double.archived.add(ALERTS)
    for _ in range(2):
        with pytest.raises(Exception, match="unarchive it, or correct the route"):
            await slack.post("#cx-alerts", Message("two", ()), Mark("d2", 1))
    world.double.archived.clear()
    assert (await slack.post("#cx-alerts", Message("two", ()), Mark("d2", 1))).place == ALERTS
