"""A real database, and findings and flags as the rooms before make them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import Engine, create_engine, event

from alerting.settings import AlertSettings
from alerting.tables import metadata
from detectors.records import Anomaly, Findings, Recovery, Update
from detectors.store import metadata as detectors_metadata
from streams.clock import MINUTE_MS, ManualClock
from streams.records import Flag, Segment
from streams.store.tables import metadata as streams_metadata
from tests.support.databases import DATABASES, empty
from tests.support.evening import Evening

T0 = 1_794_924_300_000  # Tue 17 Nov 2026, 14:05 UTC


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "postgresql":
        with empty(request, tmp_path) as engine:
            yield engine
        return
    engine = create_engine(f"sqlite:///{tmp_path / 'state.db'}")

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")

    @event.listens_for(engine, "begin")
    def _begun(conn: Any) -> None:
        conn.exec_driver_sql("BEGIN IMMEDIATE")

    metadata.create_all(engine)
    streams_metadata.create_all(engine)
    detectors_metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(T0)


@pytest.fixture
def settings() -> AlertSettings:
    return AlertSettings(mode="live", public_url="https://cx.example")


class Makes(Protocol):
    """Findings and flags of the invented day; `at` is minutes after 14:05."""

    def anomaly(self, channel: str | None, stage: str | None, at: float = 5, **changes: Any) -> Findings: ...
    def recovery(self, channel: str | None, stage: str | None, at: float = 60) -> Findings: ...
    def update(self, channel: str | None, stage: str | None, at: float = 20, **changes: Any) -> Findings: ...
    def flag(self, customer: str = "c_7f3a91", number: int = 1, **changes: Any) -> Flag: ...


class _Made:
    def anomaly(self, channel: str | None, stage: str | None, at: float = 5, **changes: Any) -> Findings:
        one = Anomaly(
            segment=Segment(channel, stage),
            page=True,
            signal="share",
            metric=None,
            since_ms=T0,
            detected_ms=T0 + int(at * MINUTE_MS),
            observed=0.58,
            expected=0.15,
            expected_low=0.12,
            expected_high=0.19,
            times_usual_volume=2.9,
            n=31,
            bad=18,
            evidence=210.0,
            severity="major",
            reason=f"18 of 31 bad since 14:05 in {Segment(channel, stage).label} (58 %, 41..74 %; usual 12..19 %).",
            detectors=("share_jump",),
        )
        return Findings(anomalies=(replace(one, **changes),))

    def recovery(self, channel: str | None, stage: str | None, at: float = 60) -> Findings:
        reason = "2 of 23 bad in the last 60 min (9 %, usual 12..19 %)."
        time_ms = T0 + int(at * MINUTE_MS)
        return Findings(recoveries=(Recovery(Segment(channel, stage), time_ms, 23, 2, 0.09, 0.15, reason),))

    def update(self, channel: str | None, stage: str | None, at: float = 20, **changes: Any) -> Findings:
        one = Update(
            segment=Segment(channel, stage),
            at_ms=T0 + int(at * MINUTE_MS),
            n=60,
            bad=40,
            observed=0.67,
            severity="critical",
            reason="40 of 60 bad since 14:05 (67 %).",
        )
        return Findings(updates=(replace(one, **changes),))

    def flag(self, customer: str = "c_7f3a91", number: int = 1, **changes: Any) -> Flag:
        one = Flag(
            flag_id=f"flag-{customer}-{number}",
            kind="moment_of_truth",
            customer=customer,
            partition=0,
            time_ms=T0,
            channel="web",
            stage="buy",
            event_source="shop",
            event_id=f"e-{number}",
            severity=50,
            reason="charged_twice (web · buy) at a moment of truth",
        )
        return replace(one, **changes)


@pytest.fixture
def make() -> Makes:
    return _Made()


def merged(*several: Findings) -> Findings:
    return Findings(
        tuple(a for f in several for a in f.anomalies),
        tuple(u for f in several for u in f.updates),
        tuple(r for f in several for r in f.recoveries),
    )


@pytest.fixture
async def world(engine: Engine, settings: AlertSettings, make: Makes) -> AsyncIterator[Evening]:
    """An evening on which nothing goes wrong by itself."""
    evening = Evening(0, engine, settings, make)
    evening.calm = True
    async with evening.double:
        yield evening
