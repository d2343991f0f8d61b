"""What this room's routes work with, apart from what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from litestar import Request
from litestar.params import QueryParameter
from litestar.types import Guard
from sqlalchemy import Connection, Engine

from alerting.doing import ACTOR_MAX, Doing
from alerting.settings import AlertSettings
from streams.clock import Clock
from streams.signal import Signal

LIMIT_MAX = 1_000
LIMIT_DEFAULT = 200
NUMBER_MAX = 2**31 - 1

T = TypeVar("T")
Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)]
Anyone = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class AlertingApi:
    """What the routes work with. `actor` says who asks, from what the guards have found out."""

    engine: Engine
    clock: Clock
    settings: AlertSettings
    signal: Signal
    actor: Callable[[Anyone], str]
    read_guards: Sequence[Guard] = ()
    act_guards: Sequence[Guard] = ()

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Read in a thread."""

        def run() -> T:
            with self.engine.connect() as conn:
                return query(conn)

        return await asyncio.to_thread(run)

    async def act(self, request: Anyone, step: Callable[[Connection, Doing], T]) -> T:
        """Do something in one transaction in a thread, then wake the delivery."""
        return await self.act_as(self.actor(request), step)

    async def act_as(self, actor: str, step: Callable[[Connection, Doing], T]) -> T:
        """The same for somebody whom no guard has seen."""
        doing = Doing(actor[:ACTOR_MAX], self.clock.now_ms())

        def run() -> T:
            with self.engine.begin() as conn:
                return step(conn, doing)

        result = await asyncio.to_thread(run)
        self.signal.ring()
        return result
