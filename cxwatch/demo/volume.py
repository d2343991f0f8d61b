"""Makes up for the thinned history where the usual volume is learned from it.

The history tells only one journey in ten or so. Shares and scores do not mind; but a baseline that took its hours
for all there was would find the live day ten times as busy as usual, and alert on everything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from streams.clock import minute_of
from streams.records import LeafMinute

Hours = Callable[[Connection, int, int], Sequence[LeafMinute]]


def at_full_volume(hours: Hours, live_ms: int, share: float) -> Hours:
    """Hour totals with those before the live day brought to full volume; `share` is what the history keeps of it."""
    live_minute = minute_of(live_ms)

    def scaled(tx: Connection, from_minute: int, to_minute: int) -> Sequence[LeafMinute]:
        return [
            replace(row, n=_up(row.n, share), bad=_up(row.bad, share), bad_first=_up(row.bad_first, share))
            if row.minute < live_minute
            else row
            for row in hours(tx, from_minute, to_minute)
        ]

    return scaled


def _up(count: int, share: float) -> int:
    return round(count / share)
