"""`cxwatch incidents`, `queue` and `case`: look at what people work on, and work on it, without a server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import Connection

from alerting import actions, caseactions, incident_wire, queue, showing, store
from alerting.caseactions import Attempt
from alerting.doing import ActionError, Doing
from alerting.masking import mask
from alerting.permission import Way
from alerting.queue import QueueFilter, due_word
from alerting.settings import AlertSettings
from alerting.text import clean, clock_time
from cxwatch.cli.output import Output
from cxwatch.cli.shared import Failed, Json, Usage, settings_of, user_of_machine
from cxwatch.clocks import clock_of
from cxwatch.database import open_existing
from streams.clock import to_ms

INCIDENTS_MAX = 1_000
QUEUE_SHOWN = 50
CAUSE_MAX = 60

IncidentAction = Literal["acknowledge", "snooze", "resolve", "reopen", "spam", "not-spam", "hand-over", "note"]
CaseAction = Literal[
    "claim", "release", "hand-over", "contact", "recovered", "not-recovered", "close", "snooze", "note"
]
Version = Annotated[
    int | None, typer.Option("--version", help="Only if it is still at this version; without it, as it stands now.")
]
Minutes = Annotated[int | None, typer.Option(help="How long to snooze.", show_default=False)]
To = Annotated[str, typer.Option("--to", help="Who has it from now on (hand-over).", show_default=False)]
Note = Annotated[str, typer.Option("--note", help="A few words; they stay in the product.", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    for command in (incidents, queue_command, case):
        app.command("queue" if command is queue_command else None)(command)


def incidents(
    context: typer.Context,
    number: Annotated[int | None, typer.Argument(metavar="[ID]", help="One incident, with its history.")] = None,
    action: Annotated[str | None, typer.Argument(metavar="[ACTION]", help=", ".join(get_args(IncidentAction)))] = None,
    minutes: Minutes = None,
    to: To = "",
    note: Note = "",
    version: Version = None,
    json: Json = False,
) -> None:
    """Show incidents, newest first: what happened where, in one sentence of numbers. With ID and ACTION: act on one.

    Examples: cxwatch incidents; cxwatch incidents 12; cxwatch incidents 12 acknowledge;
    cxwatch incidents 12 snooze --minutes 60
    """
    output = Output(json)
    if number is None:
        _list_incidents(context, output)
        return
    if action is not None:

        def step(conn: Connection, settings: AlertSettings, who: Doing) -> str:
            incident = store.read_incident(conn, number)
            at = version if version is not None else incident.version if incident else 0
            wanted = _incident_step(_choice(action, get_args(IncidentAction)), minutes, to, note)
            wanted(conn, settings, number, at, who)
            return store.incident_history(conn, number)[-1].text

        output.hint(_act(context, step))
    _show_incident(context, output, number)


IncidentStep = Callable[[Connection, AlertSettings, int, int, Doing], object]


def _incident_step(action: str, minutes: int | None, to: str, note: str) -> IncidentStep:
    steps: dict[str, IncidentStep] = {
        "acknowledge": actions.acknowledge,
        "snooze": lambda c, s, n, v, who: actions.snooze(c, s, n, v, who, minutes=60 if minutes is None else minutes),
        "resolve": actions.resolve,
        "reopen": actions.reopen,
        "spam": actions.mark_spam,
        "not-spam": lambda c, s, n, v, who: actions.mark_spam(c, s, n, v, who, spam=False),
        "hand-over": lambda c, s, n, v, who: actions.hand_over(c, s, n, v, who, to=to),
        "note": lambda c, s, n, v, who: actions.add_note(c, s, n, v, who, said=note),
    }
    return steps[action]


def _list_incidents(context: typer.Context, output: Output) -> None:
    settings = settings_of(context)
    now_ms = clock_of(settings).now_ms()
    engine = open_existing(settings)
    with engine.connect() as conn:
        found = [
            incident_wire.incident_row(one, now_ms) for one in store.read_incidents(conn, now_ms, limit=INCIDENTS_MAX)
        ]
    engine.dispose()
    for row in found:
        output.row(row)
    cells = [
        (row.id, row.state, row.severity, row.segment.channel or "all", row.segment.stage or "all", row.reason)
        for row in found
    ]
    if cells:
        output.table(("id", "state", "severity", "channel", "stage", "what"), cells, right=("id",))
    else:
        output.hint("No incidents.")


def _show_incident(context: typer.Context, output: Output, number: int) -> None:
    settings = settings_of(context)
    now_ms = clock_of(settings).now_ms()
    engine = open_existing(settings)
    with engine.connect() as conn:
        incident = showing.read_shown(conn, number)
        history = [] if incident is None else store.incident_history(conn, number)
    engine.dispose()
    if incident is None:
        raise Failed(f"there is no incident #{number}: `cxwatch incidents` lists them")
    detail = incident_wire.incident_detail(incident, history, now_ms)
    row = detail.incident
    output.row(detail)
    if output.json:
        return
    output.say(f"#{number} {incident.named.label}: {row.state}, {row.severity}{', possible spam' if row.spam else ''}")
    output.say(row.reason)
    if detail.spam is not None:
        output.say(f"held back: {detail.spam.reason}")
    causes = [
        (c.kind, clean(mask(c.name), CAUSE_MAX), f"{c.bad} of {c.bad_of}", f"{c.usual} of {c.usual_of}")
        for c in detail.members[0].causes
    ]
    if causes:
        output.table(("stands out", "what", "unhappy customers", "usually"), causes)
    zone = settings.alerts.timezone
    lines = [(clock_time(e.at_ms, now_ms, zone), e.kind, e.actor or "cxwatch", e.text) for e in history]
    output.table(("when", "what", "who", "text"), lines)


def queue_command(
    context: typer.Context,
    mine: Annotated[str | None, typer.Option(metavar="NAME", help="Only what this person has claimed.")] = None,
    channel: Annotated[str | None, typer.Option(help="One channel.")] = None,
    stage: Annotated[str | None, typer.Option(help="One stage.")] = None,
    tier: Annotated[str | None, typer.Option(help="One tier, such as gold.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Contacted and snoozed ones, too.")] = False,
    json: Json = False,
) -> None:
    """Show whom to contact next, most urgent first, and why: priority = severity + value + repeats + time used."""
    output = Output(json)
    settings = settings_of(context)
    now_ms = clock_of(settings).now_ms()
    wanted = QueueFilter(claimed_by=mine, channel=channel, stage=stage, tier=tier, snoozed=every)
    if not every:
        wanted = QueueFilter(("open", "claimed"), mine, channel, stage, tier)
    engine = open_existing(settings)
    with engine.connect() as conn:
        limit = queue.QUEUE_MAX if json else QUEUE_SHOWN
        found = queue.read_queue(conn, wanted, now_ms, settings.alerts, limit=limit)
        rows = showing.case_rows(conn, found, now_ms, settings.alerts)
        counts = queue.count_queue(conn, now_ms, settings.alerts)
    engine.dispose()
    for row in rows:
        output.row(row)
    if not rows:
        output.hint("Nobody is waiting.")
        return
    cells = []
    for one, row in zip(found, rows, strict=True):
        p = row.priority
        parts = f"{p.severity} + {p.value} + {p.repeats} + {p.time}"
        place = f"{one.channel} · {one.stage}"
        cells.append(
            (row.id, p.total, parts, due_word(one, now_ms), one.customer, one.tier, place, one.claimed_by, one.reason)
        )
    columns = ("case", "priority", "parts", "first contact", "customer", "tier", "where", "claimed by", "why")
    output.table(columns, cells, right=("case", "priority"))
    output.hint(
        f"{counts.overdue} overdue, {counts.within_1h} within 1 h, {counts.later} later; "
        f"{counts.outcome_awaited} outcomes awaited, {counts.snoozed} snoozed. Next: cxwatch case ID claim"
    )


def case(
    context: typer.Context,
    case_id: Annotated[int, typer.Argument(metavar="ID")],
    action: Annotated[str | None, typer.Argument(metavar="[ACTION]", help=", ".join(get_args(CaseAction)))] = None,
    note: Note = "",
    reason: Annotated[str, typer.Option(help="Why it is closed without contact.", show_default=False)] = "",
    way: Annotated[str, typer.Option(help="phone, email, chat, letter or other.")] = "phone",
    not_reached: Annotated[bool, typer.Option("--not-reached", help="The customer was not reached.")] = False,
    callback: Annotated[
        str | None, typer.Option(metavar="TIME", help="When you promised to be back, such as 2026-11-17T17:30.")
    ] = None,
    promise: Annotated[str, typer.Option(help="What you promised.", show_default=False)] = "",
    asked: Annotated[bool, typer.Option("--asked", help="The customer asked for it: no cap holds.")] = False,
    minutes: Minutes = None,
    to: To = "",
    version: Version = None,
    json: Json = False,
) -> None:
    """Show one case: why, its clocks, its contacts, its history. With ACTION: work on it.

    Examples: cxwatch case 8812; cxwatch case 8812 claim; cxwatch case 8812 contact --note "Refund ordered"
    --callback 2026-11-17T17:30; cxwatch case 8812 recovered; cxwatch case 8812 close --reason "no consent"
    """
    output = Output(json)
    if action is not None:
        attempt = Attempt(
            way=_way(way),
            reached=not not_reached,
            said=note,
            callback_ms=None if callback is None else _moment(callback, settings_of(context).alerts.timezone),
            promise=promise,
            asked=asked,
        )
        wanted = _case_step(_choice(action, get_args(CaseAction)), attempt, reason or note, minutes, to, note)

        def step(conn: Connection, settings: AlertSettings, who: Doing) -> str:
            now = showing.case_detail(conn, case_id, who.at_ms, settings).case.version
            wanted(conn, settings, case_id, now if version is None else version, who)
            return showing.case_detail(conn, case_id, who.at_ms, settings).history[-1].text

        output.hint(_act(context, step))
    _show_case(context, output, case_id)


CaseStep = Callable[[Connection, AlertSettings, int, int, Doing], object]


def _case_step(action: str, attempt: Attempt, reason: str, minutes: int | None, to: str, note: str) -> CaseStep:
    length = 30 if minutes is None else minutes
    steps: dict[str, CaseStep] = {
        "claim": caseactions.claim,
        "release": caseactions.release,
        "hand-over": lambda c, s, n, v, who: caseactions.hand_over(c, s, n, v, who, to=to),
        "contact": lambda c, s, n, v, who: caseactions.contact(c, s, n, v, who, attempt=attempt),
        "recovered": lambda c, s, n, v, who: caseactions.close(c, s, n, v, who, outcome="recovered", reason=reason),
        "not-recovered": lambda c, s, n, v, who: caseactions.close(
            c, s, n, v, who, outcome="not_recovered", reason=reason
        ),
        "close": lambda c, s, n, v, who: caseactions.close(
            c, s, n, v, who, outcome="closed_without_contact", reason=reason
        ),
        "snooze": lambda c, s, n, v, who: caseactions.snooze_case(c, s, n, v, who, minutes=length),
        "note": lambda c, s, n, v, who: caseactions.note_case(c, s, n, v, who, said=note),
    }
    return steps[action]


def _show_case(context: typer.Context, output: Output, case_id: int) -> None:
    settings = settings_of(context)
    now_ms = clock_of(settings).now_ms()
    engine = open_existing(settings)
    try:
        with engine.connect() as conn:
            detail = showing.case_detail(conn, case_id, now_ms, settings.alerts)
    except ActionError as error:
        raise Failed(f"{error}: `cxwatch queue` lists them") from error
    finally:
        engine.dispose()
    output.row(detail)
    if output.json:
        return
    one, p = detail.case, detail.case.priority
    part_of = f", part of incident #{one.incident}" if one.incident else ""
    claimed = f" by {one.claimed_by}" if one.claimed_by else ""
    place = f"{one.segment.channel} · {one.segment.stage}"
    output.say(f"Case {one.id}: {one.customer}{f', {one.tier}' if one.tier else ''}, {place}{part_of}")
    output.say(f"{one.state.replace('_', ' ')}{claimed}: {one.reason}")
    output.say(f"Priority {p.total} = severity {p.severity} + value {p.value} + repeats {p.repeats} + time {p.time}")
    for clock in one.clocks:
        output.say(f"{clock.name.replace('_', ' ').capitalize()}: {clock.state}, due {clock.due}")
    if one.promise:
        output.say(f"Promised: {one.promise}")
    allowed = detail.permission
    output.say(allowed.why_not or f"{allowed.used} of {allowed.most} contacts in {allowed.days} days used")
    contacts = [(c.at, c.way, "reached" if c.reached else "not reached", c.actor, c.note) for c in detail.contacts]
    if contacts:
        output.table(("contact", "by", "", "who", "note"), contacts)
    output.table(
        ("when", "what", "who", "text"), [(e.at, e.kind, e.actor or "cxwatch", e.text) for e in detail.history]
    )


def _act(context: typer.Context, step: Callable[[Connection, AlertSettings, Doing], str]) -> str:
    """One action in one transaction; a running product notices it within a second."""
    settings = settings_of(context)
    engine = open_existing(settings)
    doing = Doing(user_of_machine(), clock_of(settings).now_ms())
    try:
        with engine.begin() as conn:
            return step(conn, settings.alerts, doing)
    except ActionError as error:
        raise Failed(str(error)) from error
    finally:
        engine.dispose()


def _choice(action: str, known: tuple[str, ...]) -> str:
    if action not in known:
        raise Usage(f"{action!r} is not an action: {', '.join(known)}")
    return action


def _way(text: str) -> Way:
    for way in get_args(Way):
        if text == way:
            return way  # type: ignore[no-any-return]  # one of them
    raise Usage(f"--way {text!r} must be one of {', '.join(get_args(Way))}")


def _moment(text: str, zone: str) -> int:
    """A time with an offset, or else in the product's time zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Usage(f"--callback {text!r} must be a time such as 2026-11-17T17:30") from None
    return to_ms(moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone)))
