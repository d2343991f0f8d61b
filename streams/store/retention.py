"""What is old enough to go: bounded deletes, a slice at a time, so that nobody waits for a long lock."""

from __future__ import annotations

from sqlalchemy import Connection, Table, delete, select

from streams.clock import DAY_MS, MINUTES_PER_DAY, minute_of
from streams.settings import MeasureSettings
from streams.store.tables import customers, feedback, hour_panes, panes

SLICE = 2_000
JOURNEY_DAYS = 400  # a customer without an event for so long is forgotten as a customer


def expire(conn: Connection, now_ms: int, settings: MeasureSettings) -> int:
    """Delete one slice of what has outlived its retention; how many rows went. Call again until it is 0."""
    today = minute_of(now_ms)
    gone = _panes(conn, panes, today - settings.minute_pane_days * MINUTES_PER_DAY)
    gone += _panes(conn, hour_panes, today - settings.hour_pane_days * MINUTES_PER_DAY)
    old_answers = select(feedback.c.key).where(feedback.c.time_ms < now_ms - settings.feedback_days * DAY_MS)
    gone += conn.execute(delete(feedback).where(feedback.c.key.in_(old_answers.limit(SLICE)))).rowcount
    silent = select(customers.c.customer).where(customers.c.last_ms < now_ms - JOURNEY_DAYS * DAY_MS).limit(SLICE)
    before = customers.c.last_ms < now_ms - JOURNEY_DAYS * DAY_MS
    return gone + conn.execute(delete(customers).where(customers.c.customer.in_(silent), before)).rowcount


def _panes(conn: Connection, table: Table, before_minute: int) -> int:
    """Delete whole minutes, oldest first, some minutes a slice."""
    minutes = select(table.c.minute).where(table.c.minute < before_minute).distinct().order_by(table.c.minute).limit(60)
    return conn.execute(delete(table).where(table.c.minute.in_(minutes))).rowcount
