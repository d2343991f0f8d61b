"""Where Faust 0.15.3 does what we cannot live with, each mended in one small named place.

Every mend here has a test that fails without it (tests/logs/test_mends.py). They serve every transport.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps
from types import TracebackType
from typing import Any

from faust.app.base import App, BootStrategy
from faust.serializers.schemas import Schema
from faust.tables.manager import TableManager

from streams.logs.protocol import Packed

OnFatal = Callable[[BaseException], None]
AgentBody = Callable[[AsyncIterator[Packed]], Awaitable[None]]


class _Fatal:
    """Reports whatever leaves the block, and lets it pass on."""

    def __init__(self, on_fatal: OnFatal) -> None:
        self._on_fatal = on_fatal
        self.reported = False

    def __enter__(self) -> _Fatal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(failure, Exception):  # not CancelledError: that is how an orderly stop looks
            self.reported = True
            self._on_fatal(failure)
            return True
        return False


def guarded(body: AgentBody, on_fatal: OnFatal) -> AgentBody:
    """Mend 1: Faust acknowledges the event an agent failed on and restarts the agent on the next one.

    github.com/faust-streaming/faust/issues/527

    Here the failure goes to `on_fatal`, once, and the agent stands still until it is cancelled: nothing after the
    event that failed is measured. (Faust still acknowledges it; transports of ours report what the database has.)
    """

    @wraps(body)
    async def agent(stream: AsyncIterator[Packed]) -> None:
        with _Fatal(on_fatal) as fatal:
            await body(stream)
        if fatal.reported:
            await asyncio.get_running_loop().create_future()

    return agent


class AnyOffset(dict[Any, Any]):
    """Mend 2: after a seek back Faust drops, without a word, what lies before the batch that was being handed over.

    github.com/faust-streaming/faust/pull/217 mended one such order of calls, not this one.

    `Consumer._drain_messages` writes the offset of that batch over the one that `seek` set. Batches say themselves
    what they cover and the owner compares, so Faust's own read offsets (and its gaps) are not needed.
    """

    def __getitem__(self, _key: Any) -> None:
        return None

    def __setitem__(self, _key: Any, _value: Any) -> None:
        return None

    def update(self, *_args: Any, **_values: Any) -> None:
        """Remember nothing."""


class PromptTables(TableManager):  # type: ignore[misc]  # faust has no types for us
    """Mend 3: the table manager, which cannot go (its recovery starts the flow), sleeps a second before it starts."""

    async def on_start(self) -> None:
        """Start at once."""
        await self._update_channels()
        await self.recovery.start()


class PackedSchema(Schema):  # type: ignore[misc]  # faust has no types for us
    """Hands the batch that the transport made to the agent as it is: no keys, no codec."""

    def loads_key(self, _app: Any, _message: Any, **_options: Any) -> None:
        """A batch has no key."""

    def loads_value(self, _app: Any, message: Any, **_options: Any) -> Packed:
        """The batch itself."""
        batch: Packed = message.value
        return batch


class _NoWeb(BootStrategy):  # type: ignore[misc]  # faust has no types for us
    enable_web = False


class CxApp(App):  # type: ignore[misc]  # faust has no types for us
    """A Faust app that makes no folders, serves no pages and tells of its end.

    Mend 4: `crash()` of any service marks the app and raises nowhere; here the first reason goes to `on_fatal`.
    github.com/robinhood/faust/issues/684 shows what happens without.
    """

    BootStrategy = _NoWeb
    on_fatal: OnFatal | None = None
    log_topic: str  # what the log's batches come under

    def _create_directories(self) -> None:
        return None

    def _crash(self, reason: BaseException) -> None:
        first = not self._crashed.is_set()
        super()._crash(reason)
        if first and self.on_fatal is not None:
            self.on_fatal(reason)
