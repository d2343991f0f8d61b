"""An import keeps in step with measuring: live events queue behind it in the same partitions, and must not be late."""

from __future__ import annotations

import asyncio

from sqlalchemy import Engine

from streams.logs.protocol import Log
from streams.store.progress import next_offsets, unmeasured

AHEAD_MAX = 20_000  # records that may wait to be measured: about what one process measures in a second
LOOK_S = 0.1
IDLE_LOOKS = 50  # nothing measured in so many looks: nobody measures, and so nobody is kept waiting by us


class Pace:
    """Holds an import up while too much waits to be measured, as long as somebody measures."""

    def __init__(
        self,
        log: Log,
        engine: Engine,
        *,
        ahead_max: int = AHEAD_MAX,
        look_s: float = LOOK_S,
        idle_looks: int = IDLE_LOOKS,
    ) -> None:
        self._log = log
        self._engine = engine
        self._ahead_max = ahead_max
        self._look_s = look_s
        self._idle_looks = idle_looks
        self._nobody_measures = False

    async def keep(self) -> None:
        """Return when little enough waits, or at once from when nobody was seen to measure. Raises LogError."""
        idle, before = 0, -1
        while not self._nobody_measures:
            measured, waiting = await asyncio.to_thread(self._look)
            if waiting <= self._ahead_max:
                return
            idle = 0 if measured > before else idle + 1
            before = measured
            self._nobody_measures = idle >= self._idle_looks
            await asyncio.sleep(self._look_s)

    def _look(self) -> tuple[int, int]:
        """Records measured, and records that wait."""
        with self._engine.connect() as conn:
            known = next_offsets(conn)
        return sum(known.values()), unmeasured(known, self._log.ends())
