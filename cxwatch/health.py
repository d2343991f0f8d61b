"""What a process says about itself: whether it lives, whether it is ready, whether the log runs away from it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from dashboards.context import Health
from streams.logs.errors import LogError
from streams.logs.protocol import Log
from streams.store.progress import next_offsets, unmeasured

BEHIND_MAX = 500_000  # records not measured yet: beyond, no more are taken in
NOT_READY_FROM = 100_000  # beyond, screens are too old to act on


class Checks:
    """Looks at log and database when asked. Everything here may block: call it in a thread."""

    def __init__(self, log: Log, engine: Engine, deciding: Callable[[], str | None]) -> None:
        self._log = log
        self._engine = engine
        self._deciding = deciding  # why nothing is being decided, None if all is well

    def lag(self) -> int:
        """Records in the log that are not measured yet."""
        with self._engine.connect() as conn:
            measured = next_offsets(conn)
        return unmeasured(measured, self._log.ends())

    def is_behind(self) -> bool:
        """Whether the log must take no more for now. A log that cannot be asked takes nothing either."""
        try:
            return self.lag() > BEHIND_MAX
        except (LogError, SQLAlchemyError):
            return True

    def ready(self) -> Health:
        """Ready: the database answers, measuring keeps up, decisions are made."""
        reasons: list[str] = []
        try:
            lag = self.lag()
            if lag > NOT_READY_FROM:
                reasons.append(f"{lag} events wait to be measured: screens are behind, wait or look at the machine")
        except LogError as error:
            reasons.append(str(error))
        except SQLAlchemyError as error:
            reasons.append(f"the database does not answer ({type(error).__name__}): look at its disk and connection")
        why = self._deciding()
        if why is not None:
            reasons.append(why)
        return Health("failing" if reasons else "ok", tuple(reasons))
