"""Which clock a process goes by: the machine's own, the database server's, or that of the demo that made the data."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cxwatch.database import explained, open_engine
from cxwatch.demo import folder
from cxwatch.demo.clock import StoredClock
from cxwatch.settings import Settings
from streams.clock import Clock, SystemClock
from streams.store.dialect import failure_name, server_ms

ASK_AGAIN_S = 10.0

log = structlog.get_logger()


class ServerClock:
    """The database server's clock: the same for every process, however wrong the date of its machine is.

    It is asked now and then; in between, and while it does not answer, this machine's monotonic clock counts on.
    """

    def __init__(self, ask: Callable[[], int], again_s: float = ASK_AGAIN_S) -> None:
        self._ask = ask
        self._again_s = again_s
        self._asking = threading.Lock()
        self._seen = self._read()  # (server's time, when): one value, as threads share it

    def now_ms(self) -> int:
        """Milliseconds since the epoch, UTC. Never waits for the server."""
        at_ms, asked_s = self._seen
        since_s = time.monotonic() - asked_s
        if since_s > self._again_s and self._asking.acquire(blocking=False):
            threading.Thread(target=self._follow, name="server-clock", daemon=True).start()
        return at_ms + int(since_s * 1_000)

    def _read(self) -> tuple[int, float]:
        before = time.monotonic()
        at_ms = self._ask()
        return at_ms, (before + time.monotonic()) / 2

    def _follow(self) -> None:
        try:
            self._seen = self._read()
        except SQLAlchemyError as error:
            log.warning("the database server does not tell the time, counting on", error=failure_name(error))
            self._seen = self.now_ms(), time.monotonic()
        finally:
            self._asking.release()


def clock_of(settings: Settings) -> Clock:
    """The product's clock for commands that run beside it or after it."""
    path = folder.clock_path(settings)
    return StoredClock(path, SystemClock()) if path.exists() else real_clock_of(settings)


def real_clock_of(settings: Settings) -> Clock:
    """Real time, for retries, pauses and everything that is not the demo's: on PostgreSQL its server's."""
    if settings.database == "sqlite":
        return SystemClock()

    engine = open_engine(settings.database, durable=False, password=settings.secrets.database_password)

    def ask() -> int:
        try:
            with engine.connect() as conn:
                return server_ms(conn)
        finally:
            engine.dispose()

    with explained(engine):
        return ServerClock(ask)
