"""The whole product in this process, for tests that live through a day: real server, log and database, a double of
Slack, the simulated shop as its customers, and a clock that moves when the test says so."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from alerting.settings import Secret
from cxwatch.access.passwords import hash_of
from cxwatch.access.people import Role
from cxwatch.access.users import add_user
from cxwatch.database import open_state
from cxwatch.decide.rounds import read_closed_to
from cxwatch.demo import settings as demo_settings
from cxwatch.demo.feed import Feeder
from cxwatch.demo.shop import Shop, history_share
from cxwatch.demo.volume import at_full_volume
from cxwatch.product import Product
from cxwatch.settings import Settings, load_settings
from streams.clock import MINUTE_MS, ManualClock, SystemClock, minute_of
from streams.store.minutes import leaf_hours
from streams.store.progress import next_offsets
from tests.support.slack_double import SlackDouble

SEED = 7
PASSWORD = "a parcel that came in time"
PATIENCE_S = 120.0
T = TypeVar("T")


class House:
    """Everything runs on an event loop in a thread of its own; what is public here may be called from the test's."""

    def __init__(self, folder: Path, live_ms: int, port: int) -> None:
        self.clock = ManualClock(live_ms)
        self.shop = Shop(SEED, live_ms)
        self.slack = SlackDouble(ManualClock(SystemClock().now_ms()))
        self.url = f"http://127.0.0.1:{port}"
        self.failures: list[BaseException] = []
        self._folder, self._port = folder, port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def open(self, **people: Role) -> None:
        """Fourteen days of history, then everything up, with these people."""
        self._thread.start()
        self._do(self._open(people))

    def close(self) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        assert self.failures == []

    def pass_time(self, minutes: int, at_once: int = 1) -> None:
        """Let minutes pass, `at_once` of them between two looks; each time until all is decided and told."""
        for _ in range(0, minutes, at_once):
            self.clock.set(self.clock.now_ms() + at_once * MINUTE_MS)
            self._do(self._settle())

    def until(self, what: str, holds: Callable[[], bool], minutes: int, at_once: int = 1) -> None:
        """Let time pass until something holds, at most so many minutes."""
        for _ in range(0, minutes, at_once):
            if holds():
                return
            self.pass_time(at_once, at_once)
        assert holds(), f"within {minutes} minutes: {what}"

    async def _open(self, people: dict[str, Role]) -> None:
        await self.slack.__aenter__()
        settings = self._settings()
        database = open_state(settings, durable=True)
        with database.begin() as conn:
            for name, role in people.items():
                add_user(conn, name, role, hash_of(PASSWORD), self.clock.now_ms())
        database.dispose()
        hours = at_full_volume(leaf_hours, self.shop.live_ms, history_share())
        self.product = Product(settings, self.clock, self.failures.append, hours=hours)
        await self.product.start(decide=False, web=False)
        self._feeder = Feeder(self.product.log, self.clock, self.shop, self._folder / "fed.json")
        await self._feeder.feed_history()
        await self._until(self._measured)
        await self.product.start(measure=False)

    async def _close(self) -> None:
        await self.product.stop()
        await self.slack.__aexit__()

    def _settings(self) -> Settings:
        path = demo_settings.write(self._folder, demo_settings.SETTINGS)
        plain = load_settings(path, {"CXWATCH_WEB_PORT": str(self._port), "CXWATCH_DATA_DIR": str(self._folder)})
        words = replace(plain.configuration, file="cxwatch.toml")  # pictures show no path of this machine
        alerts = replace(plain.alerts, mode="live", slack_token=Secret("xoxb-double"), slack_url=self.slack.url)
        return replace(plain, alerts=alerts, configuration=words)

    async def _settle(self) -> None:
        """Everything up to now is fed, measured and decided, and nothing is left to be told."""
        await self._feeder.feed_due()
        await self._until(self._measured)
        await self._until(self._decided)
        await self._until(self._told)

    def _measured(self) -> bool:
        with self.product.measure_database.connect() as conn:
            known = next_offsets(conn)
        return all(known.get(partition, 0) >= end for partition, end in self.product.log.ends().items())

    def _decided(self) -> bool:
        late_ms = self.product.settings.measure.lateness_seconds * 1_000
        with self.product.database.connect() as conn:
            closed_to = read_closed_to(conn)
        return closed_to is None or closed_to >= minute_of(self.clock.now_ms() - late_ms)  # None: nothing live yet

    def _told(self) -> bool:
        """Of incidents: the many messages of an evening's cases take their second each in Slack's channel."""
        query = (
            "SELECT (SELECT count(*) FROM outbox WHERE about = 'incident' AND not_before_ms <= ?"
            " AND (state <> 'sent' OR desired_revision > sent_revision))"
            " + (SELECT count(*) FROM notes JOIN outbox USING (outbox_id)"
            " WHERE about = 'incident' AND notes.state <> 'sent' AND not_before_ms <= ?)"
        )
        with self.product.database.connect() as conn:
            return not conn.exec_driver_sql(query, (self.clock.now_ms(),) * 2).scalar_one()

    async def _until(self, holds: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not await asyncio.to_thread(holds):
            if self.failures:
                raise self.failures[0]
            if time.monotonic() > until:
                raise AssertionError(f"{holds.__name__} never came true")
            self.product.decided.ring()
            await asyncio.sleep(0.05)

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        done: concurrent.futures.Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(timeout=2 * PATIENCE_S)


@contextmanager
def house(folder: Path, live_ms: int, port: int, **people: Role) -> Iterator[House]:
    """A house that is open."""
    made = House(folder, live_ms, port)
    made.open(**people)
    try:
        yield made
    finally:
        made.close()
