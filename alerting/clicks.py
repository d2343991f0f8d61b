"""Clicks on Slack's buttons: read from what Slack sends, done once, and always answered in words.

A click carries the version that its message showed. So one that comes late, twice or again changes nothing that it
should not: it is refused like any other action on a stale version, and the answer says how things stand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select

from alerting import actions, caseactions, casebook, store
from alerting.doing import ActionError, Doing
from alerting.settings import AlertSettings
from alerting.tables import clicks
from alerting.text import clean, clock_time, words
from streams.clock import DAY_MS

KEPT_DAYS = 30  # Slack hands a signed request over again within minutes; the rest is for whoever looks back
NAME_MAX = 60
ANSWER_MAX = 500
NUMBER_MAX = 2**31 - 1
INCIDENT_SNOOZE_MINUTES = 60
CASE_SNOOZE_MINUTES = 30


class _User(msgspec.Struct):
    id: str
    name: str = ""
    username: str = ""


class _Place(msgspec.Struct):
    id: str = ""


class _Container(msgspec.Struct):
    message_ts: str = ""
    thread_ts: str = ""


class _Action(msgspec.Struct):
    action_id: str = ""
    value: str = ""
    action_ts: str = ""


class _Payload(msgspec.Struct):
    type: str
    user: _User
    actions: list[_Action] = []
    channel: _Place = msgspec.field(default_factory=_Place)
    container: _Container = msgspec.field(default_factory=_Container)


@dataclass(frozen=True, slots=True)
class Click:
    """One press of a button. `place` and `ts` are where its message stands; `actor` is who, for people to read."""

    click_id: str
    action: str
    number: int
    version: int
    user_id: str
    actor: str
    place: str
    ts: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a click: a sentence for whoever clicked. `done` says whether anything changed."""

    text: str
    done: bool


Step = Callable[[Connection, AlertSettings, int, int, Doing], object]
STEPS: dict[str, Step] = {
    "incident.acknowledge": actions.acknowledge,
    "incident.snooze": lambda c, s, n, v, who: actions.snooze(c, s, n, v, who, minutes=INCIDENT_SNOOZE_MINUTES),
    "incident.spam": actions.mark_spam,
    "incident.reopen": actions.reopen,
    "case.claim": caseactions.claim,
    "case.snooze": lambda c, s, n, v, who: caseactions.snooze_case(c, s, n, v, who, minutes=CASE_SNOOZE_MINUTES),
}


def read_click(payload: bytes | str | dict[str, Any]) -> Click | None:
    """The click in an interaction payload, None where it holds none of ours (links are clicks, too).

    Raises ValueError for what is no interaction of Slack's.
    """
    try:
        if isinstance(payload, dict):
            read = msgspec.convert(payload, _Payload)
        else:
            read = msgspec.json.decode(payload, type=_Payload)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError("not an interaction of Slack's") from error
    if read.type != "block_actions" or not read.actions or read.actions[0].action_id not in STEPS:
        return None
    action = read.actions[0]
    number, _, version = action.value.partition(":")
    if not (number.isascii() and number.isdigit() and version.isascii() and version.isdigit()):
        raise ValueError("the button carries no number and version")
    if int(number) > NUMBER_MAX or int(version) > NUMBER_MAX:
        raise ValueError("the button's number is too large")
    name = clean(read.user.name or read.user.username or read.user.id, NAME_MAX)
    same = (read.user.id, action.action_id, action.value, action.action_ts, read.container.message_ts)
    return Click(
        click_id=hashlib.sha256("\0".join(same).encode("utf-8", "surrogatepass")).hexdigest(),
        action=action.action_id,
        number=int(number),
        version=int(version),
        user_id=clean(read.user.id, 64),
        actor=f"{name} (Slack)",
        place=clean(read.channel.id, 64),
        ts=clean(read.container.message_ts, 64),
    )


def perform(conn: Connection, settings: AlertSettings, click: Click, at_ms: int, real_ms: int) -> Answered:
    """Do what a click asks for, unless it was done before. The caller commits, also what could not be done."""
    c = clicks.c
    before = conn.execute(select(c.outcome).where(c.click_id == click.click_id)).scalar()
    if before is not None:
        return Answered(before, done=False)
    try:
        STEPS[click.action](conn, settings, click.number, click.version, Doing(click.actor, at_ms))
        answered = Answered(_standing(conn, settings, click, at_ms), done=True)
    except ActionError as error:
        said = f"Not done: {words(str(error), ANSWER_MAX)}. {_standing(conn, settings, click, at_ms)}"
        answered = Answered(said.strip(), done=False)
    conn.execute(delete(clicks).where(c.at_ms < real_ms - KEPT_DAYS * DAY_MS))
    conn.execute(
        insert(clicks).values(
            click_id=click.click_id,
            at_ms=real_ms,
            action=click.action,
            number=click.number,
            user_id=click.user_id,
            actor=click.actor,
            outcome=answered.text,
        )
    )
    return answered


def _standing(conn: Connection, settings: AlertSettings, click: Click, now_ms: int) -> str:
    """How things stand now, from the newest line of the history."""
    if click.action.startswith("incident."):
        incident = store.read_incident(conn, click.number)
        if incident is None:
            return ""
        state, history = incident.stage_at(now_ms), store.incident_history(conn, click.number, limit=1)
        what = f"Incident #{click.number} is {state}"
    else:
        case = casebook.read_case(conn, click.number)
        if case is None:
            return ""
        history = [e for e in casebook.case_history(conn, click.number, limit=1) if e.kind != "note"]
        by = f" by {words(case.claimed_by, NAME_MAX)}" if case.claimed_by else ""
        what = f"Case {click.number} is {case.state.replace('_', ' ')}{by}"
    last = history[-1] if history else None
    if last is None:
        return f"{what}."
    when = clock_time(last.at_ms, now_ms, settings.timezone)
    return f"{what} ({last.kind.replace('_', ' ')}, {when})."
