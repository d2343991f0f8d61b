"""A small world for the pages: a temporary database whose tables are filled directly, and an application over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar
from sqlalchemy import Engine, create_engine, event, insert

from alerting import tables as alert_tables
from dashboards.app import build_dashboard
from dashboards.context import DashboardContext, TotalKey
from detectors import store as detector_tables
from streams.clock import HOUR_MS, MINUTE_MS, ManualClock, minute_of
from streams.scales import scale_named
from streams.settings import MeasureSettings, Survey
from streams.signal import Signal
from streams.store import tables
from streams.store.dialect import upsert

NOW_MS = 1_794_926_520_000  # Tue 17 Nov 2026, 15:42 in Berlin
NPS_GOOD: Mapping[int, int] = {10: 6, 9: 2, 8: 2, 3: 2}


@dataclass
class World:
    """The database, the clock and the bell, with words for what happens in them."""

    engine: Engine
    clock: ManualClock
    signal: Signal = field(default_factory=Signal)
    totals: dict[TotalKey, int] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    settings: MeasureSettings = field(
        default_factory=lambda: MeasureSettings(timezone="Europe/Berlin", surveys={"yearly": Survey(kind="cold")})
    )
    reads: int = 0

    def context(self, **changes: Any) -> DashboardContext:
        given: dict[str, Any] = {
            "engine": self.engine,
            "clock": self.clock,
            "measure": self.settings,
            "signal": self.signal,
            "totals": lambda: self.totals,
            "log_ends": lambda: self.ends,
        }
        return DashboardContext(**(given | changes))

    def app(self, **changes: Any) -> Litestar:
        dashboard = build_dashboard(self.context(**changes))
        return Litestar(
            route_handlers=dashboard.routers,
            exception_handlers=dashboard.exception_handlers,
            openapi_config=None,
            on_shutdown=[dashboard.broadcaster.close],
        )

    def progress(self, newest_ms: int, partition: int = 0, next_offset: int = 10) -> None:
        with self.engine.begin() as conn:
            conn.execute(
                upsert(conn, tables.partitions),
                {
                    "partition": partition,
                    "epoch": 1,
                    "next_offset": next_offset,
                    "commits": 1,
                    "greatest_ms": newest_ms,
                    "append_ms": newest_ms,
                },
            )

    def answers(
        self,
        channel: str,
        stage: str,
        counts: Mapping[int, int],
        *,
        metric: str = "nps",
        kind: str = "hot",
        at_ms: int | None = None,
    ) -> None:
        """Answers at one minute, in the minute's and the hour's pane; earlier ones there are replaced."""
        moment = self.clock.now_ms() - MINUTE_MS if at_ms is None else at_ms
        outcomes = scale_named(metric).outcomes
        bad = sum(n for point, n in counts.items() if outcomes[point] == "bad")
        n = sum(counts.values())
        row = {
            "channel": channel,
            "stage": stage,
            "metric": metric,
            "survey_kind": kind,
            "partition": 0,
            "counts": msgspec.json.encode({str(k): v for k, v in counts.items()}).decode(),
            **{"n": n, "bad": bad, "bad_first": bad, "live_n": n, "live_bad": bad, "live_bad_first": bad},
        }
        minute = minute_of(moment)
        with self.engine.begin() as conn:
            conn.execute(upsert(conn, tables.panes), {**row, "minute": minute, "changed": 1})
            conn.execute(upsert(conn, tables.hour_panes), {**row, "minute": minute - minute % 60})

    def usual(
        self, channel: str, stage: str, counts: Mapping[int, int], *, metric: str = "nps", days: int = 10
    ) -> None:
        """The same answers at noon of every one of the past days."""
        for day in range(2, days + 2):
            self.answers(channel, stage, counts, metric=metric, at_ms=self.clock.now_ms() - day * 24 * HOUR_MS)

    def incident(self, number: int, channel: str, stage: str, **changes: Any) -> None:
        now = self.clock.now_ms()
        of_member = changes.pop("member", {})
        sentence = changes.pop("sentence", "18 of 31 bad since 14:05 (58 %, 41..74 %; usual 15 %, 12..19 %)")
        row = {
            "number": number,
            "state": "firing",
            "channel": channel,
            "stage": stage,
            "severity": "major",
            "sentence": sentence,
            "since_ms": now - 97 * MINUTE_MS,
            "opened_ms": now - 80 * MINUTE_MS,
            "firing_ms": now - 79 * MINUTE_MS,
            "spam": False,
            "version": 1,
            "updated_ms": now,
        } | changes
        member = {
            "number": number,
            "channel": channel,
            "stage": stage,
            "signal": "share",
            "page": True,
            "since_ms": row["since_ms"],
            "detected_ms": row["opened_ms"],
            "metric": "nps",
            "n": 31,
            "bad": 18,
            "observed": 0.58,
            "expected": 0.15,
            "expected_low": 0.12,
            "expected_high": 0.19,
            "times_usual_volume": 2.9,
            "evidence": 9.0,
            "severity": row["severity"],
            "reason": sentence,
        } | of_member
        with self.engine.begin() as conn:
            conn.execute(upsert(conn, alert_tables.incidents), row)
            conn.execute(upsert(conn, alert_tables.incident_members), member)

    def case(self, case_id: int, **changes: Any) -> None:
        now = self.clock.now_ms()
        row = {
            "case_id": case_id,
            "customer": f"customer-{case_id}",
            "state": "open",
            "kind": "moment_of_truth",
            "channel": "web",
            "stage": "buy",
            "reason": "payment failed",
            "severity": 50,
            "value": 15,
            "repeats": 0,
            "opened_ms": now - 30 * MINUTE_MS,
            "last_flag_ms": now - 30 * MINUTE_MS,
            "first_contact_due_ms": now + 210 * MINUTE_MS,
            "version": 1,
            "updated_ms": now,
        } | changes
        with self.engine.begin() as conn:
            conn.execute(insert(alert_tables.cases), row)

    def history(self, number: int, text: str, actor: str | None = None, at_ms: int | None = None) -> None:
        with self.engine.begin() as conn:
            conn.execute(
                insert(alert_tables.incident_events).values(
                    number=number,
                    at_ms=self.clock.now_ms() if at_ms is None else at_ms,
                    kind="note",
                    actor=actor,
                    text=text,
                    version=1,
                )
            )

    def preview(
        self, name: str, blocks: Sequence[Mapping[str, Any]], thread: str | None = None, target: str = "#cx-alerts"
    ) -> None:
        self._previews = getattr(self, "_previews", 0) + 1
        with self.engine.begin() as conn:
            conn.execute(
                insert(alert_tables.previews).values(
                    delivery_id=name,
                    seq=self._previews,
                    target=target,
                    thread=thread,
                    revision=1,
                    text="text",
                    blocks=msgspec.json.encode(list(blocks)).decode(),
                    posted_ms=self.clock.now_ms() + self._previews,
                    edited_ms=None,
                )
            )

    def comment(self, channel: str, stage: str, words: str, *, minutes_ago: int = 20, score: int = 1) -> None:
        with self.engine.begin() as conn:
            conn.execute(
                upsert(conn, tables.feedback),
                {
                    "key": words.encode()[:20],
                    "source": "survey",
                    "id": words[:50],
                    "partition": 0,
                    "time_ms": self.clock.now_ms() - minutes_ago * MINUTE_MS,
                    "channel": channel,
                    "stage": stage,
                    "metric": "nps",
                    "survey_kind": "hot",
                    "score": score,
                    "bad": True,
                    "revision": 0,
                    "comment": words,
                    "reasons": '["payment_declined"]',
                    "attributes": "{}",
                    "live": True,
                },
            )


def build_world(folder: Path, now_ms: int = NOW_MS) -> World:
    """An empty world in a SQLite file."""
    engine = create_engine(f"sqlite:///{folder / 'state.db'}")

    @event.listens_for(engine, "connect")
    def quick(connection: Any, _: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")  # a test's database need not survive the machine

    tables.metadata.create_all(engine)
    alert_tables.metadata.create_all(engine)
    detector_tables.metadata.create_all(engine)
    return fill_world(engine, now_ms)


def fill_world(engine: Engine, now_ms: int = NOW_MS) -> World:
    """An empty world in a database that has its tables."""
    world = World(engine, ManualClock(now_ms))

    @event.listens_for(engine, "before_cursor_execute")
    def count(*_: object) -> None:
        world.reads += 1

    return world


def busy_day(world: World) -> None:
    """The shop of the design pictures, roughly: one place far below its usual, one above, a few too quiet."""
    channels, stages = world.settings.channels, world.settings.stages
    for c, channel in enumerate(channels):
        for s, stage in enumerate(stages):
            if (c, s) in ((2, 0), (2, 3), (4, 2), (4, 3)):
                continue
            world.usual(channel, stage, {10: 5, 9: 4, 8: 3, 5: 2, 2: 1})
            if channel == "email" and stage in ("discover", "use"):
                continue
            size = 1 if channel == "email" and stage in ("buy", "return") else 4 + (c * 7 + s * 3) % 5
            counts = {10: 2 * size, 9: 2 * size, 8: 2 * size, 7: size // 2, 4: size, 1: size // 2}
            if (channel, stage) == ("web", "buy"):
                counts = {10: 30, 9: 8, 8: 20, 4: 20, 1: 22}
            if (channel, stage) == ("app", "use"):
                counts = {10: 90, 9: 40, 8: 20, 4: 4, 1: 2}
            world.answers(channel, stage, {k: v for k, v in counts.items() if v})
            world.answers(channel, stage, {5: 5, 4: 4, 3: 1, 1: 2}, metric="csat")
            world.answers(channel, stage, {7: 3, 6: 3, 4: 1, 2: 2}, metric="ces")
            world.answers(channel, stage, {5: 3, 4: 3, 2: 1}, metric="stars")
    world.answers("web", "buy", {10: 5, 8: 3, 2: 1}, kind="cold")
    now = world.clock.now_ms()
    world.progress(now - 4_000)
    world.incident(
        2047,
        "web",
        "buy",
        severity="critical",
        state="acknowledged",
        acknowledged_ms=now - 60 * MINUTE_MS,
        acknowledged_by="Jana K.",
    )
    world.incident(
        2049,
        "app",
        "deliver",
        since_ms=now - 24 * MINUTE_MS,
        opened_ms=now - 12 * MINUTE_MS,
        firing_ms=now - 11 * MINUTE_MS,
        sentence="9 of 14 bad since 15:18 (64 %, 39..84 %; usual 20 %)",
    )
    spam = "44 of 52 bad (85 %, 72..92 %); 41 near-identical texts from one source"
    world.incident(2048, "chat", "support", spam=True, sentence=spam)
    world.incident(2041, "store", "buy", state="resolved", resolved_ms=now - 26 * HOUR_MS, since_ms=now - 29 * HOUR_MS)
