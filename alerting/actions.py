"""What people do to incidents: transitions by compare-and-set on the version, each with its history line.

The same functions serve the API, Slack's buttons and the command line. Nobody here commits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection

from alerting import incidents, outbox, store
from alerting.doing import NOTE_MAX, Doing, NotPossible, NotThere, Stale, minutes_within, moved_on
from alerting.records import Event, Incident
from alerting.settings import AlertSettings
from alerting.text import clean, duration
from streams.clock import MINUTE_MS


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
    until_ms = doing.at_ms + minutes_within(minutes) * MINUTE_MS

    def change(incident: Incident) -> tuple[Incident, str]:
        _unresolved(incident)
        slept = replace(incident, snoozed_until_ms=until_ms)
        return slept, f"Snoozed by {doing.actor} for {duration(minutes * MINUTE_MS)}."

    return _incident(conn, settings, number, version, doing, kind="snoozed", change=change)


def mark_spam(
    conn: Connection, settings: AlertSettings, number: int, version: int, doing: Doing, *, spam: bool = True
) -> Incident:
    """Say that these answers are probably not customers', or that they are after all."""

    def change(incident: Incident) -> tuple[Incident, str]:
        _unresolved(incident)
        if incident.spam == spam:
            raise NotPossible(f"#{number} is marked {'as possible spam' if spam else 'as real'} already")
        if not spam:
            told = tuple(replace(member, page=True) for member in incident.members)
            return replace(incident, spam=False, spam_reason=None, members=told), f"Not spam, says {doing.actor}."
        marked = replace(incident, spam=True, spam_reason=f"{incidents.MARKED}{doing.actor}")
        return marked, f"Marked as possible spam by {doing.actor}. No more notes until it ends."

    return _incident(conn, settings, number, version, doing, kind="spam" if spam else "not_spam", change=change)


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


def reopen(conn: Connection, settings: AlertSettings, number: int, version: int, doing: Doing) -> Incident:
    """Open a resolved incident again by hand: whoever does it has taken it."""

    def change(incident: Incident) -> tuple[Incident, str]:
        if incident.state != "resolved":
            raise NotPossible(f"#{number} is {incident.state}, so there is nothing to reopen")
        newer = store.newest_open_at(conn, incident.named)
        if newer is not None:
            raise NotPossible(f"#{number} went on as #{newer}: look there")
        return incidents.reopened_by(incident, doing.actor, doing.at_ms), f"Reopened by {doing.actor}."

    return _incident(conn, settings, number, version, doing, kind="reopened", change=change)


def hand_over(
    conn: Connection, settings: AlertSettings, number: int, version: int, doing: Doing, *, to: str
) -> Incident:
    """Give an incident to somebody else, who counts as having taken it."""
    name = clean(to, 100)

    def change(incident: Incident) -> tuple[Incident, str]:
        _unresolved(incident)
        if not name:
            raise NotPossible(f"#{number}: say to whom it goes")
        taken_ms = incident.acknowledged_ms if incident.acknowledged_ms is not None else doing.at_ms
        given = replace(incident, state="acknowledged", acknowledged_ms=taken_ms, acknowledged_by=name)
        return given, f"Handed over to {name} by {doing.actor}."

    return _incident(conn, settings, number, version, doing, kind="handed_over", change=change)


def add_note(
    conn: Connection, settings: AlertSettings, number: int, version: int, doing: Doing, *, said: str
) -> Incident:
    """Leave a note for the team. It stays in the product: what people type is not posted."""
    text = clean(said, NOTE_MAX)

    def change(incident: Incident) -> tuple[Incident, str]:
        if not text:
            raise NotPossible(f"#{number}: the note is empty")
        return incident, text

    return _incident(conn, settings, number, version, doing, kind="note", change=change)


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
    before = store.read_incident(conn, number, lock=True)
    if before is None:
        raise NotThere(f"there is no incident #{number}")
    if before.version != version:
        raise Stale(moved_on(f"#{number}", version, before.version))
    after, text = change(before)
    after = replace(after, version=version + 1, updated_ms=doing.at_ms)
    if not store.save_transition(conn, after, version):
        raise Stale(moved_on(f"#{number}", version, None))
    if after.members != before.members:
        store.save_members(conn, after)
    store.add_incident_event(conn, number, Event(doing.at_ms, kind, doing.actor, text, after.version))
    told = outbox.read(conn, outbox.outbox_id("incident", number)) is not None
    if kind == "not_spam" or (told and kind != "note"):
        target = settings.target("incident", after.named, after.severity)
        outbox.want(conn, "incident", number, target, after.firing_ms)
        outbox.note(conn, "incident", number, doing.at_ms, text)
    return after
