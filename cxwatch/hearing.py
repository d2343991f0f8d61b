"""Hearing of other processes' commits: rings this process's bell when more is measured, decided or done by people."""

from __future__ import annotations

import asyncio

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from alerting.tables import case_events, incident_events
from streams.signal import Signal
from streams.store.tables import partitions

LOOK_S = 0.5  # one small row's worth of reading: pages are that much behind at most


class Hearing:
    """For processes that show what others measure. Runs until it is cancelled."""

    def __init__(self, engine: Engine, bell: Signal) -> None:
        self._engine = engine
        self._bell = bell

    async def run(self) -> None:
        """Look now and then; a database that is away is for /readyz to tell."""
        seen: tuple[int, ...] = ()
        while True:
            try:
                found = await asyncio.to_thread(self._look)
            except SQLAlchemyError:
                found = seen
            if found != seen:
                seen = found
                self._bell.ring()
            await asyncio.sleep(LOOK_S)

    def _look(self) -> tuple[int, ...]:
        """How many commits, and how long the histories of incidents and cases are."""
        histories = (func.max(table.c.event_id) for table in (incident_events, case_events))
        counts = (func.sum(partitions.c.commits), *histories)
        with self._engine.connect() as conn:
            return tuple(int(conn.execute(select(count)).scalar() or 0) for count in counts)
