"""What the settings page shows beside the settings: how many alerts there were lately, and what was refused."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, func, select

from alerting.tables import incidents
from streams.clock import DAY_MS
from streams.store.tables import dead_letters

RECORD_DAYS = 28
REFUSED_MAX = 5


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """Incidents of the last 28 days: `paged` were told to people, `taken` of them by somebody, `spam` was held back."""

    paged: int
    taken: int
    spam: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Why events were refused: which field broke which rule, how often, and when last."""

    field: str
    rule: str
    times: int
    last_ms: int


def read_alert_record(conn: Connection, now_ms: int) -> AlertRecord:
    """Of everything that was opened in the 28 days up to now."""
    c = incidents.c
    told = and_(c.spam.is_(False), c.firing_ms <= now_ms)
    row = conn.execute(
        select(
            func.coalesce(func.sum(case((told, 1), else_=0)), 0),
            func.coalesce(func.sum(case((and_(told, c.acknowledged_ms.is_not(None)), 1), else_=0)), 0),
            func.coalesce(func.sum(case((c.spam.is_(True), 1), else_=0)), 0),
        ).where(c.opened_ms > now_ms - RECORD_DAYS * DAY_MS)
    ).one()
    return AlertRecord(*(int(n) for n in row))


def read_refused(conn: Connection) -> list[Refused]:
    """The most frequent reasons among the letters that are kept. Never what was sent: it may be anything."""
    c = dead_letters.c
    times = func.sum(c.times)
    query = (
        select(c.field, c.rule, times, func.max(c.last_ms))
        .where(c.state == "kept")
        .group_by(c.field, c.rule)
        .order_by(times.desc(), c.field)
        .limit(REFUSED_MAX)
    )
    return [Refused(field, rule, int(n), int(last)) for field, rule, n, last in conn.execute(query)]
