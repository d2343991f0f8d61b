"""The queue and a case as their pages show them: customers' words, last answers, and what they lived through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import get_args
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, func, select

from alerting import caseactions, casebook, contactlog, queue, showing, store
from alerting.belonging import BEFORE_MS, incident_of, incidents_around
from alerting.export import csv_lines
from alerting.masking import mask
from alerting.permission import Permission
from alerting.priority import parts
from alerting.queue import QueueCounts, QueueFilter
from alerting.records import OPEN_CASE_STATES, Case, CaseState, ContactMade, Event, PriorityParts
from alerting.settings import AlertSettings
from alerting.tables import cases
from alerting.text import clean
from streams.customers import CustomerState
from streams.store.stories import StoredFeedback, customer, feedback_of
from streams.store.tables import customers, feedback

EXPORT_MAX = 10_000
ROWS = 25  # cases a page
VIEWS = ("to_contact", "mine", "awaited", "done", "snoozed")
STATES: Mapping[str, tuple[CaseState, ...]] = {
    "to_contact": ("open", "claimed"),
    "awaited": ("contacted",),
    "done": ("recovered", "not_recovered", "closed_without_contact"),
}  # of the views; the others show every open case
QUOTE_MAX = 240
OF_INCIDENT_MAX = 2_000
LOOKED_AT = 100
SAID_MAX = 20  # answers a customer, of which the newest words are shown


@dataclass(frozen=True, slots=True)
class Asked:
    """What the query string asks for; empty means any."""

    view: str = "to_contact"
    incident: int | None = None
    channel: str = ""
    stage: str = ""
    tier: str = ""
    silent: bool = False
    customer: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One case in the list. `quote` is a customer's text, contact data masked; `lang` its language where known."""

    case: Case
    priority: PriorityParts
    incident: int | None
    quote: str | None
    lang: str
    last: StoredFeedback | None


@dataclass(frozen=True, slots=True)
class QueueView:
    """The page: its numbers, its rows, and what the filters offer."""

    counts: QueueCounts
    mine: int
    rows: list[Row]
    found: int
    tiers: list[str]
    incidents: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case with everything its page shows."""

    row: Row
    permission: Permission
    contacts: list[ContactMade]
    history: list[Event]
    answers: list[StoredFeedback]
    state: CustomerState | None
    earlier: list[Case] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The cases that filters mean, in the order of the page."""

    wanted: QueueFilter
    clause: ColumnElement[bool]
    by_change: bool  # newest change first, else by priority
    now_ms: int
    settings: AlertSettings

    def cases(self, conn: Connection, start: int, limit: int) -> list[Case]:
        """A part of them."""
        if not self.by_change:
            return queue.read_queue(conn, self.wanted, self.now_ms, self.settings, offset=start, limit=limit)
        c = cases.c
        query = select(c.case_id).where(self.clause).order_by(c.updated_ms.desc(), c.case_id.desc())
        ids = list(conn.execute(query.offset(start).limit(limit)).scalars())
        order = {case_id: place for place, case_id in enumerate(ids)}
        return sorted(casebook.read_these(conn, ids), key=lambda case: order[case.case_id])


def choose(conn: Connection, asked: Asked, me: str, now_ms: int, settings: AlertSettings) -> Chosen:
    """What the query string asks for. Filters that name nothing known give an empty list."""
    wanted = _filter(conn, asked, me, now_ms)
    c = cases.c
    clause = wanted.clause(now_ms)
    if asked.view == "done":
        clause = and_(clause, c.closed_ms >= day_start_ms(now_ms, settings.timezone))
    if asked.view == "snoozed":
        clause = and_(clause, c.snoozed_until_ms > now_ms)
    return Chosen(wanted, clause, asked.view in ("done", "snoozed"), now_ms, settings)


def export_queue(conn: Connection, asked: Asked, me: str, now_ms: int, settings: AlertSettings) -> str:
    """The whole list as CSV, at most 10,000 cases, in the order of the page."""
    chosen = choose(conn, asked, me, now_ms, settings)
    found: list[Case] = []
    for start in range(0, EXPORT_MAX, queue.QUEUE_MAX):
        part = chosen.cases(conn, start, queue.QUEUE_MAX)
        found += part
        if len(part) < queue.QUEUE_MAX:
            break
    return "".join(csv_lines(showing.case_rows(conn, found, now_ms, settings)))


def read_queue_view(conn: Connection, asked: Asked, me: str, now_ms: int, settings: AlertSettings) -> QueueView:
    """The list that was asked for."""
    c = cases.c
    chosen = choose(conn, asked, me, now_ms, settings)
    found = int(conn.execute(select(func.count()).select_from(cases).where(chosen.clause)).scalar_one())
    shown = chosen.cases(conn, (asked.page - 1) * ROWS, ROWS)
    mine = and_(c.claimed_by == me, c.state.in_(OPEN_CASE_STATES))
    open_now = c.state.in_(OPEN_CASE_STATES)
    tiers = conn.execute(select(c.tier).distinct().where(open_now, c.tier.is_not(None)).order_by(c.tier).limit(20))
    going_on = [i for i in store.read_current(conn, now_ms, lock=False) if not i.spam]
    return QueueView(
        counts=queue.count_queue(conn, now_ms, settings),
        mine=int(conn.execute(select(func.count()).select_from(cases).where(mine)).scalar_one()),
        rows=case_rows(conn, shown, now_ms, settings),
        found=found,
        tiers=[str(tier) for (tier,) in tiers],
        incidents=[(i.number, i.named.label) for i in going_on][::-1],
    )


def day_start_ms(now_ms: int, timezone: str) -> int:
    """When today began."""
    now = datetime.fromtimestamp(now_ms / 1_000, ZoneInfo(timezone))
    return int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1_000)


def _filter(conn: Connection, asked: Asked, me: str, now_ms: int) -> QueueFilter:
    if asked.customer:  # whoever looks somebody up wants to find them, wherever they are
        return QueueFilter(states=get_args(CaseState), customer=asked.customer, snoozed=True)
    return QueueFilter(
        states=STATES.get(asked.view, OPEN_CASE_STATES),
        claimed_by=me if asked.view == "mine" else None,
        channel=asked.channel or None,
        stage=asked.stage or None,
        tier=asked.tier or None,
        kind="silent_unhappy" if asked.silent else None,
        case_ids=None if asked.incident is None else case_ids_of(conn, asked.incident, now_ms),
        snoozed=asked.view in ("mine", "snoozed", "done"),
    )


def case_ids_of(conn: Connection, number: int, now_ms: int) -> list[int]:
    """The cases that are part of an incident, by the same rule as in messages; at most 2,000."""
    return [case.case_id for case in cases_of_incident(conn, number, now_ms)]


def cases_of_incident(conn: Connection, number: int, now_ms: int) -> list[Case]:
    """The cases that are part of an incident, newest first."""
    incident = store.read_incident(conn, number)
    if incident is None or incident.operations:
        return []
    c, named = cases.c, incident.named
    wanted = [c.last_flag_ms >= incident.naming.since_ms, c.opened_ms <= (incident.resolved_ms or now_ms)]
    wanted.append(c.opened_ms >= incident.naming.since_ms - BEFORE_MS)
    if named.channel is not None:
        wanted.append(c.channel == named.channel)
    if named.stage is not None:
        wanted.append(c.stage == named.stage)
    found = casebook.newest_cases(conn, and_(*wanted), None, OF_INCIDENT_MAX)
    around = incidents_around(conn, found)
    return [case for case in found if incident_of(case, around) == number]


def case_rows(conn: Connection, shown: Sequence[Case], now_ms: int, settings: AlertSettings) -> list[Row]:
    """Cases in the order given, each with its customer's newest words and last answer."""
    around = incidents_around(conn, shown)
    keys = {case.customer for case in shown}
    said = _answers(conn, keys)
    langs = _languages(conn, keys)
    rows = []
    for case in shown:
        answers = said.get(case.customer, [])
        words = next((answer.comment for answer in answers if answer.bad and answer.comment), None)
        rows.append(
            Row(
                case=case,
                priority=parts(case, now_ms, settings),
                incident=incident_of(case, around),
                quote=clean(mask(words), QUOTE_MAX) if words else None,
                lang=langs.get(case.customer, ""),
                last=answers[0] if answers else None,
            )
        )
    return rows


def _answers(conn: Connection, keys: set[str]) -> dict[str, list[StoredFeedback]]:
    c = feedback.c
    ranked = (
        select(c.key, func.row_number().over(partition_by=c.customer, order_by=c.time_ms.desc()).label("place"))
        .where(c.customer.in_(list(keys)))
        .subquery()
    )
    wanted = select(ranked.c.key).where(ranked.c.place <= SAID_MAX)
    found: dict[str, list[StoredFeedback]] = {}
    columns = [c[name] for name in StoredFeedback.__slots__ if name != "reasons"]
    for row in conn.execute(select(*columns).where(c.key.in_(wanted)).order_by(c.time_ms.desc(), c.key)):
        answer = StoredFeedback(**row._mapping, reasons=())
        found.setdefault(answer.customer or "", []).append(answer)
    return found


def _languages(conn: Connection, keys: set[str]) -> dict[str, str]:
    c = customers.c
    found = {}
    for key, state in conn.execute(select(c.customer, c.state).where(c.customer.in_(list(keys)))):
        lang = language_of(CustomerState.decode(state))
        if lang:
            found[key] = lang
    return found


def language_of(state: CustomerState | None) -> str:
    """A customer's language for `lang`, such as "de"; empty where the CRM does not say."""
    told = None if state is None else state.facts().locale
    code = told.replace("_", "-").split("-")[0].lower() if isinstance(told, str) else ""
    return code if code.isascii() and code.isalpha() and 2 <= len(code) <= 3 else ""


def read_case_view(conn: Connection, case_id: int, now_ms: int, settings: AlertSettings) -> CaseView | None:
    """One case, None if there is no such number."""
    case = casebook.read_case(conn, case_id)
    if case is None:
        return None
    (row,) = case_rows(conn, [case], now_ms, settings)
    return CaseView(
        row=row,
        permission=caseactions.permission_of(conn, settings, case, now_ms),
        contacts=contactlog.of_case(conn, case_id),
        history=casebook.case_history(conn, case_id)[::-1],
        answers=feedback_of(conn, case.customer),
        state=customer(conn, case.customer),
        earlier=[other for other in casebook.cases_of(conn, case.customer) if other.case_id != case_id],
    )


def next_case(conn: Connection, me: str, now_ms: int, settings: AlertSettings) -> Case | None:
    """The most urgent case that nobody else has, of the first hundred: what to do next."""
    first = queue.read_queue(conn, QueueFilter(("open", "claimed")), now_ms, settings, limit=LOOKED_AT)
    return next((case for case in first if case.claimed_by in (None, me)), None)
