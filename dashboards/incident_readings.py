"""One incident with everything its page shows: cases, stories of those it hurt, reasons, and what came before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from alerting import store
from alerting.masking import mask
from alerting.priority import parts
from alerting.records import Case, Event, Incident
from alerting.settings import AlertSettings
from alerting.showing import read_shown
from alerting.tables import incidents
from dashboards.queue_readings import Row, case_rows, cases_of_incident, language_of
from streams.customers import CustomerState
from streams.records import LeafMinute
from streams.store.stories import StoredFeedback, bad_feedback, customer
from streams.touch import Lived

STORIES_MAX = 3
STEPS_MAX = 4  # what happened before an answer, a story
CUSTOMERS_MAX = 6
NAMED_MAX = 6
EARLIER_MAX = 2
READ_MAX = 500  # bad answers looked at for reasons and words


@dataclass(frozen=True, slots=True)
class Story:
    """One unhappy customer: the words as written but for contact data, and the last steps up to the answer."""

    answer: StoredFeedback
    words: str
    lang: str
    case: Case | None
    steps: tuple[Lived, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """An incident at the same place before this one, and what became of its customers."""

    incident: Incident
    recovered: int
    cases: int


@dataclass(frozen=True, slots=True)
class Whole:
    """One incident. `states` counts its cases by state, `customers` are the first of them by priority."""

    incident: Incident
    history: list[Event]
    stories: Sequence[Story]
    states: Mapping[str, int]
    overdue: int
    customers: list[Row]
    tiers: Sequence[tuple[str, int]]
    named: tuple[tuple[str, int], ...]
    bad_read: int
    earlier: Sequence[Earlier]

    @property
    def affected(self) -> int:
        """How many customers have a case of it."""
        return sum(self.states.values())

    @property
    def waiting(self) -> int:
        """How many of them wait for a first contact."""
        return self.states.get("open", 0) + self.states.get("claimed", 0)


def read_whole(conn: Connection, number: int, now_ms: int, settings: AlertSettings) -> Whole | None:
    """Read it, None if there is no such number."""
    incident = read_shown(conn, number)
    if incident is None:
        return None
    naming, end_ms = incident.naming, incident.resolved_ms or now_ms
    found = bad_feedback(conn, incident.named, naming.since_ms, end_ms + 1, READ_MAX, with_comment=False)
    reasons = Counter(reason for answer in found for reason in set(answer.reasons))
    cases = cases_of_incident(conn, number, now_ms)
    urgent = sorted(cases, key=lambda case: (not case.open, -parts(case, now_ms, settings).total))
    tiers = Counter(case.tier for case in cases if case.tier)
    return Whole(
        incident=incident,
        history=list(store.incident_history(conn, number))[::-1],
        stories=_stories(conn, incident, found, {case.customer: case for case in cases}),
        states=Counter(case.state for case in cases),
        overdue=sum(case.state in ("open", "claimed") and case.first_contact_due_ms < now_ms for case in cases),
        customers=case_rows(conn, urgent[:CUSTOMERS_MAX], now_ms, settings),
        tiers=tiers.most_common(CUSTOMERS_MAX),
        named=tuple(sorted(reasons.items(), key=lambda one: (-one[1], one[0]))[:NAMED_MAX]),
        bad_read=len(found),
        earlier=_earlier(conn, incident, now_ms),
    )


def of_place(incident: Incident, minutes: Sequence[LeafMinute]) -> list[LeafMinute]:
    """Those minutes that lie in the incident's place."""
    place = incident.named
    return [m for m in minutes if place.channel in (None, m.channel) and place.stage in (None, m.stage)]


def _stories(
    conn: Connection, incident: Incident, found: Sequence[StoredFeedback], cases: Mapping[str, Case]
) -> list[Story]:
    """A few that cover different causes: each next one adds the most that no story has told, the newest first."""
    left: dict[str, StoredFeedback] = {}
    for answer in found:
        if answer.comment and answer.comment.strip():
            left.setdefault(answer.customer or f"{answer.source}/{answer.id}", answer)
    causes = {(cause.kind, cause.name) for cause in incident.naming.causes}
    told: set[tuple[str, str]] = set()
    chosen: list[Story] = []
    while left and len(chosen) < STORIES_MAX:
        key = max(left, key=lambda key: (len(_says(left[key], causes) - told), left[key].time_ms))
        told |= _says(left[key], causes)
        chosen.append(_story(conn, left.pop(key), cases))
    return chosen


def _says(answer: StoredFeedback, causes: set[tuple[str, str]]) -> set[tuple[str, str]]:
    said = {("reason", reason) for reason in answer.reasons}
    said |= {(name, str(value)) for name, value in answer.attributes.items()}
    low = (answer.comment or "").lower()
    return (said & causes) | {cause for cause in causes if cause[0] == "word" and cause[1] in low}


def _story(conn: Connection, answer: StoredFeedback, cases: Mapping[str, Case]) -> Story:
    state: CustomerState | None = None if answer.customer is None else customer(conn, answer.customer)
    steps = () if state is None else tuple(e for e in state.events() if e.time_ms <= answer.time_ms)
    return Story(
        answer=answer,
        words=mask(answer.comment or ""),
        lang=language_of(state),
        case=cases.get(answer.customer or ""),
        steps=steps[-STEPS_MAX:],
    )


def _earlier(conn: Connection, incident: Incident, now_ms: int) -> list[Earlier]:
    c, place = incidents.c, store.segment_columns(incident.named)
    query = (
        select(c.number)
        .where(
            c.number < incident.number,
            c.channel == place["channel"],
            c.stage == place["stage"],
            c.state == "resolved",
            c.spam.is_(False),
        )
        .order_by(c.number.desc())
        .limit(EARLIER_MAX)
    )
    found = []
    for number in conn.execute(query).scalars():
        before = store.read_incident(conn, number)
        if before is not None:
            cases = cases_of_incident(conn, number, now_ms)
            found.append(Earlier(before, sum(case.state == "recovered" for case in cases), len(cases)))
    return found
