"""A bell between rooms of one process: who commits rings it, who shows or decides waits for it."""

from __future__ import annotations

import asyncio


class Signal:
    """Counts rings, so that nobody who looks away between two waits misses one. `also` rings with it."""

    def __init__(self, also: Signal | None = None) -> None:
        self._also = also
        self._rings = 0
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def rings(self) -> int:
        """How often it rang so far; hand it to `wait`."""
        return self._rings

    def ring(self) -> None:
        """Wake everyone who waits. Called on the event loop."""
        self._rings += 1
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)
        if self._also is not None:
            self._also.ring()

    async def wait(self, seen: int, timeout_s: float) -> int:
        """Return as soon as it has rung more than `seen` times, or when the time is up; the count either way."""
        if self._rings == seen:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await asyncio.wait_for(future, timeout_s)
            except TimeoutError:
                pass
            finally:
                self._waiting.discard(future)
        return self._rings
