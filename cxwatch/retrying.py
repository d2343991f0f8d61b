"""`cxwatch dead-letters retry`: refused events read again with the settings of now."""

from __future__ import annotations

import asyncio
import secrets

from sqlalchemy import Engine

from cxwatch.database import open_state
from cxwatch.importing.local import append
from cxwatch.importing.records import Summary
from cxwatch.importing.waiting import Measurer
from cxwatch.logs import open_log
from cxwatch.settings import Settings
from streams.clock import Clock
from streams.decode import Decoder, routing_key
from streams.events import Refused
from streams.logs.protocol import Record
from streams.store import deadletters
from streams.store.deadletters import DeadLetter, KeptLetter

LETTERS_MAX = 10_000


async def retry_letters(settings: Settings, clock: Clock) -> Summary:
    """Append those that can be read now and wait until they are measured; the others stay with their reason of now."""
    engine = open_state(settings)
    log = await asyncio.to_thread(open_log, settings, clock)
    measurer = Measurer(settings, log)
    origin = f"retry-{secrets.token_hex(12)}"
    try:
        with engine.connect() as conn:
            kept = [letter for letter in deadletters.read(conn, LETTERS_MAX) if letter.complete]
        records, mended, still = _sorted(kept, Decoder(settings.measure), clock.now_ms())
        if records:
            await append(log, records, origin)
        _note(engine, mended, still, clock.now_ms(), settings.measure.dead_letters_max)
        await measurer.try_start()
        counts = await measurer.wait_for(engine, origin, len(records), lambda _: None)
        return Summary(counts.accepted, counts.duplicate, counts.refused + len(still), counts.history, 0)
    finally:
        await measurer.stop()
        await log.close()
        engine.dispose()


def _sorted(
    kept: list[KeptLetter], decoder: Decoder, now_ms: int
) -> tuple[list[Record], list[str], list[tuple[str, DeadLetter]]]:
    records: list[Record] = []
    mended: list[str] = []
    still: list[tuple[str, DeadLetter]] = []
    for letter in kept:
        event = decoder.decode(letter.raw, now_ms)
        if isinstance(event, Refused):
            again = DeadLetter(letter.origin, event.field, event.value, event.rule, letter.raw)
            still.append((letter.letter_id, again))
        else:
            records.append(Record(routing_key(event), letter.raw))
            mended.append(letter.letter_id)
    return records, mended, still


def _note(engine: Engine, mended: list[str], still: list[tuple[str, DeadLetter]], now_ms: int, keep_max: int) -> None:
    """After the append: those appended are done; one refused for another reason than before replaces the old letter."""
    changed = [(old, letter) for old, letter in still if letter.letter_id != old]
    done = [*mended, *(old for old, _ in changed)]
    with engine.begin() as conn:
        for start in range(0, len(done), 500):
            deadletters.mark_retried(conn, done[start : start + 500])
        deadletters.keep(conn, [letter for _, letter in changed], now_ms, keep_max)
