"""From a producer's call to the window in the database, under a steady load; also while a year is filled in."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any
from uuid import uuid4

from confluent_kafka import Producer

from bench import common
from bench.common import Result
from bench.kafka.world import World, now_ms, opened
from bench.parts import Measures
from streams.clock import DAY_MS
from streams.logs.kafka import KafkaLog
from streams.logs.kafka_settings import KafkaSettings
from streams.logs.kafka_values import headers_of
from streams.logs.protocol import Packed, Record

TICK_S = 0.01
WARM_S = 3.0  # of a run, not counted
FLUSH_S = 60.0
PATIENCE_S = 120.0
DRAIN_S = 60.0
BACKFILL = "import-of-a-year"


class Timed(Measures):
    """Notes for every live record how long it took from its producer's call to the commit of its window."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.waits_ms: Counter[int] = Counter()
        self.counts_from_ms = 0
        self._open: deque[tuple[int, int, Sequence[int]]] = deque()
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def _measure_all(self, batches: AsyncIterator[Packed]) -> None:
        async for batch in batches:
            live = [ms for ms, origin in zip(batch.append_ms, batch.origins, strict=True) if origin is None]
            self._open.append((batch.partition, batch.end, live))
            await self.engine.measure(batch)

    async def _watch(self) -> None:
        while True:
            await self.committed.wait(self.committed.rings, 1.0)
            at_ms, still = now_ms(), deque[tuple[int, int, Sequence[int]]]()
            for partition, end, times in self._open:
                if self.engine.durable(partition) < end:
                    still.append((partition, end, times))
                else:
                    self.waits_ms.update(at_ms - ms for ms in times if ms >= self.counts_from_ms)
            self._open = still


def measuring(topic: KafkaSettings, database: str, pipe: Connection) -> None:
    """A process: measures until it is told how far, then says how long things took."""
    asyncio.run(_measuring(topic, database, pipe))


async def _measuring(topic: KafkaSettings, database: str, pipe: Connection) -> None:
    log = KafkaLog(topic).connect()
    engine = opened(database)
    parts = Timed(log, engine)
    common.tune_gc()
    await parts.start()
    pipe.send("ready")
    parts.counts_from_ms = await asyncio.to_thread(pipe.recv)
    ends = await asyncio.to_thread(pipe.recv)
    async with asyncio.timeout(PATIENCE_S):
        while any(parts.engine.durable(partition) < end for partition, end in ends.items()):
            await parts.committed.wait(parts.committed.rings, 0.05)
    await asyncio.sleep(0.1)  # for the one who watches
    pipe.send(dict(parts.waits_ms))
    await parts.stop()
    await log.close()
    engine.dispose()


def produce(topic: KafkaSettings, rates: tuple[float, float], seconds: float, pipe: Connection) -> None:
    """A process: live events and events of a year ago, each at a rate of its own, for so long."""
    live = list(common.events(int(rates[0] * seconds), now_ms()))
    past = list(common.events(int(rates[1] * seconds), now_ms() - 365 * DAY_MS, seed=2))
    producer = Producer(
        {"bootstrap.servers": topic.brokers[0], "partitioner": "murmur2_random", "linger.ms": 5,
         "queue.buffering.max.messages": 1_000_000, "log_level": 0}
    )  # fmt: skip
    common.tune_gc()
    pipe.send("ready")
    pipe.recv()
    flows: list[tuple[Iterator[Record], float, str | None, int]] = [
        (iter(live), rates[0], None, len(live)), (iter(past), rates[1], BACKFILL, len(past))
    ]  # fmt: skip
    begin, sent = time.perf_counter(), [0, 0]
    while (spent := time.perf_counter() - begin) < seconds:
        for number, (records, rate, origin, count) in enumerate(flows):
            due = min(count, int(spent * rate))
            for key, value in islice(records, due - sent[number]):
                producer.produce(topic.topic, value, key, headers=headers_of(origin))
            sent[number] = due
        producer.poll(0)
        time.sleep(TICK_S)
    producer.flush(FLUSH_S)
    pipe.send(sum(sent) / (time.perf_counter() - begin))


def under_load(here: World, name: str, rates: tuple[float, float], seconds: float) -> Result:
    """p50 and p99 of live events while live and past ones come at these rates (events a second)."""
    settings = here.topic(f"latency-{uuid4().hex[:8]}", **{"message.timestamp.type": "CreateTime"})
    context = multiprocessing.get_context("spawn")
    with here.database("postgresql") as database:
        worker, theirs = context.Pipe()
        sender, senders = context.Pipe()
        processes = [
            context.Process(target=measuring, args=(settings, database, theirs), daemon=True),
            context.Process(target=produce, args=(settings, rates, seconds, senders), daemon=True),
        ]
        for process in processes:
            process.start()
        worker.recv()
        sender.recv()
        worker.send(now_ms() + int(1_000 * WARM_S))
        sender.send("go")
        reached = sender.recv()
        worker.send(KafkaLog(settings).connect().ends())
        waits = Counter(worker.recv())
        for process in processes:
            process.join(DRAIN_S)
    return {"case": name, "wanted_per_second": sum(rates), "per_second": reached, "events": waits.total(),
            "p50_ms": at(waits, 0.5), "p99_ms": at(waits, 0.99)}  # fmt: skip


def at(waits: Counter[int], share: float) -> int:
    """The wait in ms that this share of events did not exceed."""
    left = share * waits.total()
    for wait in sorted(waits):
        left -= waits[wait]
        if left <= 0:
            return wait
    raise ValueError("nothing was measured")
