"""Which incident a case is a part of: the one that was going on at its place when its customer was hurt. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from alerting import store
from alerting.incidents import covers
from alerting.records import Case, Incident
from streams.clock import DAY_MS
from streams.records import Segment

BEFORE_MS = DAY_MS  # a case is opened by its flag, which can come that long after what happened


def incident_of(case: Case, incidents: Iterable[Incident]) -> int | None:
    """The number of the incident, the newest where several fit; None where there is none."""
    place = Segment(case.channel, case.stage)
    fitting = [incident.number for incident in incidents if _fits(incident, place, case)]
    return max(fitting, default=None)


def _fits(incident: Incident, place: Segment, case: Case) -> bool:
    end_ms = incident.resolved_ms
    if incident.spam or incident.operations or not covers(incident.named, place):
        return False
    return case.last_flag_ms >= incident.naming.since_ms and (end_ms is None or case.opened_ms <= end_ms)


def incidents_around(conn: Connection, cases: Sequence[Case]) -> list[Incident]:
    """The incidents that cases could be part of."""
    if not cases:
        return []
    first_ms = min(case.opened_ms for case in cases) - BEFORE_MS
    return store.read_current(conn, first_ms, lock=False)
