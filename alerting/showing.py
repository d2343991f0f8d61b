"""Incidents and cases as the API, the pages and the command line show them.

An incident with its evidence up to now; a case with priority, incident, contact log and permission.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from alerting import case_wire, caseactions, casebook, contactlog, incident_wire, store, wire
from alerting.belonging import incident_of, incidents_around
from alerting.doing import NotThere
from alerting.incidents import with_curves
from alerting.priority import parts
from alerting.records import Case, Incident
from alerting.settings import AlertSettings
from detectors.watched import curve_now


def read_shown(conn: Connection, number: int) -> Incident | None:
    """One incident, the curves of its open members up to the last closed minute; None if there is no such number."""
    incident = store.read_incident(conn, number)
    if incident is None:
        return None
    curves = {m.segment: curve_now(conn, m.segment, m.metric) for m in incident.members if m.open}
    return with_curves(incident, curves)


def incident_detail(conn: Connection, number: int, now_ms: int) -> incident_wire.IncidentDetail:
    """One incident with all that belongs to it. Raises NotThere."""
    incident = read_shown(conn, number)
    if incident is None:
        raise NotThere(f"there is no incident #{number}")
    return incident_wire.incident_detail(incident, store.incident_history(conn, number), now_ms)


def case_rows(conn: Connection, cases: Sequence[Case], now_ms: int, settings: AlertSettings) -> list[case_wire.CaseRow]:
    """Cases in the order given."""
    around = incidents_around(conn, cases)
    return [
        case_wire.case_row(case, parts(case, now_ms, settings), now_ms, incident_of(case, around)) for case in cases
    ]


def case_detail(conn: Connection, case_id: int, now_ms: int, settings: AlertSettings) -> case_wire.CaseDetail:
    """One case with all that belongs to it. Raises NotThere."""
    case = casebook.read_case(conn, case_id)
    if case is None:
        raise NotThere(f"there is no case {case_id}")
    (row,) = case_rows(conn, [case], now_ms, settings)
    return case_wire.CaseDetail(
        case=row,
        permission=case_wire.permission_row(caseactions.permission_of(conn, settings, case, now_ms)),
        contacts=[case_wire.contact_row(made) for made in contactlog.of_case(conn, case_id)],
        history=[wire.event_row(event) for event in casebook.case_history(conn, case_id)],
    )
