"""Incidents in a real Alertmanager: told, kept, worse, over; and what happens when it is not well."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from alerting import modes, store
from alerting.channels.alertmanager import Alarm, AlertmanagerChannel, AlertmanagerSettings
from alerting.channels.protocol import Mark, Message, Refused
from alerting.mirror import Mirror, alarms
from alerting.modes import ModeRecord
from alerting.records import Incident, Member
from alerting.settings import AlertSettings, Secret
from streams.clock import MINUTE_MS, ManualClock, SystemClock
from streams.records import Segment
from tests.support.prometheus import Alertmanager, Hook, alertmanager, until, webhook

T0 = 1_794_924_300_000
NUMBERS = count(1)  # one Alertmanager serves all tests: no two share an incident
SETTINGS = AlertSettings(mode="live", public_url="https://cx.example")


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    with webhook() as listening:
        yield listening


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory, hook: Hook) -> Iterator[Alertmanager]:
    with alertmanager(tmp_path_factory.mktemp("alertmanager"), hook.url) as running:
        yield running


def incident(number: int, **changes: object) -> Incident:
    place = Segment("web", "buy")
    member = Member(
        segment=place,
        signal="share",
        page=True,
        since_ms=T0,
        detected_ms=T0 + 4 * MINUTE_MS,
        metric="nps",
        n=31,
        bad=18,
        observed=0.58,
        expected=0.15,
        expected_low=0.12,
        expected_high=0.19,
        times_usual_volume=2.9,
        evidence=210.0,
        severity="major",
        reason="18 of 31 bad since 14:05 in web · buy (58 %, 41..74 %; usual 12..19 %).",
    )
    whole = Incident(
        number=number,
        state="firing",
        named=place,
        members=(member,),
        opened_ms=T0 + 4 * MINUTE_MS,
        firing_ms=T0 + 5 * MINUTE_MS,
        resolved_ms=None,
        resolved_by=None,
        acknowledged_ms=None,
        acknowledged_by=None,
        snoozed_until_ms=None,
        spam=False,
        spam_reason=None,
        reminders=0,
        linked_to=None,
        version=1,
        updated_ms=T0,
    )
    return replace(whole, **changes)


@pytest.fixture
def number() -> int:
    return next(NUMBERS)


class Told:
    """A mirror over a database, and a hand on both clocks."""

    def __init__(self, engine: Engine, manager_url: str) -> None:
        self.engine = engine
        self.clock = ManualClock(T0 + 10 * MINUTE_MS)
        self.real = ManualClock(SystemClock().now_ms())
        self.leading = True
        self.channel = AlertmanagerChannel(AlertmanagerSettings(manager_url), self.real, timeout_s=5)
        self.mirror = self.fresh()

    def fresh(self) -> Mirror:
        return Mirror(self.engine, self.channel, self.clock, SETTINGS, self._held, real_clock=self.real)

    def _held(self, _: Connection) -> bool:
        return self.leading

    def save(self, one: Incident) -> None:
        with self.engine.begin() as conn:
            store.save_incident(conn, one)

    async def tell(self) -> int:
        return await self.mirror.tell()


async def test_an_incident_is_told_once_and_ends_when_it_is_over(
    engine: Engine, number: int, manager: Alertmanager, hook: Hook
) -> None:
    told = Told(engine, manager.url)
    told.save(incident(number))
    assert await told.tell() == 1
    assert await told.tell() == 0  # nothing is new
    (alert,) = manager.alerts(incident=str(number))
    assert alert["labels"] == {
        "alertname": "CxIncident",
        "incident": str(number),
        "channel": "web",
        "stage": "buy",
        "severity": "major",
    }
    assert alert["annotations"]["summary"].startswith("▼ 18 of 31 bad since 14:05")
    assert alert["generatorURL"] == f"https://cx.example/incidents/{number}"
    await asyncio.to_thread(until, lambda: hook.heard("CxIncident", incident=str(number)))
    told.save(incident(number, state="resolved", resolved_ms=T0 + 40 * MINUTE_MS, version=2))
    assert await told.tell() == 1
    await asyncio.to_thread(until, lambda: hook.heard("CxIncident", "resolved", incident=str(number)))
    assert await told.tell() == 0
    await told.channel.close()


async def test_an_incident_that_gets_worse_is_one_alert_of_the_new_severity(
    engine: Engine, number: int, manager: Alertmanager
) -> None:
    told = Told(engine, manager.url)
    told.save(incident(number))
    await told.tell()
    worse = incident(number, version=2)
    told.save(replace(worse, members=(replace(worse.members[0], severity="critical"),)))
    assert await told.tell() == 2
    await asyncio.sleep(0.1)
    (alert,) = manager.alerts(incident=str(number))
    assert alert["labels"]["severity"] == "critical"
    await told.channel.close()


async def test_it_is_said_again_before_it_would_count_as_over_and_by_a_new_process_too(
    engine: Engine, number: int, manager: Alertmanager
) -> None:
    told = Told(engine, manager.url)
    told.save(incident(number))
    await told.tell()
    (first,) = manager.alerts(incident=str(number))
    told.real.set(told.real.now_ms() + 31_000)
    assert await told.tell() == 1
    (again,) = manager.alerts(incident=str(number))
    assert again["endsAt"] > first["endsAt"]
    assert again["startsAt"] == first["startsAt"]
    told.mirror = told.fresh()  # the process was killed: it remembers nothing, and the alert is the same one
    assert await told.tell() == 1
    assert len(manager.alerts(incident=str(number))) == 1
    await told.channel.close()


async def test_only_who_leads_tells_and_only_live(engine: Engine, number: int, manager: Alertmanager) -> None:
    told = Told(engine, manager.url)
    told.save(incident(number))
    told.leading = False
    assert await told.tell() == 0
    told.leading = True
    with engine.begin() as conn:
        modes.record(conn, SETTINGS, ModeRecord(told.real.now_ms(), "paused", told.real.now_ms() + 60_000, "me"))
    assert await told.tell() == 0
    assert manager.alerts(incident=str(number)) == []
    told.real.set(told.real.now_ms() + 61_000)
    assert await told.tell() == 1
    with engine.begin() as conn:
        modes.record(conn, SETTINGS, ModeRecord(told.real.now_ms(), "paused", None, "me"))
    told.real.set(told.real.now_ms() + 31_000)
    told.save(incident(number, state="resolved", resolved_ms=T0 + 40 * MINUTE_MS, version=2))
    assert await told.tell() == 1  # a pause ends no incident: what is told is said again
    assert len(manager.alerts(incident=str(number))) == 1
    await told.channel.close()


def test_spam_quiet_incidents_and_those_on_hold_off_are_not_told() -> None:
    quiet = incident(8)
    shown = alarms(
        [
            incident(5),
            incident(6, spam=True),
            incident(7, firing_ms=T0 + 60 * MINUTE_MS),
            replace(quiet, members=(replace(quiet.members[0], page=False),)),
            incident(9, named=Segment(None, None), members=(replace(quiet.members[0], segment=Segment(None, None)),)),
        ],
        T0 + 10 * MINUTE_MS,
        None,
    )
    assert set(shown) == {5, 9}
    assert (shown[9].labels["channel"], shown[9].labels["stage"]) == ("all", "all")


async def test_an_alertmanager_that_is_away_holds_nothing_up_and_hears_it_all_later(
    engine: Engine, number: int, tmp_path: Path, hook: Hook
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{unused.getsockname()[1]}"
    told = Told(engine, away)
    told.save(incident(number))
    assert await told.tell() == 0
    with pytest.raises(Refused, match=r"\[alertmanager\] url"):
        await told.channel.post("x", Message("hello", ()), Mark("d", 1))
    with alertmanager(tmp_path / "late", hook.url) as back:
        told.channel = AlertmanagerChannel(AlertmanagerSettings(back.url), told.real)
        told.mirror._channel = told.channel
        assert await told.tell() == 1
        assert len(back.alerts(incident=str(number))) == 1
    await told.channel.close()


async def test_any_message_can_be_posted_found_and_ended(manager: Alertmanager) -> None:
    channel = AlertmanagerChannel(AlertmanagerSettings(manager.url, Secret("t")), SystemClock())
    posted = await channel.post("ops", Message("a case is overdue", ()), Mark("delivery-1", 3))
    (found,) = await channel.find("ops", "delivery-1", 0, None)
    assert found == (posted, 3)
    await channel.update(posted, Message("a case is overdue by an hour", ()), Mark("delivery-1", 4))
    (found,) = await channel.find("ops", "delivery-1", 0, None)
    assert found.revision == 4
    await channel.delete(posted)
    await asyncio.sleep(0.1)
    assert await channel.find("ops", "delivery-1", 0, None) == []
    assert await channel.note(posted, Message("a note", ()), Mark("delivery-2", 1)) == ("ops", "delivery-2")
    await channel.close()


async def test_what_alertmanager_cannot_take_is_not_tried_again(manager: Alertmanager) -> None:
    channel = AlertmanagerChannel(AlertmanagerSettings(manager.url), SystemClock())
    with pytest.raises(Refused) as raised:
        await channel.post("x", Alarm("no name", (), labels={"": "x"}), Mark("d", 1))
    assert raised.value.permanent
    wrong = AlertmanagerChannel(AlertmanagerSettings(f"{manager.url}/api/v2"), SystemClock())
    with pytest.raises(Refused, match="must not hold /api/v2"):
        await wrong.post("x", Message("hello", ()), Mark("d", 1))
    await channel.close()
    await wrong.close()
