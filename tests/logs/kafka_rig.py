"""A topic, an owner and apps over it, as workers of one group would be."""

from __future__ import annotations

import asyncio
import dataclasses

import faust

from streams.logs.faust_app import build_app, measuring, start_app, stop_app
from streams.logs.faust_mends import AgentBody
from streams.logs.kafka import KafkaLog
from streams.logs.kafka_settings import KafkaSettings
from tests.logs.support import EachBatch, RecordingOwner, Seen, body_of


class Worker:
    """One process of the group, but for the process."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.log = KafkaLog(settings).connect()
        self.owner = RecordingOwner()
        self.fatal: list[BaseException] = []
        self.seen = Seen()
        self.app: faust.App | None = None

    def build(self, body: AgentBody) -> faust.App:
        self.app = build_app(self.log, self.owner, self.fatal.append)
        measuring(self.app, body)
        return self.app

    async def run(self, each: EachBatch | None = None) -> faust.App:
        app = self.build(body_of(self.seen, each))
        await start_app(app)
        return app

    async def stop(self) -> None:
        if self.app is not None:
            assert await stop_app(self.app)
            self.app = None

    async def close(self) -> None:
        await self.stop()
        await self.log.close()


class KafkaRig:
    """A topic of its own and the workers that were made."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self.workers: list[Worker] = []

    def worker(self, **changes: object) -> Worker:
        worker = Worker(dataclasses.replace(self.settings, **changes))  # type: ignore[arg-type]
        self.workers.append(worker)
        return worker

    async def close(self) -> None:
        await asyncio.gather(*(worker.close() for worker in self.workers))
