"""Files to a server: rows as NDJSON over HTTP, and the ledger of what it has taken."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
from sqlalchemy import Engine

from alerting.settings import Secret
from cxwatch.database import open_state
from cxwatch.errors import CannotStart, CxwatchError
from cxwatch.importing.batches import Batch, batches, ledger_key, letters_of, size_of
from cxwatch.importing.records import Listener, Progress, RefusedRow, Summary
from cxwatch.settings import Settings
from streams.clock import Clock
from streams.decode import Decoder
from streams.events import Refused
from streams.files.mapping import Mapping
from streams.files.reader import Row
from streams.files.rows import WHOLE_ROW
from streams.store import deadletters, ledger

PATH = "/api/v1/events"
TIMEOUT_S = 60.0
TRIES = 20
WAIT_MAX_S = 30.0
SHOWN_MAX = 300  # characters of a server's answer that are repeated
_NOT_OURS = "{url} answered something else than cxwatch does: give the address its pages have, without a path"
TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class _RefusedEvent(msgspec.Struct):
    index: int
    field: str
    value: str
    rule: str


class _Answer(msgspec.Struct):
    accepted: int = 0
    refused: list[_RefusedEvent] = []


async def send_files(
    settings: Settings,
    files: Sequence[Path],
    mapping: Mapping,
    listener: Listener,
    clock: Clock,
    *,
    url: str,
    token: Secret | None,
) -> Summary:
    """Send the rows of some files to a server, each once; what it took. Its answers decide, not our own settings.

    Raises CannotStart where it cannot be reached or will not take anything.
    """
    base = url.rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise CannotStart(f"--to {url} must be an address such as https://cx.example.com")
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token.reveal()}"
    engine = open_state(settings)
    decoder = Decoder(settings.measure, lambda _: None)
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, headers=headers) as client:
            run = _Run(
                client, base + PATH, engine, decoder, mapping, listener, clock, settings.measure.dead_letters_max
            )
            for path in files:
                await run.send(path)
            return Summary(run.accepted, run.skipped, run.refused, 0, run.ambiguous)
    finally:
        engine.dispose()


@dataclass(slots=True)
class _Run:
    client: httpx.AsyncClient
    url: str
    engine: Engine
    decoder: Decoder
    mapping: Mapping
    listener: Listener
    clock: Clock
    dead_letters_max: int
    accepted: int = 0
    skipped: int = 0
    refused: int = 0
    ambiguous: int = 0

    async def send(self, path: Path) -> None:
        """Send the rest of one file."""
        key = await asyncio.to_thread(ledger_key, path, self.mapping, self.url)
        with self.engine.connect() as conn:
            done = ledger.rows_done(conn, key)
        size = await asyncio.to_thread(size_of, path)
        async for batch in batches(path, self.mapping, self.decoder, self.clock.now_ms(), done):
            await self._send_batch(path, batch)
            if batch.rows:
                await asyncio.to_thread(self._note, key, path, batch)
            self.listener.progress(Progress(str(path), batch.position, size, batch.done, "reading"))

    def _note(self, key: str, path: Path, batch: Batch) -> None:
        """Keep what is no event at all (the server keeps what it refuses), then say that the batch is done."""
        letters = letters_of(path, [row for row in batch.rows if not _is_event(row)])
        now_ms = self.clock.now_ms()
        with self.engine.begin() as conn:
            deadletters.keep(conn, letters, now_ms, self.dead_letters_max)
            ledger.advance(conn, key, path.name, batch.done, now_ms)

    async def _send_batch(self, path: Path, batch: Batch) -> None:
        self.skipped += batch.skipped
        sent: list[Row] = []
        for row in batch.rows:
            self.ambiguous += row.ambiguous
            if isinstance(row.event, Refused) and not _is_event(row):
                self._tell(RefusedRow.of(path, row.number, row.event))
            else:
                sent.append(row)
        if not sent:
            return
        answer = await self._post(gzip.compress(b"\n".join(row.raw for row in sent), compresslevel=5))
        places = {why.index for why in answer.refused}
        if answer.accepted + len(places) != len(sent) or not places <= set(range(len(sent))):
            raise CannotStart(_NOT_OURS.format(url=self.url))
        self.accepted += answer.accepted
        for why in answer.refused:
            self._tell(RefusedRow(str(path), sent[why.index].number, why.field, why.value, why.rule))

    def _tell(self, row: RefusedRow) -> None:
        self.refused += 1
        self.listener.refused(row)

    async def _post(self, body: bytes) -> _Answer:
        """One batch, tried again while the server is busy or out of reach."""
        why = ""
        for attempt in range(TRIES):
            wait_s = min(WAIT_MAX_S, 0.5 * 2**attempt)
            try:
                response = await self.client.post(self.url, content=body)
            except httpx.TransportError as error:
                why = f"it does not answer ({type(error).__name__})"
            else:
                if response.status_code in (202, 422):
                    return _read(self.url, response)
                if response.status_code not in TRY_AGAIN:
                    raise CannotStart(_explained(self.url, response))
                why = f"it answered {response.status_code}"
                wait_s = min(WAIT_MAX_S, _retry_after(response) or wait_s)
            await asyncio.sleep(wait_s)
        raise _OutOfReach(
            f"{self.url} took nothing after {TRIES} tries, {why}: start it, then run this again; it goes on"
        )


def _is_event(row: Row) -> bool:
    """Whether there is anything to send; whether it is a good event the server's own settings decide."""
    return not (isinstance(row.event, Refused) and row.event.field == WHOLE_ROW)


def _read(url: str, response: httpx.Response) -> _Answer:
    """What became of a batch. 422 is a problem that says why no event was taken, and nothing else is read from it."""
    try:
        answer = msgspec.json.decode(response.content, type=_Answer)
    except msgspec.MsgspecError:
        raise CannotStart(_NOT_OURS.format(url=url)) from None
    if response.status_code == 422 and not answer.refused:
        raise CannotStart(_explained(url, response))
    return answer


class _OutOfReach(CxwatchError):
    """The server could not be reached for long."""


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else None


def _explained(url: str, response: httpx.Response) -> str:
    ways_out = {
        401: "set CXWATCH_TOKEN to a token with the scope ingest (cxwatch token create, on the server)",
        403: "the token lacks the scope ingest: make another one (cxwatch token create NAME --scope ingest)",
        404: "the address is not cxwatch's: give the one its pages have, without a path",
    }
    way_out = ways_out.get(response.status_code, response.text[:SHOWN_MAX].strip() or "look at the server's log")
    return f"{url} answered {response.status_code}: {way_out}"
