"""Windows, read from panes: short ones from minutes, long ones from hours. Rollups are derived, never stored."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, Table, select

from streams.clock import HOUR_MS, minute_of
from streams.panes import CONTACT, INTERACTION, decode_counts
from streams.records import Segment, WindowName, WindowSnapshot
from streams.store.tables import hour_panes, panes
from streams.windows import WINDOWS, Leaf, bounds, snapshots


def read_windows(
    conn: Connection,
    now_ms: int,
    *,
    min_n: int,
    closed_to: int | None = None,
    window: WindowName | None = None,
    metric: str | None = None,
    channel: str | None = None,
    stage: str | None = None,
    survey_kind: str | None = None,
    partitions: Collection[int] | None = None,
) -> list[WindowSnapshot]:
    """The current windows of every segment, rollups included: one row a (segment, metric, kind, window), n > 0.

    A filter on channel or stage keeps the rows whose segment names just that one; the rollups over it go. `now_ms`
    is the product's clock at reading, `closed_to` the first minute that is not closed yet. With `partitions` only
    what these counted is in it.
    """
    found: list[WindowSnapshot] = []
    for name in [window] if window else list(WINDOWS):
        start_ms, end_ms = bounds(name, now_ms)
        found += read_window(
            conn, name, start_ms, end_ms, min_n=min_n, closed_to=closed_to, metric=metric, partitions=partitions
        )
    return [
        snapshot
        for snapshot in found
        if (channel is None or snapshot.segment.channel == channel)
        and (stage is None or snapshot.segment.stage == stage)
        and (survey_kind is None or snapshot.survey_kind == survey_kind)
    ]


def read_window(
    conn: Connection,
    window: WindowName,
    start_ms: int,
    end_ms: int,
    *,
    min_n: int,
    closed_to: int | None = None,
    metric: str | None = None,
    partitions: Collection[int] | None = None,
) -> list[WindowSnapshot]:
    """The windows of one length that end at `end_ms`, of now or of the past."""
    whole_hours = start_ms % HOUR_MS == 0 and end_ms % HOUR_MS == 0
    table = panes if WINDOWS[window].step == "minute" and not whole_hours else hour_panes
    final = closed_to is not None and closed_to >= minute_of(end_ms)
    leaves = _leaves(conn, table, minute_of(start_ms), minute_of(end_ms), metric, partitions)
    return snapshots(leaves, window, start_ms, end_ms, final, min_n)


def _leaves(
    conn: Connection,
    table: Table,
    from_minute: int,
    to_minute: int,
    metric: str | None,
    partitions: Collection[int] | None,
) -> Iterator[Leaf]:
    c = table.c
    query = select(c.channel, c.stage, c.metric, c.survey_kind, c.counts).where(
        c.minute >= from_minute, c.minute < to_minute, c.metric.not_in((INTERACTION, CONTACT))
    )
    if metric is not None:
        query = query.where(c.metric == metric)
    if partitions is not None:
        query = query.where(c.partition.in_(sorted(partitions)))
    for channel, stage, name, kind, counts in conn.execute(query):
        yield Segment(channel, stage), name, kind, decode_counts(counts)
