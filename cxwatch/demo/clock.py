"""The demo's clock: starts where it is told, runs `speed` times as fast as the world, stands still while it is down.

It never says a time that is behind one it has said before, not even after a kill -9: before it says a time it has
made durable an upper bound of what it is about to say (a lease of two real seconds), and it resumes from that bound.
So a kill skips at most two real seconds, two demo minutes at 60x, and the feeder fills them, since it feeds all that
is due since the last time. An orderly stop stores the time itself and skips nothing. When the lease cannot be made
durable (disk full) the clock stands at the end of the last one rather than promise what it could not keep.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from cxwatch.demo import statefile
from streams.clock import Clock, SystemClock

LEASE_MS = 2_000  # real
_RENEW_MS = 1_000  # real; renewed when less is left

log = structlog.get_logger()


class ClockState(msgspec.Struct, frozen=True):
    """What is stored: the first time the clock said, and demo milliseconds since, rounded up to the lease's end.

    `speed` is 0 while the clock stands; while it runs, `real_ms` is the machine's time at which this was stored, so
    that another process can tell the demo's time.
    """

    start_ms: int
    leased_ms: int
    speed: float = 0.0
    real_ms: int = 0

    def at(self, real_ms: int) -> int:
        """The demo's time at the machine's time `real_ms`, as another process sees it."""
        since_ms = max(0, real_ms - self.real_ms)
        return self.start_ms + self.leased_ms - int(max(0, LEASE_MS - since_ms) * self.speed)


class StoredClock:
    """A `Clock` for commands beside a demo: reads the file that the demo's clock keeps."""

    def __init__(self, path: Path, real: Clock) -> None:
        self._path = path
        self._real = real

    def now_ms(self) -> int:
        """Demo time; the machine's own where the demo never started."""
        state = statefile.load(self._path, ClockState)
        return self._real.now_ms() if state is None else state.at(self._real.now_ms())


class DemoClock:
    """A `Clock`. Stands still until `start`; safe to read from any thread."""

    def __init__(
        self,
        state: ClockState,
        keep: Callable[[ClockState], None],
        speed: float,
        monotonic: Callable[[], float] = time.monotonic,
        real: Clock | None = None,
    ) -> None:
        """`keep` makes a state durable before it returns or raises OSError; `monotonic` gives real seconds."""
        if not 0 < speed <= 3_600:
            raise ValueError(f"speed is above 0 and at most 3600, not {speed}")
        self.start_ms = state.start_ms
        self._keep = keep
        self._speed = speed
        self._monotonic = monotonic
        self._real = real or SystemClock()
        self._leased_ms = state.leased_ms
        self._told_ms = state.leased_ms
        self._base_ms = state.leased_ms  # elapsed when it was started
        self._since: float | None = None
        self._failed = False
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls, path: Path, first_ms: int, speed: float, monotonic: Callable[[], float] = time.monotonic
    ) -> DemoClock:
        """The clock stored at a path, or a new one that starts at `first_ms`; standing either way."""
        state = statefile.load(path, ClockState)
        if state is None:
            state = ClockState(first_ms, 0)
            statefile.save(path, state)
        return cls(state, lambda new: statefile.save(path, new), speed, monotonic)

    def now_ms(self) -> int:
        """Demo time, milliseconds since the epoch."""
        with self._lock:
            if self._since is not None:
                self._run(self._since)
            return self.start_ms + self._told_ms

    def start(self) -> None:
        """Let it run, from the time it stands at."""
        with self._lock:
            if self._since is None:
                self._since, self._base_ms = self._monotonic(), self._told_ms

    def stop(self) -> None:
        """Let it stand, and store the time it stands at: the way an orderly stop skips nothing."""
        with self._lock:
            if self._since is None:
                return
            self._run(self._since)
            self._since = None
            self._store(self._told_ms, speed=0.0)

    def _run(self, since: float) -> None:
        wanted = self._base_ms + int((self._monotonic() - since) * 1_000 * self._speed)
        if wanted > self._leased_ms - _RENEW_MS * self._speed:
            self._store(wanted + int(LEASE_MS * self._speed), speed=self._speed)
        self._told_ms = max(self._told_ms, min(wanted, self._leased_ms))

    def _store(self, leased_ms: int, speed: float) -> None:
        try:
            self._keep(ClockState(self.start_ms, leased_ms, speed, self._real.now_ms()))
        except OSError as error:
            if not self._failed:
                log.warning("the demo's clock stands: its state cannot be written", reason=error.strerror)
            self._failed = True
        else:
            self._leased_ms, self._failed = leased_ms, False
