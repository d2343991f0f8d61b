"""The topic of changes as a part of a process: whoever decides sends what was committed, and then notes that it did."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator

import structlog
from sqlalchemy import Connection, Engine

from cxwatch.decide.rounds import read_closed_to
from cxwatch.settings import ExportSettings, Settings
from dashboards.changes.feed import ChangeFeed
from streams.clock import DAY_MS, Clock
from streams.logs.errors import LogError
from streams.logs.kafka_publisher import KafkaPublisher
from streams.logs.kafka_topic import TopicAdmin
from streams.store.dialect import UNAVAILABLE, failure_name

REST_FACTOR = 4  # after a round of a second, four of rest: sending takes at most a fifth of a core
PAUSE_AFTER_FAILURE_S = 5.0

log = structlog.get_logger()


class Exporting:
    """Runs until stopped; while Kafka is away it tries on, and what changes meanwhile waits in the database."""

    def __init__(
        self,
        settings: Settings,
        export: ExportSettings,
        database: Engine,
        clock: Clock,
        lease_held: Callable[[Connection], bool],
    ) -> None:
        self._every_s = float(export.changes.every_seconds)
        self._lease_held = lease_held
        self._feed = ChangeFeed(database, clock, settings.measure, export.changes, read_closed_to, settings.web.url)
        # The transactional id: one process of this installation at a time.
        self._publisher = KafkaPublisher(export.kafka, f"{export.kafka.group}.changes")
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, on_fatal: Callable[[BaseException], None]) -> None:
        """Begin, with a first round at once."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                on_fatal(error)

        self._task = asyncio.get_running_loop().create_task(self._run())
        self._task.add_done_callback(ended)

    async def stop(self) -> None:
        """Let the round in hand finish."""
        self._stop.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.to_thread(self._publisher.close)

    async def _run(self) -> None:
        said = ""
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                more = await asyncio.to_thread(self.round)
            except (*UNAVAILABLE, LogError) as error:
                reason = str(error) if isinstance(error, LogError) else failure_name(error)
                if reason != said:
                    log.warning("changes wait to be sent", reason=reason)
                said = reason
                await self._rest(PAUSE_AFTER_FAILURE_S)
                continue
            if said:
                log.info("changes are sent again")
                said = ""
            took = time.monotonic() - began
            await self._rest(took * REST_FACTOR if more else max(self._every_s - took, took * REST_FACTOR))

    def round(self) -> bool:
        """Send what is new, if sending is ours; whether more is waiting. Blocks."""
        if not self._feed.waiting(self._lease_held):
            return False
        self._publisher.connect()  # before the lease is asked again: whoever had it before can send no more
        sending = self._feed.begin(self._lease_held)
        if sending is None:
            return False
        self._publisher.publish(self._feed.records(sending))
        return self._feed.done(sending) and sending.more

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)


def prepare_export(settings: Settings, export: ExportSettings) -> Iterator[str]:
    """Create the topic of changes where it is absent; what was done, in lines. Raises LogError."""
    kafka = export.kafka
    kept = {
        "cleanup.policy": "compact,delete",  # the newest of each key, for as long as windows can be read at all
        "retention.ms": str(settings.measure.hour_pane_days * DAY_MS),
    }
    if TopicAdmin(kafka).create(kept):
        yield f"Topic {kafka.topic} created for changes: {kafka.partitions} partitions, compacted."
    else:
        yield f"Topic {kafka.topic} for changes is there."
