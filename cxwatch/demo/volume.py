"""Makes up for the thinned history where the usual volume is learned from it.

The history tells only one journey in ten or so. Shares and scores do not mind; but a baseline that took its hours for
all there was would find the live day ten times as busy as usual, and alert on everything. So the journeys that were
left out are drawn here, hour by hour: counts multiplied by ten would scatter ten times as much as independent events
do, and a detector that has learned to expect that waits ten times as long.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np
from sqlalchemy import Connection

from detectors.kinds import HoursOfKind
from streams.clock import MINUTES_PER_DAY, MINUTES_PER_HOUR, hour_start, minute_of
from streams.records import LeafMinute
from streams.store.minutes import Kind

Counts = np.ndarray[Any, np.dtype[np.int64]]  # an hour a row: good, bad again, bad for the first time
HOURS_PER_DAY = MINUTES_PER_DAY // MINUTES_PER_HOUR


def at_full_volume(hours: HoursOfKind, live_ms: int, share: float) -> HoursOfKind:
    """Hour totals with those before the live day brought to full volume; `share` is what the history keeps of it."""
    live_minute = hour_start(minute_of(live_ms))
    full: dict[Kind, dict[int, list[LeafMinute]]] = {}

    def filled(conn: Connection, from_minute: int, to_minute: int, kind: Kind = "answers") -> Sequence[LeafMinute]:
        if kind not in full:
            full[kind] = _filled(hours(conn, 0, live_minute, kind), kind, share)
        past = full[kind]
        starts = range(hour_start(from_minute), min(to_minute, live_minute), MINUTES_PER_HOUR)
        found = [row for start in starts if start >= from_minute for row in past.get(start, ())]
        return [*found, *hours(conn, max(from_minute, live_minute), to_minute, kind)]

    return filled


def _filled(rows: Sequence[LeafMinute], kind: Kind, share: float) -> dict[int, list[LeafMinute]]:
    """By hour: what the history tells, and what its like would be in the part that it leaves out.

    Events of a kind come independently, so that those left out are a Poisson number of the same daily rhythm.
    """
    if not rows:
        return {}
    first, last = min(row.minute for row in rows), max(row.minute for row in rows)
    starts = range(first, last + 1, MINUTES_PER_HOUR)
    days = len(starts) / HOURS_PER_DAY
    told: dict[tuple[str, str], Counts] = defaultdict(lambda: np.zeros((len(starts), 3), np.int64))
    for row in rows:
        at = (row.minute - first) // MINUTES_PER_HOUR
        told[row.channel, row.stage][at] += (row.n - row.bad, row.bad - row.bad_first, row.bad_first)
    found: dict[int, list[LeafMinute]] = defaultdict(list)
    for (channel, stage), counts in sorted(told.items()):
        draw = np.random.default_rng(crc32(f"{kind} {channel} {stage}".encode()))
        rhythm = np.stack([counts[hour::HOURS_PER_DAY].sum(axis=0) for hour in range(HOURS_PER_DAY)]) / max(days, 1.0)
        left_out = np.resize(rhythm, counts.shape) * (1 - share) / share
        for start, (good, again, bad_first) in zip(starts, (counts + draw.poisson(left_out)).tolist(), strict=True):
            if n := good + again + bad_first:
                found[start].append(LeafMinute(start, channel, stage, n, again + bad_first, bad_first))
    return found
