"""Whether the topic is still the one that was measured from: it may be deleted, made anew or given more partitions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from cxwatch.errors import CannotStart
from streams.logs.errors import LogError
from streams.logs.kafka import KafkaLog
from streams.logs.kafka_errors import TopicMissing

LOOK_S = 5.0

log = structlog.get_logger()


class TopicWatch:
    """Looks every few seconds while this process measures; what it finds ends the process with the way out."""

    def __init__(self, events: KafkaLog, on_fatal: Callable[[BaseException], None]) -> None:
        self._events = events
        self._on_fatal = on_fatal
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            wrong = await asyncio.to_thread(self._look)
            if wrong is not None:
                self._on_fatal(CannotStart(wrong))
                return

    def _look(self) -> str | None:
        known = self._events
        try:
            now = known.look_again()
        except TopicMissing as error:
            return f"the topic was deleted while it was measured: {error}"
        except LogError:
            return None  # Kafka is away: the transport waits for it
        if now.identity != known.identity:
            return (
                f"the topic was deleted and made anew (it was {known.identity}, now it is {now.identity}): what it "
                "holds is another history; start with an empty database, or name the right topic in `log`"
            )
        if now.partitions != known.partitions:
            return (
                f"the topic has {now.partitions} partitions now, it was measured with {known.partitions}: customers "
                "change partitions; stop all workers and run `cxwatch migrate --repartition`"
            )
        return None
