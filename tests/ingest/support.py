"""What tests of ingest share: a shop's events, and a server over a real log and a real database."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar
from litestar.openapi.config import OpenAPIConfig
from litestar.types import Guard
from sqlalchemy import Engine

from cxwatch import migrations
from cxwatch.database import open_engine
from streams.clock import ManualClock
from streams.decode import Decoder
from streams.ingest import ingest_router
from streams.logs.protocol import Log
from streams.logs.sqlite import SqliteLog
from streams.settings import MeasureSettings
from streams.store import deadletters
from streams.store.deadletters import KeptLetter
from tests.logs.support import values_of

NOW_MS = 1_772_366_400_000  # 2026-03-01T12:00:00Z
URL = "/api/v1/events"


def feedback(event_id: object = "e1", **fields: Any) -> dict[str, Any]:
    base = {
        "id": str(event_id),
        "source": "shop",
        "time": "2026-03-01T11:59:00Z",
        "type": "feedback",
        "channel": "web",
        "stage": "buy",
        "metric": "nps",
        "score": 3,
    }
    return {name: value for name, value in {**base, **fields}.items() if value is not ...}


def envelope(data: object = ..., **fields: Any) -> dict[str, Any]:
    """A CloudEvent that fills what this data lacks."""
    own = {name: feedback()[name] for name in ("channel", "stage", "metric", "score")}
    base = {
        "specversion": "1.0",
        "id": "ce1",
        "source": "/shop",
        "type": "com.example.feedback",
        "time": "2026-03-01T11:58:00Z",
        "subject": "anna",
        "data": own if data is ... else data,
    }
    return {name: value for name, value in {**base, **fields}.items() if value is not ...}


def lines(*events: object) -> bytes:
    return b"\n".join(one if isinstance(one, bytes) else msgspec.json.encode(one) for one in events)


def packed(body: bytes) -> bytes:
    return gzip.compress(body, 6, mtime=0)


class Server:
    """The route over a log and a database. What is behind, and who may, the tests decide."""

    def __init__(self, folder: Path, log: Log | None = None, guards: Sequence[Guard] = ()) -> None:
        self.clock = ManualClock(NOW_MS)
        self.log = log if log is not None else SqliteLog(folder / "log.sqlite", self.clock)
        self.engine: Engine = open_engine(folder / "state.sqlite", durable=True)
        migrations.upgrade(self.engine)
        self.is_behind = False
        self.seconds = 0.0
        decoder = Decoder(MeasureSettings(dead_letters_max=50), lambda _: None)
        router = ingest_router(
            self.log, decoder, self.clock, self.engine, guards, lambda: self.is_behind, lambda: self.seconds
        )
        self.app = Litestar(
            [router], openapi_config=OpenAPIConfig("test", "1", path="/openapi", render_plugins=[]), logging_config=None
        )

    def logged(self) -> list[dict[str, Any]]:
        return sorted((msgspec.json.decode(value) for value in values_of(self.log)), key=lambda event: str(event["id"]))

    def ids(self) -> list[str]:
        return [event["id"] for event in self.logged()]

    def letters(self) -> list[KeptLetter]:
        with self.engine.connect() as conn:
            return deadletters.read(conn)
