"""DELIVER: hands over what the outbox wants told, so that nothing is lost and nothing stays doubled.

One sender at a time (a lease, checked in the transaction that claims). Every hand-over is bounded in time; what
failed without a doubt is tried again with growing waits; what may have arrived is looked for first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import uuid4

import structlog
from sqlalchemy import Connection, Engine

from alerting import modes, steps, ticking, troubles, waiting
from alerting.channels.protocol import Channel, Deleted, DeliveryError, Found, Refused
from alerting.modes import RecordedMode
from alerting.pace import Pace
from alerting.punctuality import DeliveryTimes
from alerting.records import NoteRow, OutboxRow, Reference
from alerting.settings import AlertSettings
from alerting.steps import Claim, Moment, Row, Way
from alerting.waiting import Gates
from streams.clock import Clock, SystemClock
from streams.signal import Signal
from streams.store.dialect import UNAVAILABLE, failure_name

SETTLE_MARGIN_MS = 10_000  # beyond the timeout: by then a call that was accepted late has landed
LOOK_EVERY_S = 1.0
LOOK_SOON_S = 0.2  # while a message waits only for its turn
SWEEP_AGAIN_MS = 60_000
TICK_EVERY_MS = 2_000
CHANNELS = frozenset({"slack", "webhook", "preview"})

T = TypeVar("T")

log = structlog.get_logger()


class Delivery:
    """Sends what is due. Make a new one at any time on the same database: all that matters is in the tables."""

    def __init__(
        self,
        engine: Engine,
        channel_by_name: Mapping[str, Channel],
        clock: Clock,
        settings: AlertSettings,
        lease_held: Callable[[Connection], bool],
        *,
        real_clock: Clock | None = None,
        times: DeliveryTimes | None = None,
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._engine = engine
        self._channels = channel_by_name
        self._clock = clock
        self._settings = settings
        self._lease_held = lease_held
        self._real = real_clock or SystemClock()
        self._times = times or DeliveryTimes()
        self._new_id = new_id
        self._pace = Pace(self._real)
        self._ticked_ms = 0
        self._troubled: set[tuple[str, str]] | None = None  # as the table has it; None: not read yet

    async def run(self, stop: asyncio.Event, signal: Signal) -> None:
        """Send until stopped, woken by the signal and at least once a second."""
        seen = signal.rings
        while not stop.is_set():
            try:
                sent = await self.deliver_due()
            except UNAVAILABLE as error:
                log.warning("delivery waits for the database", error=failure_name(error))
                sent = 0
            if not sent:
                seen = await signal.wait(seen, LOOK_SOON_S if self._pace.waiting_turns else LOOK_EVERY_S)

    async def deliver_due(self) -> int:
        """Take every step that is due now, once. How many calls were made."""
        await asyncio.to_thread(self._tick)
        gates, rows = await asyncio.to_thread(self._due)
        if gates is None:
            return 0
        calls = 0
        for row in rows:
            calls += await self._step(row, row, gates)
        for line, parent in await asyncio.to_thread(self._due_notes, gates):
            calls += await self._step(line, parent, gates)
        return calls

    def _tick(self) -> None:
        """What time alone brings about; looked for at most every two seconds, and written only where there is some."""
        moment = self._moment()
        if moment.real_ms < self._ticked_ms + TICK_EVERY_MS:
            return
        self._ticked_ms = moment.real_ms
        with self._engine.connect() as conn:
            if not self._lease_held(conn) or not any(ticking.due(conn, moment.product_ms, self._settings)):
                return
        with self._engine.begin() as conn:
            if self._lease_held(conn):
                ticking.tick(conn, moment.product_ms, self._settings)

    def _due(self) -> tuple[Gates | None, list[OutboxRow]]:
        """What may go where, and what is due there; no gates without the lease."""
        moment = self._moment()
        with self._engine.connect() as conn:
            if not self._lease_held(conn):
                return None, []
            if self._troubled is None:
                self._troubled = {(trouble.channel, trouble.target) for trouble in troubles.read(conn)}
            gates = self._gates(modes.effective(conn, self._settings, moment.real_ms))
            plain = self._channels.get(gates.plain)
            crowded = waiting.crowded(conn, moment.product_ms) if plain is not None and plain.gap_s else []
        for target in crowded:
            with self._engine.begin() as conn:
                if self._lease_held(conn):
                    waiting.gather(conn, target, moment.product_ms)
        with self._engine.connect() as conn:
            return gates, waiting.due(conn, moment.product_ms, moment.real_ms, gates)

    def _due_notes(self, gates: Gates) -> list[tuple[NoteRow, OutboxRow]]:
        with self._engine.connect() as conn:
            if not self._lease_held(conn):
                return []
            now = replace(gates, shut=self._pace.shut(), busy=self._pace.busy())
            return waiting.due_notes(conn, self._moment().real_ms, now)

    def _moment(self) -> Moment:
        return Moment(self._clock.now_ms(), self._real.now_ms())

    def _gates(self, mode: RecordedMode) -> Gates:
        """Outside live nothing leaves the house, edits of older messages neither: they wait."""
        leaving = frozenset(self._channels) - {"preview"}
        plain = "slack" if mode != "shadow" and "slack" in self._channels else "preview"
        hooked = "webhook" if mode != "shadow" and "webhook" in self._channels else "preview"
        gone = CHANNELS - frozenset(self._channels)  # messages may stand where nobody can go any more
        held = frozenset() if mode == "live" else leaving
        return Gates(plain, hooked, held, self._pace.shut() | gone, self._pace.busy())

    async def _step(self, row: Row, parent: OutboxRow, gates: Gates) -> int:
        now = replace(gates, shut=gates.shut | self._pace.shut(), busy=self._pace.busy())
        if not now.passes(parent):
            return 0
        channel = self._channels[now.channel_of(parent)]
        if row.state in ("sending", "unknown"):
            if row.ts is None:
                return await self._settle(row, parent, channel)
            await self._write(lambda conn: steps.again(conn, row, self._moment().real_ms))
            return 0
        wanted = isinstance(row, NoteRow) or row.desired_revision > row.sent_revision
        real_ms = self._moment().real_ms
        if row.state == "ready" and wanted and row.next_attempt_real_ms <= real_ms:
            return await self._send(row, parent, channel)
        return await self._sweep(row, parent, channel)

    async def _send(self, row: Row, parent: OutboxRow, channel: Channel) -> int:
        way = Way(channel.name, int(channel.timeout_s * 1_000) + SETTLE_MARGIN_MS)
        claim = await asyncio.to_thread(self._claim, row, way)
        if claim is None:
            return 0
        self._pace.called(channel, parent.target)
        try:
            posted = await _hand_over(channel, claim, parent)
        except DeliveryError as error:
            await self._give_back(claim, parent, channel, error, way)
            return 1
        await self._write(lambda conn: steps.done(conn, claim.row, posted, claim.mark.revision, self._moment().real_ms))
        self._count(claim.row, channel)
        await self._worked(channel, parent.target)
        return 1

    def _count(self, row: Row, channel: Channel) -> None:
        """How late a first post was; edits and notes follow it."""
        if isinstance(row, OutboxRow) and row.posted is None:
            late_ms = max(0, self._clock.now_ms() - row.not_before_ms)
            self._times.observe(channel.name, late_ms / 1_000, row.about, row.number)

    def _claim(self, row: Row, way: Way) -> Claim | None:
        with self._engine.begin() as conn:
            if not self._lease_held(conn):
                return None
            return steps.claim(conn, row, self._moment(), way=way, settings=self._settings, new_id=self._new_id())

    async def _give_back(
        self, claim: Claim, parent: OutboxRow, channel: Channel, error: DeliveryError, way: Way
    ) -> None:
        row, moment = claim.row, self._moment()
        if isinstance(error, Deleted):
            await self._write(lambda conn: steps.deleted(conn, row, parent, moment))
            log.info("message was deleted where it stood", outbox=row.outbox_id)
            return
        given_up = await self._write(lambda conn: steps.failed(conn, row, error, moment, way=way))
        await self._failed(channel, parent.target, error)
        said = "message given up" if given_up else "message not delivered yet"
        log.warning(said, outbox=row.outbox_id, reason=str(error), attempts=row.attempts)

    async def _settle(self, row: Row, parent: OutboxRow, channel: Channel) -> int:
        thread = parent.posted if isinstance(row, NoteRow) else None
        since_ms = row.first_attempt_real_ms or 0
        try:
            found = await channel.find(parent.target, row.delivery_id or "", since_ms, thread)
        except Deleted:
            await self._write(lambda conn: steps.deleted(conn, row, parent, self._moment()))
            return 1
        except DeliveryError as error:
            refusal = error
            await self._write(lambda conn: steps.look_later(conn, row, refusal, self._moment().real_ms))
            await self._failed(channel, parent.target, error)
            return 1
        await self._write(lambda conn: steps.settled(conn, row, found, self._moment()))
        await self._worked(channel, parent.target)
        log.info("message of unknown fate settled", outbox=row.outbox_id, found=len(found))
        return 1

    async def _sweep(self, row: Row, parent: OutboxRow, channel: Channel) -> int:
        """Delete what arrived twice after all."""
        thread = parent.posted if isinstance(row, NoteRow) else None
        later_ms = None
        try:
            if row.ts is not None and await asyncio.to_thread(self._still_leading):
                found = await channel.find(parent.target, row.delivery_id or "", row.first_attempt_real_ms or 0, thread)
                kept = _kept(found, row.ts)
                if kept is not None and kept.reference.ts != row.ts:
                    await self._write(lambda conn: steps.moved(conn, row, kept))
                for double in (hit.reference for hit in found if hit != kept):
                    await channel.delete(double)
                    log.info("double message deleted", outbox=row.outbox_id)
        except DeliveryError as error:
            hopeless = isinstance(error, Deleted) or (isinstance(error, Refused) and error.permanent)
            later_ms = None if hopeless else self._moment().real_ms + SWEEP_AGAIN_MS
            await self._failed(channel, parent.target, error)
        await self._write(lambda conn: steps.swept(conn, row, later_ms))
        return 1

    def _still_leading(self) -> bool:
        with self._engine.connect() as conn:
            return self._lease_held(conn)

    async def _write(self, step: Callable[[Connection], T]) -> T:
        def write() -> T:
            with self._engine.begin() as conn:
                return step(conn)

        return await asyncio.to_thread(write)

    async def _failed(self, channel: Channel, target: str, error: DeliveryError) -> None:
        """Leave in peace what is not well, and keep why for people to see."""
        reach = self._pace.failed(channel, target, error)
        patience = isinstance(error, Refused) and error.retry_after_s is not None
        if reach == "message" or patience:
            return
        where = troubles.EVERYWHERE if reach == "channel" else target
        if self._troubled is not None:
            self._troubled.add((channel.name, where))
        await self._write(lambda conn: troubles.note(conn, channel.name, where, str(error), self._moment().real_ms))

    async def _worked(self, channel: Channel, target: str) -> None:
        self._pace.worked(channel, target)
        mended = {(channel.name, target), (channel.name, troubles.EVERYWHERE)}
        if self._troubled is not None and self._troubled & mended:
            self._troubled -= mended
            await self._write(lambda conn: troubles.over(conn, channel.name, target))


def _kept(found: Sequence[Found], ts: str) -> Found | None:
    """Which copy stays: the one that is known, or, where somebody deleted that one, the oldest that is left."""
    return next((hit for hit in found if hit.reference.ts == ts), found[0] if found else None)


async def _hand_over(channel: Channel, claim: Claim, parent: OutboxRow) -> Reference | None:
    """The one call. None when it was an edit: the message stands where it stood."""
    if isinstance(claim.row, NoteRow):
        if parent.posted is None:
            raise Refused("its message is not posted yet")
        return await channel.note(parent.posted, claim.message, claim.mark)
    if claim.row.posted is not None:
        await channel.update(claim.row.posted, claim.message, claim.mark)
        return None
    return await channel.post(parent.target, claim.message, claim.mark)
