"""The demo's day with people in it, for tests that live through one: a double of Slack, who may sign in, and time that
passes when the test says so, each time until all is decided and told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from alerting.settings import Secret
from bench.day import Day, day_settings
from cxwatch.access.passwords import hash_of
from cxwatch.access.people import Role
from cxwatch.access.users import add_user
from cxwatch.database import open_state
from cxwatch.decide.rounds import read_closed_to
from cxwatch.demo.shop import HISTORY_EVENTS
from cxwatch.settings import Settings
from streams.clock import MINUTE_MS, SECOND_MS, ManualClock, SystemClock, minute_of
from tests.support.slack_double import SlackDouble

PASSWORD = "a parcel that came in time"


class House(Day):
    """A day with people and Slack."""

    speed = 1.0

    def __init__(self, folder: Path, live_ms: int, people: dict[str, Role]) -> None:
        self.slack = SlackDouble(ManualClock(SystemClock().now_ms()))
        self._people = people
        super().__init__(folder, live_ms, HISTORY_EVENTS)

    def pass_time(self, minutes: int, at_once: int = 1) -> None:
        """Let minutes pass, `at_once` of them between two looks; each time until all is decided and told."""
        for _ in range(0, minutes, at_once):
            self.advance_ms(at_once * MINUTE_MS)
            self.wait_until(self._all_decided, "decided")
            self.wait_until(self._all_told, "told")

    def until(self, what: str, holds: Callable[[], bool], minutes: int, at_once: int = 1) -> None:
        """Let time pass until something holds, at most so many minutes."""
        for _ in range(0, minutes, at_once):
            if holds():
                return
            self.pass_time(at_once, at_once)
        assert holds(), f"within {minutes} minutes: {what}"

    async def _prepare(self, folder: Path) -> Settings:
        await self.slack.__aenter__()
        plain = day_settings(folder)
        words = replace(plain.configuration, file="cxwatch.toml")  # pictures show no path of this machine
        alerts = replace(plain.alerts, mode="live", slack_token=Secret("xoxb-double"), slack_url=self.slack.url)
        settings = replace(plain, alerts=alerts, configuration=words)
        settings.data_dir.mkdir(parents=True)
        database = open_state(settings, durable=True)
        with database.begin() as conn:
            for name, role in self._people.items():
                add_user(conn, name, role, hash_of(PASSWORD), self.clock.now_ms())
        database.dispose()
        return settings

    async def _close(self) -> None:
        await super()._close()
        await self.slack.__aexit__()

    def _all_decided(self) -> bool:
        late_ms = self.settings.measure.lateness_seconds * SECOND_MS
        with self.product.database.connect() as conn:
            closed_to = read_closed_to(conn)
        return closed_to is None or closed_to >= minute_of(self.clock.now_ms() - late_ms)  # None: nothing live yet

    def _all_told(self) -> bool:
        """Of incidents: the many messages of an evening's cases take their second each in Slack's channel."""
        query = (
            "SELECT (SELECT count(*) FROM outbox WHERE about = 'incident' AND not_before_ms <= ?"
            " AND (state <> 'sent' OR desired_revision > sent_revision))"
            " + (SELECT count(*) FROM notes JOIN outbox USING (outbox_id)"
            " WHERE about = 'incident' AND notes.state <> 'sent' AND not_before_ms <= ?)"
        )
        with self.product.database.connect() as conn:
            return not conn.exec_driver_sql(query, (self.clock.now_ms(),) * 2).scalar_one()


@contextmanager
def house(folder: Path, live_ms: int, **people: Role) -> Iterator[House]:
    """A house that is open: history measured, everything up."""
    made = House(folder, live_ms, people)
    try:
        made.start()
        yield made
    finally:
        made.stop()
    assert made.failures == []
