"""DELIVER: hands over what the outbox wants told, so that nothing is lost and nothing stays doubled.

One sender at a time (a lease, checked in the transaction that claims). Every hand-over is bounded in time; what
failed without a doubt is tried again with growing waits; what may have arrived is looked for first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

import structlog
from sqlalchemy import Connection, Engine

from alerting import modes, outbox, steps
from alerting.channels.protocol import Channel, DeliveryError, Found, Refused
from alerting.modes import RecordedMode
from alerting.records import NoteRow, OutboxRow, Reference
from alerting.settings import AlertSettings
from alerting.steps import Claim, Moment, Row, Way
from streams.clock import Clock, SystemClock
from streams.signal import Signal
from streams.store.dialect import UNAVAILABLE, failure_name

SETTLE_MARGIN_MS = 10_000  # beyond the timeout: by then a call that was accepted late has landed
LOOK_EVERY_S = 1.0
LOOK_SOON_S = 0.2  # while a message waits only for its turn
CHANNEL_WAIT_MAX_MS = 60_000

log = structlog.get_logger()


@dataclass(slots=True)
class _Pace:
    """What one channel tolerates now; in memory only, because forgetting it is harmless."""

    blocked_to_ms: int = 0
    failures: int = 0


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
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._engine = engine
        self._channels = channel_by_name
        self._clock = clock
        self._settings = settings
        self._lease_held = lease_held
        self._real = real_clock or SystemClock()
        self._new_id = new_id
        self._pace: dict[str, _Pace] = {}
        self._target_free_ms: dict[tuple[str, str], int] = {}
        self._waiting_turn = False

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
                seen = await signal.wait(seen, LOOK_SOON_S if self._waiting_turn else LOOK_EVERY_S)

    async def deliver_due(self) -> int:
        """Take every step that is due now, once. How many calls were made."""
        self._waiting_turn = False
        mode, rows = await asyncio.to_thread(self._due)
        calls = 0
        for row in rows:
            calls += await self._step(row, row, mode)
        for line, parent in await asyncio.to_thread(self._due_notes):
            calls += await self._step(line, parent, mode)
        return calls

    def _due(self) -> tuple[RecordedMode, list[OutboxRow]]:
        moment = self._moment()
        with self._engine.connect() as conn:
            if not self._lease_held(conn):
                return "paused", []
            mode = modes.effective(conn, self._settings, moment.real_ms)
            return mode, outbox.due(conn, moment.product_ms, moment.real_ms)

    def _due_notes(self) -> list[tuple[NoteRow, OutboxRow]]:
        with self._engine.connect() as conn:
            if not self._lease_held(conn):
                return []
            return outbox.due_notes(conn, self._moment().real_ms)

    def _moment(self) -> Moment:
        return Moment(self._clock.now_ms(), self._real.now_ms())

    def _channel_of(self, parent: OutboxRow, mode: RecordedMode) -> Channel | None:
        """Where a message belongs: where it was posted first, else where the mode says. None: not now."""
        name = parent.channel or ("preview" if mode == "shadow" else "slack")
        if parent.channel is None and name not in self._channels:
            name = "preview"
        # Outside live nothing leaves the house, edits of older messages neither: they wait.
        return self._channels.get(name) if name == "preview" or mode == "live" else None

    async def _step(self, row: Row, parent: OutboxRow, mode: RecordedMode) -> int:
        channel = self._channel_of(parent, mode)
        if channel is None or not self._may_call(channel, parent.target):
            return 0
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

    def _may_call(self, channel: Channel, target: str) -> bool:
        real_ms = self._moment().real_ms
        if real_ms < self._pace.setdefault(channel.name, _Pace()).blocked_to_ms:
            return False
        if real_ms < self._target_free_ms.get((channel.name, target), 0):
            self._waiting_turn = True
            return False
        return True

    async def _send(self, row: Row, parent: OutboxRow, channel: Channel) -> int:
        way = Way(channel.name, int(channel.timeout_s * 1_000) + SETTLE_MARGIN_MS)
        claim = await asyncio.to_thread(self._claim, row, way)
        if claim is None:
            return 0
        self._target_free_ms[(channel.name, parent.target)] = self._moment().real_ms + int(channel.gap_s * 1_000)
        try:
            posted = await _hand_over(channel, claim, parent)
        except DeliveryError as error:
            self._failed(channel, error)
            refusal = error
            await self._write(lambda conn: self._give_back(conn, claim, refusal, way))
            return 1
        self._worked(channel)
        await self._write(lambda conn: steps.done(conn, claim.row, posted, claim.mark.revision, self._moment().real_ms))
        return 1

    def _claim(self, row: Row, way: Way) -> Claim | None:
        with self._engine.begin() as conn:
            if not self._lease_held(conn):
                return None
            return steps.claim(conn, row, self._moment(), way=way, settings=self._settings, new_id=self._new_id())

    def _give_back(self, conn: Connection, claim: Claim, error: DeliveryError, way: Way) -> None:
        tries = self._settings.attempts_max
        name = claim.row.outbox_id
        if steps.failed(conn, claim.row, error, self._moment(), way=way, tries=tries):
            log.error("message given up", outbox=name, reason=str(error), attempts=claim.row.attempts)
        else:
            log.warning("message not delivered yet", outbox=name, reason=str(error), attempts=claim.row.attempts)

    async def _settle(self, row: Row, parent: OutboxRow, channel: Channel) -> int:
        thread = parent.posted if isinstance(row, NoteRow) else None
        since_ms = row.first_attempt_real_ms or 0
        try:
            found = await channel.find(parent.target, row.delivery_id or "", since_ms, thread)
        except DeliveryError as error:
            self._failed(channel, error)
            tries, real_ms = self._settings.attempts_max, self._moment().real_ms
            refusal = error
            await self._write(lambda conn: steps.look_later(conn, row, refusal, real_ms, tries))
            return 1
        self._worked(channel)
        await self._write(lambda conn: steps.settled(conn, row, found, self._moment()))
        log.info("message of unknown fate settled", outbox=row.outbox_id, found=len(found))
        return 1

    async def _sweep(self, row: Row, parent: OutboxRow, channel: Channel) -> int:
        """Delete what arrived twice after all."""
        thread = parent.posted if isinstance(row, NoteRow) else None
        try:
            if row.ts is not None and await asyncio.to_thread(self._still_leading):
                found = await channel.find(parent.target, row.delivery_id or "", row.first_attempt_real_ms or 0, thread)
                for double in _doubles(found, row.ts):
                    await channel.delete(double)
                    log.info("double message deleted", outbox=row.outbox_id)
        except DeliveryError as error:
            self._failed(channel, error)
            later_ms = None if isinstance(error, Refused) and error.permanent else self._moment().real_ms + 60_000
            await self._write(lambda conn: steps.swept(conn, row, later_ms))
            return 1
        await self._write(lambda conn: steps.swept(conn, row, None))
        return 1

    def _still_leading(self) -> bool:
        with self._engine.connect() as conn:
            return self._lease_held(conn)

    async def _write(self, step: Callable[[Connection], None]) -> None:
        def write() -> None:
            with self._engine.begin() as conn:
                step(conn)

        await asyncio.to_thread(write)

    def _failed(self, channel: Channel, error: DeliveryError) -> None:
        """Leave a channel in peace that is not well, so that an outage does not use up the messages' attempts."""
        if isinstance(error, Refused) and error.permanent:
            return
        pace = self._pace.setdefault(channel.name, _Pace())
        pace.failures += 1
        wait_ms = min(CHANNEL_WAIT_MAX_MS, 500 * 2 ** min(pace.failures, 10))
        if isinstance(error, Refused) and error.retry_after_s is not None:
            wait_ms = int(error.retry_after_s * 1_000)
        pace.blocked_to_ms = self._moment().real_ms + wait_ms

    def _worked(self, channel: Channel) -> None:
        self._pace[channel.name] = _Pace()


def _doubles(found: Sequence[Found], kept_ts: str) -> list[Reference]:
    """All but the message that is kept; none if that one was not seen, for then something is not understood."""
    references = [hit.reference for hit in found]
    return [r for r in references if r.ts != kept_ts] if any(r.ts == kept_ts for r in references) else []


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
