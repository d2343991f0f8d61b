"""The producer that Faust wants of a transport. cxwatch itself appends through `Log.append`."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from faust.transport import base
from faust.types import TP, RecordMetadata

from streams.logs.protocol import Log, Record


class HasLog(Protocol):
    """A transport over a log."""

    log: Log


class LogProducer(base.Producer):  # type: ignore[misc]  # faust has no types for us
    """Appends to the transport's log; connects to nothing of its own."""

    transport: HasLog

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, *_where: Any, **_options: Any
    ) -> asyncio.Future[RecordMetadata]:
        """Start an append; the future is done when it is durable."""
        return asyncio.ensure_future(self.send_and_wait(topic, key, value))

    async def send_and_wait(
        self, topic: str, key: bytes | None, value: bytes | None, *_where: Any, **_options: Any
    ) -> RecordMetadata:
        """Append one record and return when it is durable."""
        appended = await self.transport.log.append([Record(key or b"", value or b"")])
        ((partition, (offset, _)),) = appended.spans.items()
        return RecordMetadata(topic, partition, TP(topic, partition), offset)

    async def create_topic(self, topic: str, *_args: Any, **_options: Any) -> None:
        """The log is there before Faust is."""
