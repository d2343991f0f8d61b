"""DECIDE as a part of a process: a round after every commit, and at least each second to close quiet minutes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from cxwatch.decide.rounds import Decider, Round
from cxwatch.erasing import erase_pending
from streams.clock import Clock
from streams.logs.errors import LogError
from streams.logs.protocol import Log
from streams.signal import Signal
from streams.store.dialect import UNAVAILABLE, failure_name

ROUND_EVERY_S = 1.0
PAUSE_AFTER_FAILURE_S = 1.0
FAILURES_MAX = 30  # in a row, then the process ends and its supervisor starts it again

log = structlog.get_logger()


class Deciding:
    """Runs rounds until stopped. `measured` wakes it, `decided` rings when people can see something new."""

    def __init__(
        self,
        decider: Decider,
        events: Log,
        clock: Clock,
        *,
        measured: Signal,
        decided: Signal,
        on_fatal: Callable[[BaseException], None],
        alone: bool = True,
        failures_max: int = FAILURES_MAX,
    ) -> None:
        self._decider = decider
        self._events = events
        self._clock = clock
        self._measured = measured
        self._decided = decided
        self._on_fatal = on_fatal
        self._failures_max = failures_max
        self._alone = alone  # no other process is meant to decide: one that does is in the way
        self._task: asyncio.Task[None] | None = None
        self.lagging_reason: str | None = None  # for /readyz: why nothing is being decided

    def start(self) -> None:
        """Begin with a first round at once."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Let the round in hand finish, then let another process take over at once."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)  # how it failed, `on_fatal` has heard
        await asyncio.to_thread(self._give_up)

    async def _run(self) -> None:
        failures = 0
        while True:
            seen = self._measured.rings
            try:
                done = await asyncio.shield(asyncio.to_thread(self.round))
            except (*UNAVAILABLE, LogError) as error:
                failures += 1
                self.lagging_reason = _why(error)
                log.warning("round failed", error=failure_name(error), failures=failures)
                if failures >= self._failures_max:
                    raise
                await asyncio.sleep(PAUSE_AFTER_FAILURE_S)
                continue
            failures = 0
            self.lagging_reason = "another process decides" if done is None and self._alone else None
            if done is not None and (done.flags or done.findings):
                self._decided.ring()
            if done is None or not done.more:
                await self._measured.wait(seen, ROUND_EVERY_S)

    def round(self) -> Round | None:
        """One round now, and what is left of erasures. Blocks."""
        ends = self._events.ends()
        now_ms = self._clock.now_ms()
        done = self._decider.decide(now_ms, ends)
        if done is not None:
            erase_pending(self._decider.engine, self._events, now_ms)
        return done

    def _give_up(self) -> None:
        with contextlib.suppress(*UNAVAILABLE), self._decider.engine.begin() as conn:
            self._decider.lease.give_up(conn)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_fatal(error)


def _why(error: Exception) -> str:
    if isinstance(error, LogError):
        return str(error)
    return "the database does not take decisions: look at its disk and connection"
