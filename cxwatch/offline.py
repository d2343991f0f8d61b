"""Measuring without Faust and without a log's transport: batches handed straight to the engine.

For `backtest`, which runs by event time, and `replay`, which measures a log again into an empty database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sqlalchemy import Engine

from streams.decode import Decoder
from streams.logs.protocol import TOPIC, Log, Packed
from streams.measure.engine import MeasureEngine
from streams.measure.errors import StorageFailed
from streams.settings import MeasureSettings
from streams.signal import Signal

BATCH = 2_000
READ_AGAIN_MAX = 20  # times a partition


def batch_of(partition: int, start: int, values: Sequence[bytes], append_ms: Sequence[int]) -> Packed:
    """A batch as a log's transport would hand it over."""
    end = start + len(values)
    return Packed(
        topic=TOPIC,
        partition=partition,
        start=start,
        end=end,
        offsets=range(start, end),
        values=values,
        append_ms=append_ms,
        origins=[None] * len(values),
    )


async def open_engine(database: Engine, settings: MeasureSettings, secret: bytes, partitions: int) -> MeasureEngine:
    """An engine that owns all partitions of an empty database. Unknown fields were reported when they came in."""
    engine = MeasureEngine(database, settings, Decoder(settings, lambda _: None), Signal())
    engine.start(secret)
    await engine.claim(range(partitions))
    return engine


async def measure_log(
    engine: MeasureEngine, log: Log, upto: Mapping[int, int], since: Mapping[int, int] = MappingProxyType({})
) -> int:
    """Measure each partition from its start, or from an offset, to before another; how many records that were.

    What the engine dropped (after a commit that did not go through it starts again from what is committed) is read
    again from there, as a log's transport would. Raises StorageFailed when a partition does not get there.
    """
    count = 0
    for partition, end in sorted(upto.items()):
        first = at = since.get(partition, 0)
        reached = -1
        for _ in range(READ_AGAIN_MAX):
            reached, records = await _feed(engine, log, partition, at, end)
            count += records if at == first else 0
            await engine.settle()
            at = engine.durable(partition)
            if at >= reached:
                break
        else:
            raise StorageFailed(f"partition {partition} stays at offset {at} of {reached}: look at the disk, try again")
    return count


async def _feed(engine: MeasureEngine, log: Log, partition: int, at: int, end: int) -> tuple[int, int]:
    """Hand over what the log holds from an offset on; where that ended, and how many records."""
    count = 0
    while at < end:
        batch = log.read(partition, at, min(BATCH, end - at))
        if batch.end <= at:
            break
        await engine.measure(_from(batch, at))
        count += len(batch.values)
        at = batch.end
    return at, count


def _from(batch: Packed, at: int) -> Packed:
    """The batch, saying that it begins where the last one ended: what retention dropped is not missing."""
    return Packed(
        batch.topic, batch.partition, at, batch.end, batch.offsets, batch.values, batch.append_ms, batch.origins
    )
