"""An evening of findings, people's actions, faults and crashes, against the double of Slack."""

from __future__ import annotations

import random

from sqlalchemy import Engine, event

from alerting import actions, store
from alerting.channels.slack import SlackChannel
from alerting.deliver import Delivery
from alerting.doing import ActionError, Doing
from alerting.react import react
from alerting.records import Reference
from detectors.records import Findings
from streams.clock import ManualClock
from streams.records import Segment
from tests.support.slack_double import SlackDouble

T0 = 1_794_924_300_000
PLACES = [("web", "buy"), ("app", "deliver"), ("phone", "support")]
FAULTS = ["ok"] * 8 + ["429", "500", "500_after", "drop", "drop", "drop_after", "drop_after", "html", "late"]
FAULTS += ["error:invalid_auth", "error:is_archived", "error:internal_error"]


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
        self.customers = 0
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
        kind = self.rng.choice(["anomaly", "anomaly", "update", "update", "recovery", "act", "crowd", "delete"])
        if kind == "delete":
            for message in self.double.parents()[-1:]:
                self.double.delete_by_hand(message["ts"])
            return
        with self.engine.begin() as tx:
            if kind == "act":
                self.act(tx)
                return
            if kind == "crowd":
                self.customers += 7
                names = [f"c_{self.customers - n}" for n in range(self.rng.choice([2, 7]))]
                react(tx, self.settings, self.clock.now_ms(), [self.make.flag(name) for name in names], Findings())
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


async def deliver(evening: Evening, seconds: float, times: int = 1) -> None:
    for _ in range(times):
        evening.pass_time(seconds)
        await evening.process().deliver_due()


def open_incident(evening: Evening, at: float = 0) -> None:
    with evening.engine.begin() as tx:
        react(tx, evening.settings, evening.clock.now_ms(), (), evening.make.anomaly("web", "buy", at=at))
