"""Runs the measuring engine on batches handed to it directly, as the log's transport would hand them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine

from streams.decode import Decoder
from streams.logs.protocol import Packed
from streams.measure.engine import MeasureEngine
from streams.settings import MeasureSettings
from streams.signal import Signal
from tests.measure import oracle

SECRET = b"s" * 32


class Log:
    """A log in memory: partition -> records with their append times."""

    def __init__(self, partitions: int = 1) -> None:
        self.records: dict[int, list[tuple[bytes, int, str | None]]] = {p: [] for p in range(partitions)}

    def append(self, event: dict[str, Any], append_ms: int, partition: int = 0, origin: str | None = None) -> None:
        self.records[partition].append((oracle.raw(event), append_ms, origin))

    def append_raw(self, raw: bytes, append_ms: int, partition: int = 0, origin: str | None = None) -> None:
        self.records[partition].append((raw, append_ms, origin))

    def batch(self, partition: int, start: int, end: int) -> Packed:
        rows = self.records[partition][start:end]
        return Packed(
            topic="cx.events",
            partition=partition,
            start=start,
            end=start + len(rows),
            offsets=range(start, start + len(rows)),
            values=[r[0] for r in rows],
            append_ms=[r[1] for r in rows],
            origins=[r[2] for r in rows],
        )


def new_engine(database: Engine, settings: MeasureSettings = MeasureSettings()) -> MeasureEngine:  # noqa: B008  # frozen
    engine = MeasureEngine(database, settings, Decoder(settings), Signal())
    engine.start(SECRET)
    return engine


async def measure(
    database: Engine,
    log: Log,
    sizes: Sequence[int] = (1000,),
    settings: MeasureSettings = MeasureSettings(),  # noqa: B008
) -> MeasureEngine:
    """Own all partitions and measure the log to its end in batches of these sizes, taken in turn; then let go."""
    engine = new_engine(database, settings)
    starts = await engine.claim(list(log.records))
    position = dict(starts)

    async def seek(partition: int, offset: int) -> None:
        position[partition] = offset

    engine.on_seek(seek)
    turn = 0
    while True:
        open_partitions = [p for p in log.records if position[p] < len(log.records[p])]
        if not open_partitions:
            await engine.settle()
            if all(position[p] >= len(log.records[p]) for p in log.records):
                break
            continue
        for partition in open_partitions:
            size = sizes[turn % len(sizes)]
            turn += 1
            batch = log.batch(partition, position[partition], position[partition] + size)
            position[partition] = batch.end
            await engine.measure(batch)
    await engine.close()
    return engine
