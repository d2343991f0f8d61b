"""One run of the core under a seed: owners that come, die, freeze and overlap, over one database in memory.

Every transaction of the product may be cut off before its commit, right after it, or lose the answer to it; a process
may die at each of these points and between any two of them. What the product does is the product's own code: engine,
rounds of DECIDE and steps of DELIVER are called as a process calls them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import StaticPool

from alerting.channels.protocol import Found, Mark, Message
from alerting.deliver import Delivery
from alerting.records import Reference
from alerting.settings import AlertSettings
from cxwatch.decide.lease import Lease
from cxwatch.decide.rounds import Decider
from cxwatch.migrations.tables import ALL_TABLES
from detectors.kinds import Watches
from detectors.settings import DetectionSettings
from streams.decode import Decoder
from streams.measure.engine import MeasureEngine
from streams.measure.errors import MeasureError
from streams.settings import Framework, Grade, MeasureSettings, Stage
from streams.signal import Signal
from streams.store.dialect import UNAVAILABLE
from streams.store.minutes import leaf_hours
from tests.measure.harness import SECRET, Log
from tests.simulation.loop import WHO, Died, SeededLoop

T0 = 1_794_924_300_000  # Tue 17 Nov 2026, 14:05 UTC
PARTITIONS = 2
SETTINGS = MeasureSettings(stage={"buy": Stage(moment_of_truth=True)}, framework=Framework({"payment": Grade(-3)}))
ALERTS = AlertSettings(mode="live")
CHANCES = {"die": 0.02, "die_after": 0.02, "refuse": 0.02, "lose_answer": 0.02}


class Database:
    """SQLite in memory, made anew for every run, with a server's clock that the simulation sets."""

    def __init__(self) -> None:
        self._raw = sqlite3.connect(":memory:", check_same_thread=False)
        self.engine: Engine = create_engine("sqlite://", poolclass=StaticPool, creator=lambda: self._raw)
        for tables in ALL_TABLES:
            tables.create_all(self.engine)
        self._empty = self._raw.serialize()
        self.loop: SeededLoop | None = None
        self.chances = dict.fromkeys(CHANCES, 0.0)
        self._raw.create_function("julianday", 1, lambda _: self.now_ms() / 86_400_000 + 2_440_587.5)
        event.listen(self.engine, "begin", self._begin)
        event.listen(self.engine, "commit", self._commit)

    def empty(self) -> None:
        """As it was made."""
        self._raw.deserialize(self._empty)

    def now_ms(self) -> int:
        """The server's clock."""
        return T0 + int((self.loop.time() if self.loop else 0) * 1_000)

    def _begin(self, _: Connection) -> None:
        self._maybe("refuse")

    def _commit(self, conn: Connection) -> None:
        self._maybe("die")
        self._maybe("refuse")
        if self._happens("die_after"):
            self._raw.commit()
            self._kill()
        if self._happens("lose_answer"):
            self._raw.commit()
            raise _lost()

    def _maybe(self, what: str) -> None:
        if self._happens(what):
            if what == "die":
                self._kill()
            raise _lost()

    def _happens(self, what: str) -> bool:
        loop = self.loop
        return loop is not None and loop.working is not None and loop.rng.random() < self.chances[what]

    def _kill(self) -> None:
        assert self.loop is not None
        assert self.loop.working is not None
        self.loop.working.dead = True
        raise Died


def _lost() -> OperationalError:
    return OperationalError("", {}, ConnectionError("the connection is lost"))


class Place:
    """A channel as Slack is one: a call arrives, or its process is dead before; then it is there for everybody."""

    name, timeout_s, gap_s = "slack", 10.0, 0.0

    def __init__(self, loop: SeededLoop) -> None:
        self._loop = loop
        self.posts: list[tuple[str, str | None, int]] = []  # delivery_id, parent, revision; in the order of arrival
        self.shown: dict[str, int] = {}  # place of a message -> its revision

    async def post(self, target: str, message: Message, mark: Mark) -> Reference:
        return await self._call(lambda: self._add(mark, None))

    async def note(self, parent: Reference, message: Message, mark: Mark) -> Reference:
        return await self._call(lambda: self._add(mark, parent.ts))

    async def update(self, posted: Reference, message: Message, mark: Mark) -> None:
        await self._call(lambda: self.shown.update({posted.ts: mark.revision}))

    async def find(
        self, target: str, delivery_id: str, since_real_ms: int, parent: Reference | None
    ) -> Sequence[Found]:
        def look() -> list[Found]:
            hits = [n for n, (mark, _, _) in enumerate(self.posts) if mark == delivery_id]
            return [Found(Reference("C1", str(n)), self.shown[str(n)]) for n in hits]

        return await self._call(look)

    async def delete(self, posted: Reference) -> None:
        raise AssertionError("there was nothing to delete")

    async def close(self) -> None: ...

    def _add(self, mark: Mark, parent: str | None) -> Reference:
        self.posts.append((mark.delivery_id, parent, mark.revision))
        self.shown[str(len(self.posts) - 1)] = mark.revision
        return Reference("C1", str(len(self.posts) - 1))

    async def _call(self, work: Callable[[], Any]) -> Any:
        return await self._loop.run_in_executor(None, work)


@dataclass(eq=False)
class Process:
    """One worker: it measures what it was given, decides and delivers where it holds the lease."""

    world: World
    owned: set[int] = field(default_factory=set)  # what it was told to measure
    dead: bool = False
    frozen_to_s: float = 0.0
    position: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        world = self.world
        self.engine = MeasureEngine(world.database.engine, SETTINGS, Decoder(SETTINGS, lambda _: None), Signal())
        self.engine.on_seek(self._seek)
        self.engine.on_failed(self._exit)
        lease = Lease("decide")
        self.decider = Decider(
            engine=world.database.engine,
            watch=Watches(DetectionSettings(), leaf_hours),
            alerts=ALERTS,
            lateness_seconds=SETTINGS.lateness_seconds,
            lease=lease,
        )
        clock = world.clock
        self.delivery = Delivery(
            world.database.engine, {"slack": world.place}, clock, ALERTS, lease.held, real_clock=clock
        )

    async def _seek(self, partition: int, offset: int) -> None:
        self.position[partition] = offset

    def _exit(self, _: BaseException) -> None:
        self.dead = True  # exit 75: the supervisor starts another

    def begin(self) -> None:
        """Start what a process runs."""
        token = WHO.set(self)
        for work in (self._measure, self._decide, self._deliver) if self.world.people else (self._measure,):
            self.world.keep(self.world.loop.create_task(work()))
        WHO.reset(token)

    async def _measure(self) -> None:
        rng = self.world.rng
        try:
            self.engine.start(SECRET)
            while not self.dead:
                for partition in sorted(self.owned - set(self.position)):
                    self.position.update(await self.engine.claim([partition]))
                ready = [p for p in sorted(self.owned & set(self.position)) if self.position[p] < self.world.end(p)]
                if not ready:
                    await asyncio.sleep(rng.random())
                    continue
                await self._batch(rng.choice(ready))
        except (MeasureError, *UNAVAILABLE) as error:
            self._exit(error)

    async def _batch(self, partition: int) -> None:
        """What a transport hands over: now and then again from before, or with a hole."""
        rng, world = self.world.rng, self.world
        start = self.position[partition]
        odd = rng.random()
        if odd < 0.1:
            start = max(0, start - rng.randrange(1, 4))
        elif odd < 0.15:
            start += 1
        end = min(world.end(partition), start + rng.randrange(1, 6))
        if end > start:
            self.position[partition] = end
            await self.engine.measure(world.log.batch(partition, start, end))

    async def _decide(self) -> None:
        while not self.dead:
            await asyncio.sleep(self.world.rng.random() * 6)
            ends = {p: self.world.end(p) for p in range(PARTITIONS)}
            try:
                await asyncio.to_thread(self.decider.decide, self.world.clock.now_ms(), ends)
            except UNAVAILABLE:
                continue

    async def _deliver(self) -> None:
        while not self.dead:
            await asyncio.sleep(self.world.rng.random() * 6)
            try:
                await self.delivery.deliver_due()
            except UNAVAILABLE:
                continue


class World:
    """A log that fills, processes over it, and the hand of fate."""

    def __init__(self, database: Database, log: Log, seed: int, *, people: bool) -> None:
        """`people`: whether anything is decided and told, or only measured."""
        database.empty()
        self.people = people
        self.last_ms = max(append_ms for rows in log.records.values() for _, append_ms, _ in rows)
        self.database = database
        self.log = log
        self.loop = SeededLoop(seed)
        self.rng = self.loop.rng
        self.place = Place(self.loop)
        self.clock = database  # its server's
        self.processes: list[Process] = []
        self._tasks: list[asyncio.Task[None]] = []  # a loop forgets those nobody holds

    def keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.append(task)

    def end(self, partition: int) -> int:
        """One past the last record that has been appended by now."""
        now = self.clock.now_ms()
        return sum(1 for _, append_ms, _ in self.log.records[partition] if append_ms <= now)

    def run(self, fates: int) -> None:
        """Play it to its end: so many blows of fate, then peace until everything is told."""
        self.database.loop, self.database.chances = self.loop, dict(CHANCES)
        try:
            self.loop.run_until_complete(self._play(fates))
        finally:
            self.database.loop = None
            for task in self._tasks:
                task._log_destroy_pending = False  # type: ignore[attr-defined]
            self.loop.close()

    async def _play(self, fates: int) -> None:
        self._start(set(range(PARTITIONS)))
        span_s = 2 * (self.last_ms - T0) / 1_000
        for _ in range(fates):
            await asyncio.sleep(self.rng.random() * span_s / fates)
            self._blow()
        self.database.chances = dict.fromkeys(CHANCES, 0.0)
        last = self._start(set(range(PARTITIONS)))  # those still alive become zombies
        for _ in range(100):
            await asyncio.sleep(4)
            if last.dead:  # a zombie that claimed late has fenced it: the supervisor starts it again
                last = self._start(set(range(PARTITIONS)))
            for task in self._tasks:
                if task.done():
                    task.result()  # nothing but the end of its process may have ended it
            if self._done(last):
                return
        raise AssertionError("it did not come to rest")

    def _blow(self) -> None:
        rng = self.rng
        alive = [p for p in self.processes if not p.dead]
        draw = rng.random()
        if not alive or draw < 0.25:  # a supervisor's start, or a second one beside the first
            self._start({p for p in range(PARTITIONS) if rng.random() < 0.7} or {0})
        elif draw < 0.45:
            rng.choice(alive).dead = True  # kill -9
        elif draw < 0.65:
            rng.choice(alive).frozen_to_s = self.loop.time() + rng.random() * 12  # SIGSTOP, SIGCONT
        elif len(alive) > 1:
            self._rebalance(*rng.sample(alive, 2), partition=rng.randrange(PARTITIONS))

    def _rebalance(self, old: Process, new: Process, *, partition: int) -> None:
        new.position.pop(partition, None)
        new.owned.add(partition)
        if self.rng.random() < 0.5:  # otherwise the old one has not heard of it
            old.owned.discard(partition)
            old.position.pop(partition, None)
            old.engine.release([partition])

    def _start(self, partitions: set[int]) -> Process:
        process = Process(self, partitions)
        self.processes.append(process)
        process.begin()
        return process

    def _done(self, last: Process) -> bool:
        behind = any(last.engine.durable(p) < len(self.log.records[p]) for p in range(PARTITIONS))
        if behind or not self.people:
            return not behind
        with self.database.engine.connect() as conn:
            return self.at_rest(conn)

    def at_rest(self, conn: Connection) -> bool:
        """Whether minutes are closed, every flag and change of a pane is taken in, and everything told."""
        waiting = conn.exec_driver_sql(
            "SELECT (SELECT count(*) FROM flags WHERE flag_id NOT IN (SELECT flag_id FROM case_flags))"
            " + (SELECT count(*) FROM outbox WHERE state <> 'sent' OR desired_revision > sent_revision)"
            " + (SELECT count(*) FROM notes WHERE state <> 'sent')"
            " + (SELECT count(*) = 0 FROM decided)"
            " + (SELECT count(*) FROM decided, partitions NATURAL JOIN decide_cursors WHERE commits > panes_seen)"
        ).scalar_one()
        return waiting == 0
