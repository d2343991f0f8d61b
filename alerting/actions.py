"""What people do to incidents and cases: transitions by compare-and-set on the version, each with its history line.

The same functions serve the API, Slack's buttons and the command line. Nobody here commits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection

from alerting import casebook, incidents, outbox, store
from alerting.records import Case, CaseState, Event, Incident
from alerting.settings import AlertSettings
from alerting.text import clean, duration
from streams.clock import MINUTE_MS
from streams.records import Segment

SNOOZE_MINUTES_MAX = 7 * 24 * 60
NOTE_MAX = 2_000
ACTOR_MAX = 100

Outcome = Literal["recovered", "not_recovered", "closed_without_contact"]


class ActionError(ValueError):
    """The action cannot be done; the text says why and what to do."""


class NotThere(ActionError):
    """There is no such incident or case."""


class Stale(ActionError):
    """Somebody else was faster: the version has moved on."""


class NotPossible(ActionError):
    """Not in this state."""


@dataclass(frozen=True, slots=True)
class Doing:
    """Who does it and when (product time)."""

    actor: str
    at_ms: int


def acknowledge(conn: Connection, settings: AlertSettings, number: int, version: int, doing: Doing) -> Incident:
    """Take an incident. One that is resolved stays resolved."""

    def change(incident: Incident) -> tuple[Incident, str]:
        if incident.state != "firing":
            raise NotPossible(f"#{number} is {incident.state} already")
        taken = replace(incident, state="acknowledged", acknowledged_ms=doing.at_ms, acknowledged_by=doing.actor)
        after = duration(doing.at_ms - incident.firing_ms)
        return taken, f"Acknowledged by {doing.actor} after {after}."

    return _incident(conn, settings, number, version, doing, kind="acknowledged", change=change)


def snooze(
    conn: Connection, settings: AlertSettings, number: int, version: int, doing: Doing, *, minutes: int = 60
) -> Incident:
    """Leave no notes for a while; the message still tells the newest numbers."""
    until_ms = doing.at_ms + _minutes(minutes) * MINUTE_MS

    def change(incident: Incident) -> tuple[Incident, str]:
        _unresolved(incident)
        slept = replace(incident, snoozed_until_ms=until_ms)
        return slept, f"Snoozed by {doing.actor} for {duration(minutes * MINUTE_MS)}."

    return _incident(conn, settings, number, version, doing, kind="snoozed", change=change)


def mark_spam(conn: Connection, settings: AlertSettings, number: int, version: int, doing: Doing) -> Incident:
    """Say that these answers are probably not customers'."""

    def change(incident: Incident) -> tuple[Incident, str]:
        _unresolved(incident)
        return replace(incident, spam=True), f"Marked as possible spam by {doing.actor}. No more notes until it ends."

    return _incident(conn, settings, number, version, doing, kind="spam", change=change)


def resolve(conn: Connection, settings: AlertSettings, number: int, version: int, doing: Doing) -> Incident:
    """Close an incident by hand."""

    def change(incident: Incident) -> tuple[Incident, str]:
        _unresolved(incident)
        over = incidents.resolved(incident, doing.at_ms, doing.actor)
        return replace(over, version=incident.version), f"Resolved by {doing.actor}."

    return _incident(conn, settings, number, version, doing, kind="resolved", change=change)


def _unresolved(incident: Incident) -> None:
    if incident.state == "resolved":
        raise NotPossible(f"#{incident.number} is resolved already")


def _minutes(minutes: int) -> int:
    if not 1 <= minutes <= SNOOZE_MINUTES_MAX:
        raise NotPossible(f"minutes must be from 1 to {SNOOZE_MINUTES_MAX}, not {minutes}")
    return minutes


def _incident(
    conn: Connection,
    settings: AlertSettings,
    number: int,
    version: int,
    doing: Doing,
    *,
    kind: str,
    change: Callable[[Incident], tuple[Incident, str]],
) -> Incident:
    before = store.read_incident(conn, number)
    if before is None:
        raise NotThere(f"there is no incident #{number}")
    if before.version != version:
        raise Stale(_moved_on(f"#{number}", version, before.version))
    after, text = change(before)
    after = replace(after, version=version + 1, updated_ms=doing.at_ms)
    if not store.save_transition(conn, after, version):
        raise Stale(_moved_on(f"#{number}", version, None))
    store.add_incident_event(conn, number, Event(doing.at_ms, kind, doing.actor, text, after.version))
    if outbox.read(conn, outbox.outbox_id("incident", number)) is not None:
        target = settings.target("incident", after.named, after.severity)
        outbox.want(conn, "incident", number, target, after.firing_ms)
        outbox.note(conn, "incident", number, doing.at_ms, text)
    return after


def claim(conn: Connection, settings: AlertSettings, case_id: int, version: int, doing: Doing) -> Case:
    """Take a case: of two who try, one wins."""

    def change(case: Case) -> tuple[Case, str]:
        _in_state(case, ("open",))
        return replace(case, state="claimed", claimed_by=doing.actor), f"Claimed by {doing.actor}."

    return _case(conn, settings, case_id, version, doing, kind="claimed", change=change)


def contact(
    conn: Connection, settings: AlertSettings, case_id: int, version: int, doing: Doing, *, said: str = ""
) -> Case:
    """Say that the customer was reached."""

    def change(case: Case) -> tuple[Case, str]:
        _in_state(case, ("open", "claimed", "contacted"))
        contacted_ms = case.contacted_ms if case.contacted_ms is not None else doing.at_ms
        reached = replace(case, state="contacted", contacted_ms=contacted_ms, claimed_by=case.claimed_by or doing.actor)
        return reached, clean(f"Contacted by {doing.actor}. {said}", NOTE_MAX)

    return _case(conn, settings, case_id, version, doing, kind="contacted", change=change)


def close(
    conn: Connection,
    settings: AlertSettings,
    case_id: int,
    version: int,
    doing: Doing,
    *,
    outcome: Outcome,
    reason: str = "",
) -> Case:
    """End a case with its outcome; without contact only with a reason."""

    def change(case: Case) -> tuple[Case, str]:
        _in_state(case, ("open", "claimed", "contacted"))
        if outcome != "closed_without_contact" and case.contacted_ms is None:
            raise NotPossible(f"case {case_id}: nobody was contacted yet, so close it without contact, with a reason")
        if outcome == "closed_without_contact" and not reason.strip():
            raise NotPossible("closing without contact needs a reason")
        state: CaseState = outcome
        why = clean(reason, NOTE_MAX) or None
        ended = replace(case, state=state, closed_ms=doing.at_ms, closed_reason=why, snoozed_until_ms=None)
        return ended, clean(f"{outcome.replace('_', ' ').capitalize()}, by {doing.actor}. {reason}", NOTE_MAX)

    return _case(conn, settings, case_id, version, doing, kind=outcome, change=change)


def snooze_case(
    conn: Connection, settings: AlertSettings, case_id: int, version: int, doing: Doing, *, minutes: int = 30
) -> Case:
    """Put a case aside for a while; its clocks run on."""
    until_ms = doing.at_ms + _minutes(minutes) * MINUTE_MS

    def change(case: Case) -> tuple[Case, str]:
        _in_state(case, ("open", "claimed", "contacted"))
        text = f"Snoozed by {doing.actor} for {duration(minutes * MINUTE_MS)}."
        return replace(case, snoozed_until_ms=until_ms), text

    return _case(conn, settings, case_id, version, doing, kind="snoozed", change=change)


def _in_state(case: Case, states: tuple[CaseState, ...]) -> None:
    if case.state not in states:
        by = f" by {case.claimed_by}" if case.claimed_by else ""
        raise NotPossible(f"case {case.case_id} is {case.state.replace('_', ' ')}{by}")


def _case(
    conn: Connection,
    settings: AlertSettings,
    case_id: int,
    version: int,
    doing: Doing,
    *,
    kind: str,
    change: Callable[[Case], tuple[Case, str]],
) -> Case:
    before = casebook.read_case(conn, case_id)
    if before is None:
        raise NotThere(f"there is no case {case_id}")
    if before.version != version:
        raise Stale(_moved_on(f"case {case_id}", version, before.version))
    after, text = change(before)
    after = replace(after, version=version + 1, updated_ms=doing.at_ms)
    if not casebook.save_transition(conn, after, version):
        raise Stale(_moved_on(f"case {case_id}", version, None))
    casebook.add_case_event(conn, case_id, Event(doing.at_ms, kind, doing.actor, text, after.version))
    target = settings.target("case", Segment(after.channel, after.stage))
    outbox.want(conn, "case", case_id, target, after.opened_ms)
    # The thread says who did what; words that a person typed stay in the product.
    outbox.note(conn, "case", case_id, doing.at_ms, f"{kind.replace('_', ' ').capitalize()} by {doing.actor}.")
    return after


def _moved_on(what: str, version: int, now: int | None) -> str:
    newest = "" if now is None else f", it is {now} now"
    return f"somebody else was faster: {what} is no longer at version {version}{newest}; read it again"
