"""What time alone brings about: reminders that nobody has taken an incident, and clocks of cases that run out.

It runs beside the deliveries, so clocks run on while no data comes. Each thing happens once: the row says so.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, and_, or_, select, update

from alerting import casebook, outbox, store
from alerting.caseactions import missed_event
from alerting.clocks import CLOCK_WORDS, newly_missed
from alerting.records import Case, Event, Incident
from alerting.settings import AlertSettings
from alerting.tables import cases, incidents
from alerting.text import clock_time, duration
from streams.clock import MINUTE_MS
from streams.records import Segment

BATCH_MAX = 200


def due(conn: Connection, now_ms: int, settings: AlertSettings) -> tuple[list[int], list[int]]:
    """Numbers of incidents to remind of, and of cases with a clock that ran out unseen."""
    return _untaken(conn, now_ms, settings), _late(conn, now_ms)


def tick(conn: Connection, now_ms: int, settings: AlertSettings) -> int:
    """Do what is due; how much that was. The caller commits."""
    untaken, late = due(conn, now_ms, settings)
    for number in untaken:
        incident = store.read_incident(conn, number, lock=True)
        if incident is not None and _reminder_due(incident, now_ms, settings):
            _remind(conn, incident, now_ms, settings)
    for case_id in late:
        case = casebook.read_case(conn, case_id, lock=True)
        if case is not None:
            _miss(conn, case, now_ms, settings)
    return len(untaken) + len(late)


def _untaken(conn: Connection, now_ms: int, settings: AlertSettings) -> list[int]:
    if not settings.reminder_minutes:
        return []
    c = incidents.c
    earliest_ms = now_ms - settings.reminder_minutes[0] * MINUTE_MS
    query = select(c.number).where(
        c.state == "firing", c.firing_ms <= earliest_ms, c.reminders < len(settings.reminder_minutes)
    )
    numbers = conn.execute(query.order_by(c.number).limit(BATCH_MAX)).scalars().all()
    found = (store.read_incident(conn, number) for number in numbers)
    return [i.number for i in found if i is not None and _reminder_due(i, now_ms, settings)]


def _reminder_due(incident: Incident, now_ms: int, settings: AlertSettings) -> bool:
    if incident.state != "firing" or incident.spam or not incident.page:
        return False
    if incident.snoozed_until_ms is not None and incident.snoozed_until_ms > now_ms:
        return False
    steps = settings.reminder_minutes
    return incident.reminders < len(steps) and now_ms >= incident.firing_ms + steps[incident.reminders] * MINUTE_MS


def _remind(conn: Connection, incident: Incident, now_ms: int, settings: AlertSettings) -> None:
    # After a night without this process one reminder is enough, not all that were due.
    waited = (now_ms - incident.firing_ms) // MINUTE_MS
    count = sum(minutes <= waited for minutes in settings.reminder_minutes)
    number = incident.number
    # The version stays: whoever looks at the incident now may still take it.
    conn.execute(update(incidents).where(incidents.c.number == number).values(reminders=count, updated_ms=now_ms))
    text = f"! Nobody has taken this for {duration(now_ms - incident.firing_ms)}."
    store.add_incident_event(conn, number, Event(now_ms, "reminded", None, text, incident.version))
    if outbox.read(conn, outbox.outbox_id("incident", number)) is not None:
        target = settings.target("incident", incident.named, incident.severity)
        outbox.want(conn, "incident", number, target, incident.firing_ms)
        outbox.note(conn, "incident", number, now_ms, text)


def _late(conn: Connection, now_ms: int) -> list[int]:
    c = cases.c
    ran_out = or_(
        and_(c.first_contact_due_ms < now_ms, c.contacted_ms.is_(None), c.first_missed_ms.is_(None)),
        and_(c.next_contact_due_ms < now_ms, c.next_missed_ms.is_(None)),
        and_(c.resolution_due_ms < now_ms, c.resolution_missed_ms.is_(None)),
    )
    query = select(c.case_id).where(c.closed_ms.is_(None), ran_out).order_by(c.case_id).limit(BATCH_MAX)
    return list(conn.execute(query).scalars())


def _miss(conn: Connection, case: Case, now_ms: int, settings: AlertSettings) -> None:
    after, missed = newly_missed(case, now_ms)
    if not missed:
        return
    # The version stays: an agent on the phone must be able to save what was said.
    casebook.save_case(conn, replace(after, updated_ms=now_ms))
    target = settings.target("case", Segment(case.channel, case.stage))
    outbox.want(conn, "case", case.case_id, target, now_ms)
    for clock in missed:
        casebook.add_case_event(conn, case.case_id, missed_event(clock.name, clock.due_ms, case, now_ms, settings))
        due_at = clock_time(clock.due_ms, now_ms, settings.timezone)
        outbox.note(conn, "case", case.case_id, now_ms, f"! {CLOCK_WORDS[clock.name]} is overdue: it was due {due_at}.")
