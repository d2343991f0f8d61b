"""Cases as the API, the command line and exports show them: with priority, incident, contact log and permission."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from alerting import caseactions, casebook, contactlog, wire
from alerting.belonging import incident_of, incidents_around
from alerting.doing import NotThere
from alerting.priority import parts
from alerting.records import Case
from alerting.settings import AlertSettings


def case_rows(conn: Connection, cases: Sequence[Case], now_ms: int, settings: AlertSettings) -> list[wire.CaseRow]:
    """Cases in the order given."""
    around = incidents_around(conn, cases)
    return [wire.case_row(case, parts(case, now_ms, settings), now_ms, incident_of(case, around)) for case in cases]


def case_detail(conn: Connection, case_id: int, now_ms: int, settings: AlertSettings) -> wire.CaseDetail:
    """One case with all that belongs to it. Raises NotThere."""
    case = casebook.read_case(conn, case_id)
    if case is None:
        raise NotThere(f"there is no case {case_id}")
    (row,) = case_rows(conn, [case], now_ms, settings)
    return wire.CaseDetail(
        case=row,
        permission=wire.permission_row(caseactions.permission_of(conn, settings, case, now_ms)),
        contacts=[wire.contact_row(made) for made in contactlog.of_case(conn, case_id)],
        history=[wire.event_row(event) for event in casebook.case_history(conn, case_id)],
    )
