"""What a click does, whichever way it came: the action in one transaction, then a word to whoever clicked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import Engine

from alerting.channels.protocol import DeliveryError
from alerting.clicks import Answered, Click, perform
from alerting.settings import AlertSettings
from streams.clock import Clock
from streams.signal import Signal

log = structlog.get_logger()
Whisper = Callable[[str, str, str], Awaitable[None]]  # to a place and a user: text that only they see


class Buttons:
    """Presses buttons. Without `whisper` (no token here) whoever clicked sees the edited message only."""

    def __init__(
        self,
        engine: Engine,
        settings: AlertSettings,
        clock: Clock,
        real: Clock,
        signal: Signal,
        whisper: Whisper | None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._real = real
        self._signal = signal
        self._whisper = whisper

    async def press(self, click: Click) -> Answered:
        """Do it, and wake the delivery so that the message shows it."""

        def run() -> Answered:
            with self._engine.begin() as conn:
                return perform(conn, self._settings, click, self._clock.now_ms(), self._real.now_ms())

        answered = await asyncio.to_thread(run)
        self._signal.ring()
        log.info("button pressed", action=click.action, number=click.number, done=answered.done)
        return answered

    async def tell(self, click: Click, answered: Answered) -> None:
        """Answer in words. The edited message says the same, so an answer that fails is not tried again."""
        if self._whisper is None or not click.place:
            return
        try:
            await self._whisper(click.place, click.user_id, answered.text)
        except DeliveryError as error:
            log.warning("a click was not answered in words", reason=str(error))
