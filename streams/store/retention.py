"""What is old enough to go: bounded deletes, a slice at a time, so that nobody waits for a long lock."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, false, not_, select, true

from streams.clock import DAY_MS, MINUTES_PER_DAY, minute_of
from streams.settings import MeasureSettings
from streams.store.tables import customers, feedback, hour_panes, panes

SLICE = 2_000
MINUTES_A_SLICE = 60
JOURNEY_DAYS = 400  # a customer without an event for so long is forgotten as a customer


def kept(table: Table, now_ms: int, settings: MeasureSettings) -> ColumnElement[bool]:
    """Which rows of a table have not outlived their retention at a time; all of them where none is set."""
    today = minute_of(now_ms)
    if table is panes:
        return panes.c.minute >= today - settings.minute_pane_days * MINUTES_PER_DAY
    if table is hour_panes:
        return hour_panes.c.minute >= today - settings.hour_pane_days * MINUTES_PER_DAY
    if table is feedback:
        return feedback.c.time_ms >= now_ms - settings.feedback_days * DAY_MS
    if table is customers:
        return customers.c.last_ms >= now_ms - JOURNEY_DAYS * DAY_MS
    return true()


def expire(conn: Connection, now_ms: int, settings: MeasureSettings, needed: ColumnElement[bool] | None = None) -> int:
    """Delete one slice of what has outlived its retention; how many rows went. Call again until it is 0.

    Minute panes that somebody still has to read (`needed`) stay until then.
    """
    unread = false() if needed is None else needed
    gone = _panes(conn, panes, and_(not_(kept(panes, now_ms, settings)), not_(unread)))
    gone += _panes(conn, hour_panes, not_(kept(hour_panes, now_ms, settings)))
    old = not_(kept(feedback, now_ms, settings))
    gone += conn.execute(
        delete(feedback).where(feedback.c.key.in_(select(feedback.c.key).where(old).limit(SLICE)))
    ).rowcount
    silent = not_(kept(customers, now_ms, settings))
    names = select(customers.c.customer).where(silent).limit(SLICE)
    return gone + conn.execute(delete(customers).where(customers.c.customer.in_(names), silent)).rowcount


def _panes(conn: Connection, table: Table, old: ColumnElement[bool]) -> int:
    """Delete whole minutes, oldest first, some minutes a slice."""
    minutes = select(table.c.minute).where(old).distinct().order_by(table.c.minute).limit(MINUTES_A_SLICE)
    return conn.execute(delete(table).where(table.c.minute.in_(minutes), old)).rowcount
