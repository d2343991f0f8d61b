"""What tests of logs share: reading a log to its end, processes that append, an owner that remembers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from pathlib import Path

import faust

import streams
from streams.clock import ManualClock
from streams.logs.faust_app import build_app, measuring, start_app, stop_app
from streams.logs.faust_mends import AgentBody
from streams.logs.protocol import Log, Packed, Record
from streams.logs.sqlite import SqliteLog

NOW = 1_800_000_000_000
WAIT_S = 20.0


def records(*values: str, key: str = "anna") -> list[Record]:
    return [Record(key.encode(), value.encode()) for value in values]


def everything(log: Log, limit: int = 1_000) -> dict[int, list[tuple[int, bytes]]]:
    """Partition -> (offset, value) from the first to the last record."""
    found: dict[int, list[tuple[int, bytes]]] = {}
    for partition, end in log.ends().items():
        at = 0
        rows: list[tuple[int, bytes]] = []
        while at < end:
            batch = log.read(partition, at, limit)
            assert batch.start == at
            assert batch.end > at
            rows += zip(batch.offsets, batch.values, strict=True)
            at = batch.end
        found[partition] = rows
    return found


def values_of(log: Log) -> list[bytes]:
    return [value for rows in everything(log).values() for _, value in rows]


def appender(kind: str, place: str, mode: str) -> subprocess.Popen[str]:
    """Another process that appends to the same log; see appender.py."""
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("appender.py")), kind, place, mode],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(streams.__file__).parents[1])},
    )


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that will be; fails after a long while."""
    async with asyncio.timeout(WAIT_S):
        while not true():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.005)


class RecordingOwner:
    """An owner whose database is two dictionaries."""

    def __init__(self, start: Mapping[int, int] | None = None) -> None:
        self.offsets = dict(start or {})
        self.claimed: list[set[int]] = []
        self.released: list[set[int]] = []

    async def claim(self, partitions: Collection[int]) -> Mapping[int, int]:
        self.claimed.append(set(partitions))
        return {p: self.offsets.setdefault(p, 0) for p in partitions}

    def release(self, partitions: Collection[int]) -> None:
        self.released.append(set(partitions))

    def durable(self, partition: int) -> int:
        return self.offsets[partition]


class Seen:
    """What an agent saw, in order."""

    def __init__(self) -> None:
        self.batches: list[Packed] = []

    def values(self) -> list[bytes]:
        return [value for batch in self.batches for value in batch.values]

    def at(self, partition: int) -> list[int]:
        return [offset for batch in self.batches if batch.partition == partition for offset in batch.offsets]


EachBatch = Callable[[Packed], Awaitable[None]]


def body_of(seen: Seen, each: EachBatch | None = None) -> AgentBody:
    """An agent that notes each batch and then does something with it."""

    async def body(stream: AsyncIterator[Packed]) -> None:
        async for batch in stream:
            seen.batches.append(batch)
            if each is not None:
                await each(batch)

    return body


class Rig:
    """A log, an owner and one app after another over them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = SqliteLog(path, ManualClock(NOW))
        self.owner = RecordingOwner()
        self.fatal: list[BaseException] = []
        self.running: list[faust.App] = []

    def build(self, body: AgentBody) -> faust.App:
        app = build_app(self.log, self.owner, self.fatal.append)
        measuring(app, body)
        self.running.append(app)
        return app

    async def run(self, seen: Seen, each: EachBatch | None = None) -> faust.App:
        app = self.build(body_of(seen, each))
        await start_app(app)
        return app

    async def stop(self, app: faust.App) -> None:
        self.running.remove(app)
        assert await stop_app(app)

    async def close(self) -> None:
        for app in self.running:
            assert await stop_app(app)
        await self.log.close()
