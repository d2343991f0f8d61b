"""What people do on pages: forms that post without script, do the same as the API, and lead back with 303.

Whoever was too late, or typed what cannot be, gets the page again: it says so in words, and holds what they typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request
from sqlalchemy import Connection

from alerting import actions, caseactions
from alerting.caseactions import Attempt
from alerting.doing import NOTE_MAX, ActionError, Doing, Stale
from alerting.permission import WAYS
from alerting.records import Case, Event
from alerting.settings import AlertSettings
from dashboards.pages.language import Language
from streams.clock import to_ms

BODY_MAX = 65_536
FIELD_MAX = 4_000
CASE_ACTIONS = ("claim", "release", "handover", "contact", "close", "snooze", "note")
INCIDENT_ACTIONS = ("acknowledge", "snooze", "resolve", "reopen", "spam", "handover", "note")


class Unreadable(ValueError):
    """A form that cannot be done as it was sent; the text is English and has a German twin."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a page says on top after something was not done. `problem` is false for good news."""

    title: str
    text: str
    problem: bool = True


Form = Mapping[str, str]
Step = Callable[[Connection, Doing], object]


async def read_form(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The fields of a form that are text, each at most 4,000 characters: what is longer is refused, never cut."""
    fields = {}
    for name, value in (await request.form()).items():
        if isinstance(value, str):
            if len(value) > FIELD_MAX:
                raise Unreadable("A text is too long: at most 2,000 characters.")
            fields[name] = value.replace("\r\n", "\n")
    return fields


def version_of(form: Form) -> int:
    """The version that the person saw."""
    return _whole(form, "version", 2**31)


def _whole(form: Form, name: str, most: int) -> int:
    text = form.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) < most):
        raise Unreadable("This form is not complete: load the page again.")
    return int(text)


def _text(form: Form, name: str) -> str:
    text = form.get(name, "").strip()
    if len(text) > NOTE_MAX:
        raise Unreadable("A text is too long: at most 2,000 characters.")
    return text


def _moment(form: Form, name: str, zone: str) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text[:40])
        return to_ms(moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone)))
    except (ValueError, OverflowError) as error:
        raise Unreadable("The time of the next contact cannot be read: write it as 2026-11-19T14:30.") from error


def _attempt(form: Form, settings: AlertSettings) -> Attempt:
    way = form.get("way", "phone")
    if way not in WAYS:
        raise Unreadable("Choose by which way the customer was contacted.")
    return Attempt(
        way=way,
        reached=form.get("reached", "yes") == "yes",
        said=_text(form, "note"),
        callback_ms=_moment(form, "callback", settings.timezone),
        promise=_text(form, "promise"),
        asked=form.get("asked") == "yes",
    )


def case_step(action: str, case_id: int, form: Form, settings: AlertSettings) -> Step:
    """What a form of a case asks for, to be done in one transaction. Raises Unreadable."""
    version = version_of(form)
    if action == "claim":
        return lambda conn, who: caseactions.claim(conn, settings, case_id, version, who)
    if action == "release":
        return lambda conn, who: caseactions.release(conn, settings, case_id, version, who)
    if action == "handover":
        to = _text(form, "to")
        return lambda conn, who: caseactions.hand_over(conn, settings, case_id, version, who, to=to)
    if action == "snooze":
        minutes = _whole(form, "minutes", 1_000_000)
        return lambda conn, who: caseactions.snooze_case(conn, settings, case_id, version, who, minutes=minutes)
    if action == "note":
        said = _text(form, "note")
        return lambda conn, who: caseactions.note_case(conn, settings, case_id, version, who, said=said)
    if action == "contact":
        attempt = _attempt(form, settings)
        return lambda conn, who: caseactions.contact(conn, settings, case_id, version, who, attempt=attempt)
    return _outcome(case_id, version, form, settings)


def _outcome(case_id: int, version: int, form: Form, settings: AlertSettings) -> Step:
    """How it ended. With "reached" given, the contact that led there is recorded in the same transaction."""
    outcome = form.get("outcome", "")
    said, main_reason = _text(form, "note"), _text(form, "main_reason")[: caseactions.REASON_CODE_MAX]
    if outcome not in ("recovered", "not_recovered", "closed_without_contact", "again"):
        raise Unreadable("Choose a result.")
    attempt = _attempt(form, settings)
    first = outcome == "again" or (outcome != "closed_without_contact" and form.get("contacted") == "no")
    if outcome == "again" and attempt.callback_ms is None:
        raise Unreadable("Say when to contact the customer again.")

    def step(conn: Connection, who: Doing) -> Case:
        at = version
        if first:
            made = caseactions.contact(conn, settings, case_id, at, who, attempt=attempt)
            if outcome == "again":
                return made
            at = made.version
        return caseactions.close(
            conn,
            settings,
            case_id,
            at,
            who,
            outcome=outcome,  # type: ignore[arg-type]  # one of the three, see above
            reason=said,
            main_reason=main_reason,
        )

    return step


def incident_step(action: str, number: int, form: Form, settings: AlertSettings) -> Step:
    """What a form of an incident asks for. Raises Unreadable."""
    version = version_of(form)
    if action == "acknowledge":
        return lambda conn, who: actions.acknowledge(conn, settings, number, version, who)
    if action == "snooze":
        minutes = _whole(form, "minutes", 1_000_000)
        return lambda conn, who: actions.snooze(conn, settings, number, version, who, minutes=minutes)
    if action == "resolve":
        return lambda conn, who: actions.resolve(conn, settings, number, version, who)
    if action == "reopen":
        return lambda conn, who: actions.reopen(conn, settings, number, version, who)
    if action == "spam":
        spam = form.get("spam", "yes") == "yes"
        return lambda conn, who: actions.mark_spam(conn, settings, number, version, who, spam=spam)
    if action == "handover":
        to = _text(form, "to")
        return lambda conn, who: actions.hand_over(conn, settings, number, version, who, to=to)
    said = _text(form, "note")
    return lambda conn, who: actions.add_note(conn, settings, number, version, who, said=said)


def own_queue(back: str) -> str:
    """The address of the list somebody came from; the list itself for anything else."""
    fine = back == "/queue" or back.startswith("/queue?")
    return back[:500] if fine and not any(ord(ch) < 33 or ch == "\\" for ch in back) else "/queue"


def why_not(_: Language, error: ActionError, last: Event | None, now_ms: int) -> Told:
    """A refusal in words: who was faster and with what (the last line of its history), or why it cannot be."""
    if isinstance(error, Stale) and last is not None:
        title = _("{name} was faster", name=last.actor) if last.actor else _("It has changed meanwhile")
        at = _.near(last.at_ms, now_ms)
        return Told(title, f"{at}: {last.text} " + _("Nothing was changed by you. What you typed is kept below."))
    return Told(_("That was not done"), f"{error}.")
