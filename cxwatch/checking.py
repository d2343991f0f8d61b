"""One finding of `cxwatch doctor`, and the one that every log ends with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from streams.clock import rfc3339
from streams.store.progress import newest_event_ms, next_offsets, unmeasured


class Check(NamedTuple):
    """What was looked at, how it is, and what to do about it."""

    name: str
    state: Literal["ok", "note", "failed"]
    text: str


def how_far(conn: Connection, partitions: int, ends: Mapping[int, int]) -> Check:
    """A log that is in order: how much of it waits, and how new it is."""
    lag, newest = unmeasured(next_offsets(conn), ends), newest_event_ms(conn)
    seen = "no event yet" if newest is None else f"newest event {rfc3339(newest)}"
    return Check("log", "ok", f"{partitions} partitions, {lag:,} records wait to be measured, {seen}")
