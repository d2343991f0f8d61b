"""Hearing of other processes' commits: rings this process's bell when any partition has been measured further."""

from __future__ import annotations

import asyncio

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

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
        seen = -1
        while True:
            try:
                commits = await asyncio.to_thread(self._commits)
            except SQLAlchemyError:
                commits = seen
            if commits != seen:
                seen = commits
                self._bell.ring()
            await asyncio.sleep(LOOK_S)

    def _commits(self) -> int:
        with self._engine.connect() as conn:
            return int(conn.execute(select(func.sum(partitions.c.commits))).scalar() or 0)
