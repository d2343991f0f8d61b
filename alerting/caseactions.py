"""What people do to cases: claims, contacts, callbacks, outcomes. Compare-and-set on the version, with a line each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection

from alerting import casebook, contactlog, outbox
from alerting.clocks import CLOCK_WORDS, newly_missed, next_contact_due_ms
from alerting.doing import NOTE_MAX, Doing, NotPossible, NotThere, Stale, minutes_within, moved_on
from alerting.facts import facts_of
from alerting.permission import Permission, Way, permission
from alerting.records import Case, CaseState, ContactMade, Event
from alerting.settings import AlertSettings
from alerting.text import clean, clock_time, duration
from streams.clock import DAY_MS, MINUTE_MS
from streams.records import Segment

CALLBACK_DAYS_MAX = 90
REASON_CODE_MAX = 128

Outcome = Literal["recovered", "not_recovered", "closed_without_contact"]
WORKED_ON: tuple[CaseState, ...] = ("open", "claimed", "contacted")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A contact as whoever made it tells it. `asked`: the customer wanted it, which no cap forbids."""

    way: Way = "phone"
    reached: bool = True
    said: str = ""
    callback_ms: int | None = None
    promise: str = ""
    asked: bool = False


def claim(conn: Connection, settings: AlertSettings, case_id: int, version: int, doing: Doing) -> Case:
    """Take a case: of two who try, one wins."""

    def change(case: Case) -> tuple[Case, str]:
        _in_state(case, ("open",))
        return replace(case, state="claimed", claimed_by=doing.actor), f"Claimed by {doing.actor}."

    return _case(conn, settings, case_id, version, doing, kind="claimed", change=change)


def release(conn: Connection, settings: AlertSettings, case_id: int, version: int, doing: Doing) -> Case:
    """Put a claimed case back, for anybody to take."""

    def change(case: Case) -> tuple[Case, str]:
        _in_state(case, ("claimed",))
        return replace(case, state="open", claimed_by=None), f"Put back by {doing.actor}."

    return _case(conn, settings, case_id, version, doing, kind="released", change=change)


def hand_over(conn: Connection, settings: AlertSettings, case_id: int, version: int, doing: Doing, *, to: str) -> Case:
    """Give a case to somebody else."""
    name = clean(to, 100)

    def change(case: Case) -> tuple[Case, str]:
        _in_state(case, WORKED_ON)
        if not name:
            raise NotPossible(f"case {case_id}: say to whom it goes")
        state: CaseState = "contacted" if case.state == "contacted" else "claimed"
        return replace(case, state=state, claimed_by=name), f"Handed over to {name} by {doing.actor}."

    return _case(conn, settings, case_id, version, doing, kind="handed_over", change=change)


def contact(
    conn: Connection, settings: AlertSettings, case_id: int, version: int, doing: Doing, *, attempt: Attempt
) -> Case:
    """Record an attempt to reach the customer. Refused beyond the cap, or against their wish, unless they asked."""

    def change(case: Case) -> tuple[Case, str]:
        _in_state(case, WORKED_ON)
        promised = case.next_contact_due_ms is not None and case.promise is not None
        if not attempt.asked and not promised:
            _permitted(conn, settings, case, doing, attempt.way)
        due_ms = _callback(attempt, doing)
        if due_ms is None and not attempt.reached and case.state != "contacted":
            due_ms = next_contact_due_ms(doing.at_ms, settings)
        _keep(conn, case, attempt, doing)
        tried = replace(
            case,
            state="contacted" if attempt.reached else "claimed" if case.state == "open" else case.state,
            contacted_ms=case.contacted_ms if case.contacted_ms is not None else doing.at_ms,
            next_contact_due_ms=due_ms,
            next_missed_ms=None,
            promise=clean(attempt.promise, NOTE_MAX) or None,
            claimed_by=case.claimed_by or doing.actor,
        )
        return tried, clean(_told(attempt, doing, due_ms, settings), NOTE_MAX)

    kind = "contacted" if attempt.reached else "not_reached"
    return _case(conn, settings, case_id, version, doing, kind=kind, change=change)


def _permitted(conn: Connection, settings: AlertSettings, case: Case, doing: Doing, way: Way) -> None:
    allowed = permission_of(conn, settings, case, doing.at_ms, way)
    if allowed.why_not is None:
        return
    again = f", next from {clock_time(allowed.next_ms, doing.at_ms, settings.timezone)}" if allowed.next_ms else ""
    raise NotPossible(f"case {case.case_id}: {allowed.why_not}{again}. Say `asked` if the customer asked for it")


def permission_of(
    conn: Connection, settings: AlertSettings, case: Case, now_ms: int, way: Way | None = None
) -> Permission:
    """Whether the customer of a case may be contacted now."""
    before = contactlog.recent_ms(conn, case.customer, now_ms, settings.contacts_days)
    return permission(facts_of(conn, case.customer).consent, way, before, now_ms, settings)


def _callback(attempt: Attempt, doing: Doing) -> int | None:
    if attempt.callback_ms is None:
        return None
    if not doing.at_ms < attempt.callback_ms <= doing.at_ms + CALLBACK_DAYS_MAX * DAY_MS:
        raise NotPossible(f"the next contact must be later than now, and within {CALLBACK_DAYS_MAX} days")
    return attempt.callback_ms


def _keep(conn: Connection, case: Case, attempt: Attempt, doing: Doing) -> None:
    made = ContactMade(
        case_id=case.case_id,
        customer=case.customer,
        at_ms=doing.at_ms,
        way=attempt.way,
        reached=attempt.reached,
        asked=attempt.asked,
        actor=doing.actor,
        note=clean(attempt.said, NOTE_MAX),
    )
    contactlog.add(conn, made)


def _told(attempt: Attempt, doing: Doing, due_ms: int | None, settings: AlertSettings) -> str:
    reached = "Reached" if attempt.reached else "Not reached"
    said = [f"{reached} by {attempt.way}, {doing.actor}.", attempt.said]
    if attempt.promise:
        said.append(f"Promised: {attempt.promise}.")
    if due_ms is not None:
        said.append(f"Next contact by {clock_time(due_ms, doing.at_ms, settings.timezone)}.")
    return " ".join(part for part in said if part)


def close(
    conn: Connection,
    settings: AlertSettings,
    case_id: int,
    version: int,
    doing: Doing,
    *,
    outcome: Outcome,
    reason: str = "",
    main_reason: str = "",
) -> Case:
    """End a case with its outcome: after contact recovered or not; without contact only with a reason."""

    def change(case: Case) -> tuple[Case, str]:
        _in_state(case, WORKED_ON)
        if outcome != "closed_without_contact" and case.state != "contacted":
            raise NotPossible(f"case {case_id}: nobody was reached yet, so close it without contact, with a reason")
        if outcome == "closed_without_contact" and case.state == "contacted":
            raise NotPossible(f"case {case_id}: the customer was reached, so say recovered or not recovered")
        if outcome == "closed_without_contact" and not reason.strip():
            raise NotPossible("closing without contact needs a reason")
        state: CaseState = outcome
        ended = replace(
            case,
            state=state,
            closed_ms=doing.at_ms,
            closed_reason=clean(reason, NOTE_MAX) or None,
            main_reason=clean(main_reason, REASON_CODE_MAX) or None,
            snoozed_until_ms=None,
            next_contact_due_ms=None,
        )
        return ended, clean(f"{outcome.replace('_', ' ').capitalize()}, by {doing.actor}. {reason}", NOTE_MAX)

    return _case(conn, settings, case_id, version, doing, kind=outcome, change=change)


def snooze_case(
    conn: Connection, settings: AlertSettings, case_id: int, version: int, doing: Doing, *, minutes: int = 30
) -> Case:
    """Put a case aside for a while; its clocks run on."""
    until_ms = doing.at_ms + minutes_within(minutes) * MINUTE_MS

    def change(case: Case) -> tuple[Case, str]:
        _in_state(case, WORKED_ON)
        text = f"Snoozed by {doing.actor} for {duration(minutes * MINUTE_MS)}."
        return replace(case, snoozed_until_ms=until_ms), text

    return _case(conn, settings, case_id, version, doing, kind="snoozed", change=change)


def note_case(
    conn: Connection, settings: AlertSettings, case_id: int, version: int, doing: Doing, *, said: str
) -> Case:
    """Leave a note for the team; also in a case that is closed."""
    text = clean(said, NOTE_MAX)

    def change(case: Case) -> tuple[Case, str]:
        if not text:
            raise NotPossible(f"case {case_id}: the note is empty")
        return case, text

    return _case(conn, settings, case_id, version, doing, kind="note", change=change)


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
    before = casebook.read_case(conn, case_id, lock=True)
    if before is None:
        raise NotThere(f"there is no case {case_id}")
    if before.version != version:
        raise Stale(moved_on(f"case {case_id}", version, before.version))
    counted, missed = newly_missed(before, doing.at_ms)
    after, text = change(counted)
    after = replace(after, version=version + 1, updated_ms=doing.at_ms)
    if not casebook.save_transition(conn, after, version):
        raise Stale(moved_on(f"case {case_id}", version, None))
    for clock in missed:
        casebook.add_case_event(conn, case_id, missed_event(clock.name, clock.due_ms, after, doing.at_ms, settings))
    casebook.add_case_event(conn, case_id, Event(doing.at_ms, kind, doing.actor, text, after.version))
    if kind != "note":
        target = settings.target("case", Segment(after.channel, after.stage))
        outbox.want(conn, "case", case_id, target, after.opened_ms)
        # The thread says who did what; words that a person typed stay in the product.
        outbox.note(conn, "case", case_id, doing.at_ms, f"{kind.replace('_', ' ').capitalize()} by {doing.actor}.")
    return after


def missed_event(name: str, due_ms: int, case: Case, at_ms: int, settings: AlertSettings) -> Event:
    """The line that a missed clock leaves, once."""
    words = next(said for clock, said in CLOCK_WORDS.items() if clock == name)
    due = clock_time(due_ms, at_ms, settings.timezone)
    return Event(at_ms, f"{name}_missed", None, f"{words} missed: it was due {due}.", case.version)
