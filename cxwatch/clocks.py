"""Which clock the numbers in a data folder go by: the machine's, or that of the demo that made them."""

from __future__ import annotations

from cxwatch.demo import folder
from cxwatch.demo.clock import StoredClock
from cxwatch.settings import Settings
from streams.clock import Clock, SystemClock


def clock_of(settings: Settings) -> Clock:
    """The product's clock for commands that run beside it or after it."""
    path = folder.clock_path(settings)
    return StoredClock(path, SystemClock()) if path.exists() else SystemClock()
