"""Two workers of one group against one: the same topic, the same database, from the same starting signal."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import AsyncIterator
from multiprocessing.connection import Connection
from typing import Any

from bench import common
from bench.common import Result
from bench.kafka.world import World, opened
from bench.parts import Measures
from streams.logs.kafka import KafkaLog
from streams.logs.kafka_settings import KafkaSettings
from streams.logs.protocol import Packed
from streams.store.progress import next_offsets

PATIENCE_S = 300.0


class Held(Measures):
    """Measures that hold their first batch until they are let go."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.let_go = asyncio.Event()

    async def _measure_all(self, batches: AsyncIterator[Packed]) -> None:
        await self.let_go.wait()
        await super()._measure_all(batches)


def worker(topic: KafkaSettings, database: str, share: int, pipe: Connection) -> None:
    """A process: joins, waits for its share of partitions and the signal, measures until it is told to stop."""
    asyncio.run(_worker(topic, database, share, pipe))


async def _worker(topic: KafkaSettings, database: str, share: int, pipe: Connection) -> None:
    log = KafkaLog(topic).connect()
    engine = opened(database)
    parts = Held(log, engine)
    common.tune_gc()
    await parts.start()
    async with asyncio.timeout(PATIENCE_S):
        while len(parts.engine.owned()) != share:
            await parts.committed.wait(parts.committed.rings, 0.05)
    pipe.send("ready")
    await asyncio.to_thread(pipe.recv)
    parts.let_go.set()
    await asyncio.to_thread(pipe.recv)
    await parts.stop()
    await log.close()
    engine.dispose()


def together(here: World, topic: str, number: int) -> Result:
    """So many workers measure a full topic; from the signal to the last commit."""
    settings = here.settings(topic)
    context = multiprocessing.get_context("spawn")
    with here.database("postgresql") as database:
        engine = opened(database)
        pipes, processes = [], []
        for _ in range(number):
            mine, theirs = context.Pipe()
            share = settings.partitions // number
            process = context.Process(target=worker, args=(settings, database, share, theirs), daemon=True)
            process.start()
            pipes.append(mine)
            processes.append(process)
        for pipe in pipes:
            pipe.recv()
        wanted = KafkaLog(settings).connect().ends()
        begin = time.perf_counter()
        for pipe in pipes:
            pipe.send("go")
        while True:
            with engine.connect() as conn:
                known = next_offsets(conn)
            seconds = time.perf_counter() - begin
            if all(known.get(partition, 0) >= end for partition, end in wanted.items()):
                break
            if seconds > PATIENCE_S:
                raise TimeoutError("the topic was not measured in time")
            time.sleep(0.02)
        for pipe, process in zip(pipes, processes, strict=True):
            pipe.send("stop")
            process.join(30)
        engine.dispose()
    events = sum(wanted.values())
    return {"workers": number, "events": events, "seconds": seconds, "per_second": events / seconds}
