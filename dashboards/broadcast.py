"""One broadcaster a process: reads the database once a change and hands the difference to every client.

Events carry an id, so that a client that lost its connection gets what it missed; one that is unknown or too old
gets everything anew. A client that does not keep up is dropped rather than waited for: it comes back by itself.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from dashboards.alert_readings import CaseLine, IncidentLine, read_changed_cases, read_changed_incidents
from dashboards.readings import Desk
from dashboards.stream_events import StreamEvent, beat, case_event, incident_event, window_event
from dashboards.window_filter import Filter
from streams.records import Segment, WindowName, WindowSnapshot
from streams.store.dialect import failure_name

READ_EVERY_S_MIN = 0.25
REST_FACTOR = 4  # after a read of a second, four seconds of rest: at most a fifth of a core goes into reading
QUEUE_MAX = 64  # events that wait for one client
BACKLOG_MAX = 256  # events kept for those who come back
CLIENTS_MAX = 1_000
OVERLAP_S = 10  # real time: a change may be committed after one that is stamped later

log = structlog.get_logger()
RowKey = tuple[str, str, str, Segment]
WINDOWS: tuple[WindowName, ...] = ("15m", "1h", "24h", "7d")


@dataclass(eq=False)
class Client:
    """One open stream."""

    wanted: Filter
    queue: asyncio.Queue[StreamEvent | None]
    dropped: bool = False

    def offer(self, event: StreamEvent) -> None:
        """Queue an event if it concerns this client; drop the client if it does not keep up."""
        mine = event.for_filter(self.wanted)
        if mine is None or self.dropped:
            return
        try:
            self.queue.put_nowait(mine)
        except asyncio.QueueFull:
            self.dropped = True
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(None)


class Broadcaster:
    """Runs while anybody listens; the first client starts it and the last one stops it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._clients: set[Client] = set()
        self._task: asyncio.Task[None] | None = None
        self._backlog: deque[StreamEvent] = deque(maxlen=BACKLOG_MAX)
        self._boot = secrets.token_hex(4)
        self._sequence = 0
        self._rows: dict[WindowName, dict[RowKey, WindowSnapshot]] = {}
        self._versions: dict[tuple[str, int], int] = {}
        self._alerts_from_ms: int | None = None
        self._messages = ""
        self.rounds = 0  # how often it has looked at the database

    @property
    def full(self) -> bool:
        """Whether there is no place for another stream in this process."""
        return len(self._clients) >= CLIENTS_MAX

    @property
    def clients(self) -> int:
        """How many streams are open."""
        return len(self._clients)

    async def listen(self, wanted: Filter, last_event_id: str | None) -> AsyncIterator[StreamEvent]:
        """The events of one client, until it is dropped or goes."""
        client = Client(wanted, asyncio.Queue(QUEUE_MAX))
        for event in await self._missed(wanted, last_event_id):
            client.offer(event)
        self._clients.add(client)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="dashboards-broadcast")
        try:
            yield beat(await self._desk.now(), self._desk.context)
            while (queued := await client.queue.get()) is not None:
                yield queued
        finally:
            self._clients.discard(client)
            if not self._clients and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _missed(self, wanted: Filter, last_event_id: str | None) -> list[StreamEvent]:
        """What came after the id a client saw last: from the backlog, else every window as it is now."""
        if last_event_id is None:
            return []
        boot, _, number = last_event_id.partition("-")
        if boot == self._boot and number.isascii() and number.isdigit():
            seen = int(number[:18])
            oldest = self._backlog[0].sequence if self._backlog else self._sequence + 1
            if oldest - 1 <= seen <= self._sequence:
                return [event for event in self._backlog if event.sequence > seen]
        rows = await self._desk.windows(WINDOWS if wanted.window is None else (wanted.window,))
        return [window_event(rows, self._event_id(), self._sequence, complete=True)]

    def _event_id(self) -> str:
        return f"{self._boot}-{self._sequence}"

    async def _run(self) -> None:
        """Wait for the bell, read once, tell everybody; a beat every five seconds in between."""
        loop = asyncio.get_running_loop()
        signal, every_s = self._desk.context.signal, self._desk.context.beat_seconds
        next_beat, next_read, seen = loop.time() + every_s, loop.time(), -1
        while True:
            seen = await signal.wait(seen, max(0.0, next_beat - loop.time()))
            await asyncio.sleep(max(0.0, min(next_read, next_beat) - loop.time()))
            if self._task is not asyncio.current_task():
                return  # nobody listens; a ring at the same moment can swallow the cancellation
            started = loop.time()
            if started >= next_beat:
                await self._guarded_beat()
                next_beat = started + every_s
            seen = signal.rings
            await self._guarded_changes()
            self.rounds += 1
            took = loop.time() - started
            next_read = loop.time() + max(READ_EVERY_S_MIN - took, REST_FACTOR * took, 0.0)

    async def _guarded_beat(self) -> None:
        # A database that does not answer must silence the beat: pages then say that they lost the connection.
        try:
            self._send(beat(await self._desk.now(), self._desk.context))
        except SQLAlchemyError as error:
            log.warning("stream_read_failed", error=failure_name(error))

    async def _guarded_changes(self) -> None:
        try:
            await self._changes()
        except SQLAlchemyError as error:
            log.warning("stream_read_failed", error=failure_name(error))

    async def _changes(self) -> None:
        for name in self._windows_wanted():
            rows = {_key(row): row for row in await self._desk.windows((name,))}
            before = self._rows.get(name)
            self._rows[name] = rows
            if before is not None:
                changed = [row for key, row in rows.items() if _differs(before.get(key), row)]
                gone = [row for key, row in before.items() if key not in rows]
                if changed or gone:
                    self._publish(window_event(changed, *self._next_id(), gone=gone))
        await self._alert_changes()
        now = await self._desk.now()
        if now.counts.messages != self._messages:  # no event of its own: the preview page is for people only
            self._messages = now.counts.messages
            self._send(beat(now, self._desk.context))

    async def _alert_changes(self) -> None:
        first = self._alerts_from_ms is None
        since_ms = 0 if self._alerts_from_ms is None else self._alerts_from_ms
        lines: list[IncidentLine | CaseLine] = []
        lines += await self._desk.read(lambda conn: read_changed_incidents(conn, since_ms))
        lines += await self._desk.read(lambda conn: read_changed_cases(conn, since_ms))
        for line in lines:
            key = ("incident", line.number) if isinstance(line, IncidentLine) else ("case", line.case_id)
            if self._versions.get(key) == line.version:
                continue
            self._versions[key] = line.version
            if first:
                continue
            if isinstance(line, IncidentLine):
                self._publish(incident_event(line, *self._next_id()))
            else:
                self._publish(case_event(line, *self._next_id()))
        newest_ms = max((line.updated_ms for line in lines), default=since_ms)
        self._alerts_from_ms = max(since_ms, newest_ms - int(OVERLAP_S * 1_000 * self._desk.context.speed))
        while len(self._versions) > 4 * BACKLOG_MAX:
            del self._versions[next(iter(self._versions))]

    def _windows_wanted(self) -> Iterable[WindowName]:
        if any(client.wanted.window is None for client in self._clients):
            return WINDOWS
        return [name for name in WINDOWS if any(client.wanted.window == name for client in self._clients)]

    def _next_id(self) -> tuple[str, int]:
        self._sequence += 1
        return self._event_id(), self._sequence

    def _publish(self, event: StreamEvent) -> None:
        self._backlog.append(event)
        self._send(event)

    def _send(self, event: StreamEvent) -> None:
        for client in tuple(self._clients):
            client.offer(event)

    async def close(self) -> None:
        """Stop, and end every stream."""
        for client in tuple(self._clients):
            client.dropped = True
            with suppress(asyncio.QueueFull):
                client.queue.put_nowait(None)
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task


def _key(row: WindowSnapshot) -> RowKey:
    return (row.window, row.metric, row.survey_kind, row.segment)


def _differs(before: WindowSnapshot | None, now: WindowSnapshot) -> bool:
    """Whether the numbers moved; an end that only moved on with the clock is no change worth sending."""
    return before is None or before.counts != now.counts
