"""Makes up for the thinned history where the usual volume is learned from it.

The history tells only one journey in ten or so. Shares and scores do not mind; but a baseline that took its hours
for all there was would find the live day ten times as busy as usual, and alert on everything.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from detectors.kinds import HoursOfKind
from streams.clock import minute_of
from streams.records import LeafMinute
from streams.store.minutes import Kind


def at_full_volume(hours: HoursOfKind, live_ms: int, share: float) -> HoursOfKind:
    """Hour totals with those before the live day brought to full volume; `share` is what the history keeps of it."""
    live_minute = minute_of(live_ms)

    def scaled(conn: Connection, from_minute: int, to_minute: int, kind: Kind = "answers") -> Sequence[LeafMinute]:
        return [
            row._replace(n=_up(row.n, share), bad=_up(row.bad, share), bad_first=_up(row.bad_first, share))
            if row.minute < live_minute
            else row
            for row in hours(conn, from_minute, to_minute, kind)
        ]

    return scaled


def _up(count: int, share: float) -> int:
    return round(count / share)
