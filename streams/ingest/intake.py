"""From a body to the log: each event decoded or refused, refusals kept, the rest appended; then the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from streams.clock import Clock
from streams.decode import Decoder, routing_key
from streams.events import Refused
from streams.ingest.cloudevents import MEDIA_TYPES, is_plain, unwrap
from streams.ingest.problems import Accepted, NotTaken, RefusedEvent, busy
from streams.ingest.split import Part, split
from streams.logs.errors import LogBehind, LogError
from streams.logs.protocol import Log, Record
from streams.store import deadletters
from streams.store.deadletters import DeadLetter

ORIGIN = "http"
TURN_S = 0.005  # the event loop serves pages and measures too: after so long, others take their turn
STEP = 16  # events decoded before looking at the time
RETRY_FAILED_S = 10
_log = structlog.get_logger()


@dataclass(slots=True)
class _Sorted:
    """The events of one request: what the log will get, and what it will not."""

    envelopes_only: bool
    plain_only: bool
    records: list[Record] = field(default_factory=list)
    refused: list[RefusedEvent] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)

    def refuse(self, index: int, why: Refused, raw: bytes) -> None:
        """Keep what could be read again once the rule is met: of a CloudEvent, the event inside it."""
        self.refused.append(RefusedEvent(index, why.field, why.value, why.rule))
        shown = why.value.replace("\x00", "\\u0000")  # PostgreSQL has no text with this character
        self.letters.append(DeadLetter(ORIGIN, why.field, shown, why.rule, raw))


class Intake:
    """Takes events in. Batches are decoded one after the other, so that turns stay short under load."""

    def __init__(self, log: Log, decoder: Decoder, clock: Clock, engine: Engine) -> None:
        self._log = log
        self._decoder = decoder
        self._clock = clock
        self._engine = engine
        self._batch = asyncio.Lock()

    async def take(self, body: bytes, media_type: str) -> Accepted:
        """Accept what can be accepted. Returns when it is durable; raises NotTaken when nothing was accepted."""
        found = await self._sort(body, media_type)
        if found.letters:
            await self._keep(found.letters)  # first, so that "nothing was accepted" is true when it fails
        if not found.records:
            raise NotTaken(
                422,
                "No event was accepted",
                f"None of {len(found.refused):,} events can be used: put right what `refused` says, then send again.",
                refused=found.refused,
            )
        await self._append(found.records)
        return Accepted(len(found.records), found.refused)

    async def _sort(self, body: bytes, media_type: str) -> _Sorted:
        parts = split(body, media_type)
        found = _Sorted(envelopes_only=media_type in MEDIA_TYPES, plain_only=is_plain(body, media_type))
        now_ms = self._clock.now_ms()
        if len(parts) <= STEP:
            self._sort_some(parts, 0, now_ms, found)
            return found
        async with self._batch:
            turn_ends = time.perf_counter() + TURN_S
            for start in range(0, len(parts), STEP):
                self._sort_some(parts[start : start + STEP], start, now_ms, found)
                if time.perf_counter() > turn_ends:
                    await asyncio.sleep(0)
                    turn_ends = time.perf_counter() + TURN_S
        return found

    def _sort_some(self, parts: Sequence[Part], start: int, now_ms: int, found: _Sorted) -> None:
        decode = self._decoder.decode
        take = found.records.append
        for index, part in enumerate(parts, start):
            raw = bytes(part)
            value = raw if found.plain_only else unwrap(raw, found.envelopes_only)
            if isinstance(value, Refused):
                found.refuse(index, value, raw)
                continue
            event = decode(value, now_ms)
            if isinstance(event, Refused):
                found.refuse(index, event, value)
            else:
                take(Record(routing_key(event), value))

    async def _append(self, records: Sequence[Record]) -> None:
        try:
            await self._log.append(records)
        except LogBehind as error:
            raise busy(
                503, "The log is behind", f"{_sentence(error)}. Nothing was accepted.", error.retry_after_s
            ) from None
        except LogError as error:
            _log.warning("events_not_appended", problem=error.problem, way_out=error.way_out)
            detail = f"{_sentence(error)}. Nothing was accepted: send the request again after that."
            raise busy(503, "The log cannot be written", detail, RETRY_FAILED_S) from error

    async def _keep(self, letters: Sequence[DeadLetter]) -> None:
        keep_max = self._decoder.settings.dead_letters_max

        def write() -> None:
            with self._engine.begin() as conn:
                deadletters.keep(conn, letters, self._clock.now_ms(), keep_max)

        try:
            await asyncio.to_thread(write)
        except SQLAlchemyError as error:
            _log.warning("refused_events_not_kept", error=type(error).__name__)
            raise busy(
                503,
                "The database does not answer",
                "Events that are refused cannot be kept now. Nothing was accepted: send the request again after "
                f"{RETRY_FAILED_S} s, or without the events that are refused.",
                RETRY_FAILED_S,
            ) from None  # the cause would show what was refused


def _sentence(error: LogError) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]
