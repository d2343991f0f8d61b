"""Which minutes can be closed: pure, from how far each partition has been measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from streams.clock import SECOND_MS, minute_of
from streams.store.progress import Progress

MINUTES_FIRST = 60  # closed in a process's first round, when nobody knows yet what a minute costs here
MINUTES_MAX = 720  # closed a round: a long catch-up goes in steps
MINUTES_MIN = 5
ROUND_MS = 1_500  # what a round should take: far less than the lease lasts, which is renewed between rounds only


def minutes_next(closed: int, took_ms: int) -> int:
    """How many minutes the next round may close, when the last one took so long for `closed` of them.

    At most twice as many, so that one light stretch (a night) does not make the next round outlast the lease.

    >>> minutes_next(60, took_ms=100), minutes_next(60, took_ms=6_000)
    (120, 15)
    """
    fitting = closed * ROUND_MS // max(took_ms, 1)
    return max(MINUTES_MIN, min(fitting, 2 * closed, MINUTES_MAX))


def closeable_to(
    progress: Iterable[Progress], ends: Mapping[int, int], now_ms: int, lateness_seconds: int
) -> int | None:
    """The first minute that must stay open, None while nothing can be said.

    A partition read to its end as of `now_ms` holds nobody back; one behind holds everything at its watermark, the
    smaller of its greatest event time and its last append time. `ends` were read from the log before `now_ms`.
    """
    measured = {p.partition: p for p in progress}
    reached = [now_ms]
    for partition, end in ends.items():
        p = measured.get(partition)
        if p is None:
            if end > 0:
                return None
            continue
        if p.next_offset < end:
            if p.greatest_ms is None or p.append_ms is None:
                return None
            reached.append(min(p.greatest_ms, p.append_ms, now_ms))
    return minute_of(min(reached) - lateness_seconds * SECOND_MS)
