"""Whatever Slack and the process do, each incident is seen once in Slack, as it stands at the end."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event, select

from alerting import actions, outbox, store
from alerting.actions import ActionError, Doing
from alerting.channels.slack import SlackChannel
from alerting.deliver import Delivery
from alerting.react import react
from alerting.records import Reference
from alerting.tables import notes
from alerting.tables import outbox as outbox_table
from detectors.records import Findings
from streams.clock import ManualClock
from streams.records import Segment
from tests.support.slack_double import SlackDouble

T0 = 1_794_924_300_000
PLACES = [("web", "buy"), ("app", "deliver"), ("phone", "support")]
FAULTS = ["ok"] * 6 + ["429", "500", "500_after", "drop", "drop", "drop_after", "drop_after", "html", "late"]


class Crash(BaseException):
    """The process dies here."""


class Mortal:
    """A channel in a process that may die just before or just after a call."""

    def __init__(self, inner: SlackChannel, rng: random.Random, chance: float) -> None:
        self.inner = inner
        self.rng = rng
        self.chance = chance
        self.name, self.timeout_s, self.gap_s = inner.name, inner.timeout_s, inner.gap_s

    async def _live(self, call):
        if self.rng.random() < self.chance:
            call.close()
            raise Crash
        result = await call
        if self.rng.random() < self.chance:
            raise Crash
        return result

    async def post(self, target, message, mark) -> Reference:
        return await self._live(self.inner.post(target, message, mark))

    async def update(self, posted, message, mark) -> None:
        await self._live(self.inner.update(posted, message, mark))

    async def note(self, parent, message, mark) -> Reference:
        return await self._live(self.inner.note(parent, message, mark))

    async def find(self, target, delivery_id, since_real_ms, parent):
        return await self._live(self.inner.find(target, delivery_id, since_real_ms, parent))

    async def delete(self, posted) -> None:
        await self._live(self.inner.delete(posted))

    async def close(self) -> None:
        await self.inner.close()


class Evening:
    """One seeded schedule of findings, people's actions, faults and crashes."""

    def __init__(self, seed: int, engine: Engine, settings, make) -> None:
        self.rng = random.Random(seed)
        self.engine, self.settings, self.make = engine, settings, make
        self.clock, self.real = ManualClock(T0), ManualClock(T0 + 7)
        self.ids = (f"{seed:08x}{n:08x}" for n in range(10_000))
        self.calm = False
        self.double = SlackDouble(self.real, self.fault)
        self.crashes = 0
        event.listen(engine, "commit", self.commit)

    def fault(self, method: str) -> str:
        if self.calm:
            return "ok"
        fault = self.rng.choice(FAULTS)
        if fault == "late":
            longest = 200_000 if method == "chat.postMessage" else 15_000
            return f"late:{self.rng.randrange(100, longest)}"
        return fault

    def commit(self, _: object) -> None:
        if self.committing and not self.calm and self.rng.random() < 0.05:
            raise Crash

    committing = False

    def pass_time(self, seconds: float) -> None:
        self.clock.set(self.clock.now_ms() + int(seconds * 1000))
        self.real.set(self.real.now_ms() + int(seconds * 1000))
        self.double.settle()

    def happen(self) -> None:
        place = self.rng.choice(PLACES)
        at = (self.clock.now_ms() - T0) / 60_000
        kind = self.rng.choice(["anomaly", "anomaly", "update", "update", "recovery", "act"])
        with self.engine.begin() as tx:
            if kind == "act":
                self.act(tx)
                return
            open_places = {i.named for i in store.read_incidents(tx, T0) if i.state != "resolved"}
            if (kind == "anomaly") == (Segment(*place) in open_places):
                return
            react(tx, self.settings, self.clock.now_ms(), (), getattr(self.make, kind)(*place, at=at))

    def act(self, tx) -> None:
        for incident in store.read_incidents(tx, T0)[:1]:
            try:
                doing = Doing("Jana K.", self.clock.now_ms())
                actions.acknowledge(tx, self.settings, incident.number, incident.version, doing)
            except ActionError:
                pass

    def process(self) -> Delivery:
        slack = SlackChannel("xoxb-double", self.double.url, 10)
        channel = Mortal(slack, self.rng, 0.0 if self.calm else 0.05)
        ids = lambda: next(self.ids)  # noqa: E731  # a name for it would say no more
        return Delivery(
            self.engine,
            {"slack": channel},
            self.clock,
            self.settings,
            lambda conn: True,
            real_clock=self.real,
            new_id=ids,
        )

    async def play(self, rounds: int) -> None:
        delivery = self.process()
        for _ in range(rounds):
            if self.rng.random() < 0.4:
                self.happen()
            self.pass_time(self.rng.uniform(0.2, 25))
            self.committing = True
            try:
                await delivery.deliver_due()
            except Crash:
                self.crashes += 1
                delivery = self.process()
            self.committing = False

    async def end(self) -> None:
        """Slack is well again, and nobody dies: everything outstanding is delivered, and doubles are swept."""
        self.calm = True
        delivery = self.process()
        quiet = 0
        for _ in range(300):
            self.pass_time(15)
            quiet = 0 if await delivery.deliver_due() else quiet + 1
            if quiet > 25:
                return
        raise AssertionError("never came to rest")


@pytest.mark.parametrize("seed", range(8))
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
    posted = 0
    for row in rows:
        seen = [m for m in evening.double.parents() if _id_of(m) == row.delivery_id]
        assert row.state == "sent", row
        if row.ts is None:
            assert seen == []  # resolved within its hold-off
            continue
        posted += 1
        assert [m["ts"] for m in seen] == [row.ts]
        assert seen[0]["metadata"]["event_payload"]["revision"] == row.desired_revision
        told = [n for n in lines if n.outbox_id == row.outbox_id and n.ts is not None]
        thread = [_id_of(m) for m in evening.double.thread(row.ts)]
        assert sorted(thread) == sorted(n.delivery_id for n in told)
        assert len(set(thread)) == len(thread)
    assert posted == len(evening.double.parents())
    assert all(n.state == "sent" for n in lines)


def _id_of(message) -> str:
    return message["metadata"]["event_payload"]["delivery_id"]


@pytest.fixture
async def world(engine, settings, make):
    evening = Evening(0, engine, settings, make)
    evening.calm = True
    async with evening.double:
        yield evening


async def deliver(evening: Evening, seconds: float, times: int = 1) -> None:
    for _ in range(times):
        evening.pass_time(seconds)
        await evening.process().deliver_due()


def open_incident(evening: Evening, at: float = 0) -> None:
    with evening.engine.begin() as tx:
        react(tx, evening.settings, evening.clock.now_ms(), (), evening.make.anomaly("web", "buy", at=at))


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


async def test_attempts_are_bounded_and_dead_messages_can_be_revived_without_a_double(world):
    world.settings = replace(world.settings, attempts_max=4)
    open_incident(world)
    world.double.fault = lambda method: "drop_after" if method == "chat.postMessage" else "500"
    await deliver(world, 61)
    await deliver(world, 400, times=12)
    with world.engine.begin() as conn:
        assert outbox.counts(conn)["dead"] == 1
        assert outbox.revive_dead(conn) == 1
    world.double.fault = lambda method: "ok"
    await deliver(world, 10, times=4)
    assert len(world.double.messages) == 1


async def test_a_message_given_up_that_was_posted_after_all_is_edited_when_there_is_news_not_posted_again(world):
    world.settings = replace(world.settings, attempts_max=4)
    open_incident(world)
    world.double.fault = lambda method: "drop_after" if method == "chat.postMessage" else "500"
    await deliver(world, 61)
    await deliver(world, 400, times=12)
    world.double.fault = lambda method: "ok"
    with world.engine.begin() as tx:
        react(tx, world.settings, world.clock.now_ms(), (), world.make.update("web", "buy"))
    await deliver(world, 10, times=5)
    (parent,) = world.double.parents()
    assert "40 of 60 bad" in str(parent["blocks"])


async def test_messages_are_paced_about_one_a_second_a_channel(world):
    with world.engine.begin() as tx:
        react(tx, world.settings, T0, [world.make.flag(f"c_{n}") for n in range(6)], Findings())
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
