"""Panes of one partition, read back into memory."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Table, bindparam, select

from streams.panes import Pane, PaneKey, Sketch, decode_counts
from streams.store.dialect import among, in_parts
from streams.store.tables import hour_panes, panes

_NEWEST = {  # built once a table
    table: select(table.c.minute).where(table.c.partition == bindparam("this")).order_by(table.c.minute.desc()).limit(1)
    for table in (panes, hour_panes)
}


def load_panes(conn: Connection, table: Table, partition: int, minutes: Sequence[int]) -> dict[PaneKey, Pane]:
    """All panes of these minutes (first minutes of hours for `hour_panes`) that this partition wrote."""
    found: dict[PaneKey, Pane] = {}
    for part in in_parts(conn, minutes):
        query = select(table).where(among(conn, table.c.minute, part), table.c.partition == partition)
        for row in conn.execute(query):
            key = PaneKey(row.minute, row.channel, row.stage, row.metric, row.survey_kind)
            found[key] = Pane(
                counts=decode_counts(row.counts),
                bad=row.bad,
                bad_first=row.bad_first,
                live_n=row.live_n,
                live_bad=row.live_bad,
                live_bad_first=row.live_bad_first,
                waits=None if row.waits is None else Sketch.from_bytes(row.waits),
                durations=None if row.durations is None else Sketch.from_bytes(row.durations),
                overruns=None if row.overruns is None else Sketch.from_bytes(row.overruns),
            )
    return found


def last_minute(conn: Connection, table: Table, partition: int) -> int:
    """The newest minute this partition has written, -1 before the first."""
    minute: int | None = conn.execute(_NEWEST[table], {"this": partition}).scalar()
    return -1 if minute is None else minute
