"""Keeps Alertmanager in step with the open incidents: said again each half minute, ended when they end.

Level-triggered like DELIVER, and simpler: an alert that is not said again ends by itself (see channels/alertmanager),
so a crash anywhere is mended by the next round, of this process or of another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import structlog
from sqlalchemy import Connection, Engine

from alerting import modes, store
from alerting.channels.alertmanager import NAME, Alarm
from alerting.channels.protocol import Channel, DeliveryError, Mark
from alerting.records import Incident
from alerting.settings import AlertSettings
from alerting.text import clean
from streams.clock import Clock, SystemClock
from streams.signal import Signal
from streams.store.dialect import UNAVAILABLE, failure_name

AGAIN_S = 30.0  # well within the three minutes after which an alert counts as over
LOOK_EVERY_S = 1.0
OPEN_MAX = 200  # incidents told at once; the newest
REASON_MAX = 500

log = structlog.get_logger()


def alarms(incidents: list[Incident], now_ms: int, public_url: str | None) -> dict[int, Alarm]:
    """What Alertmanager should hold now: incidents that people are told of, without spam and those on hold-off."""
    found: dict[int, Alarm] = {}
    for incident in incidents:
        if incident.spam or not incident.page or incident.stage_at(now_ms) not in ("firing", "acknowledged"):
            continue
        place = incident.named
        found[incident.number] = Alarm(
            text=clean(f"▼ {incident.naming.reason}", REASON_MAX),
            blocks=(),
            labels={
                "alertname": NAME,
                "incident": str(incident.number),
                "channel": place.channel or "all",
                "stage": place.stage or "all",
                "severity": incident.severity,
            },
            since_ms=incident.naming.since_ms,
            page=f"{public_url.rstrip('/')}/incidents/{incident.number}" if public_url else None,
        )
    return found


class Mirror:
    """Tells one channel. What was told is kept in memory only: forgetting it costs nothing but one more saying."""

    def __init__(
        self,
        engine: Engine,
        channel: Channel,
        clock: Clock,
        settings: AlertSettings,
        lease_held: Callable[[Connection], bool],
        *,
        real_clock: Clock | None = None,
    ) -> None:
        self._engine = engine
        self._channel = channel
        self._clock = clock
        self._settings = settings
        self._lease_held = lease_held
        self._real = real_clock or SystemClock()
        self._told: dict[int, Alarm] = {}
        self._said_ms = 0
        self._failing = False

    async def run(self, stop: asyncio.Event, signal: Signal) -> None:
        """Tell until stopped, woken by the signal."""
        seen = signal.rings
        while not stop.is_set():
            try:
                await self.tell()
            except UNAVAILABLE as error:
                log.warning("Alertmanager waits for the database", error=failure_name(error))
            seen = await signal.wait(seen, LOOK_EVERY_S)

    async def tell(self) -> int:
        """Say what changed, and all of it each half minute; how many alerts were sent."""
        wanted = await asyncio.to_thread(self._wanted)
        if wanted is None:
            return 0
        again = self._real.now_ms() - self._said_ms >= AGAIN_S * 1_000
        due = {n: alarm for n, alarm in wanted.items() if again or self._told.get(n) != alarm}
        ended = [old for n, old in self._told.items() if n not in wanted or wanted[n].labels != old.labels]
        try:
            for old in ended:
                await self._say(replace(old, over=True))
            for alarm in due.values():
                await self._say(alarm)
        except DeliveryError as error:
            if not self._failing:
                log.warning("Alertmanager was not told", reason=str(error))
            self._failing = True
            return 0
        self._failing = False
        self._told = wanted
        if again:
            self._said_ms = self._real.now_ms()
        return len(due) + len(ended)

    async def _say(self, alarm: Alarm) -> None:
        number = alarm.labels["incident"]
        await self._channel.post(number, alarm, Mark(f"incident-{number}", 1))

    def _wanted(self) -> dict[int, Alarm] | None:
        """What is to be told; None where that is not this process's business, or nothing new may leave the house."""
        with self._engine.connect() as conn:
            if not self._lease_held(conn):
                self._told = {}
                return None
            mode = modes.effective(conn, self._settings, self._real.now_ms())
            if mode != "live":
                return dict(self._told) if self._told else None  # what is told stays so: a pause ends no incident
            now_ms = self._clock.now_ms()
            incidents = store.read_incidents(conn, now_ms, ("firing", "acknowledged"), limit=OPEN_MAX)
        return alarms(incidents, now_ms, self._settings.public_url)
