"""Whether contact helps: how customers with a case answered afterwards, contacted ones beside the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from alerting.tables import cases
from streams.clock import DAY_MS
from streams.scales import Outcome, scale_named
from streams.store.tables import feedback

EFFECT_DAYS = 90
ANSWER_WITHIN_MS = 30 * DAY_MS
ANSWER_BEFORE_MS = 180 * DAY_MS
ANSWERS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Part:
    """`part` of `whole`."""

    part: int
    whole: int


@dataclass(frozen=True, slots=True)
class ContactEffect:
    """Of cases opened in the last `days`: how many of those who answered were good then, and how contacts ended.

    The answer that counts is a customer's first in the 30 days after the first contact, or after the case was opened
    where nobody contacted them.
    """

    days: int
    contacted: Part
    others: Part
    ended: Part


@dataclass(frozen=True, slots=True)
class Matrix:
    """NPS answers before and after: `rows` has, for each of "bad" and "neutral" before, how many were what after.

    Of contacted cases; `turned` are detractors who became promoters, `turned_alone` those whom nobody contacted.
    """

    days: int
    rows: Mapping[Outcome, Mapping[Outcome, int]]
    turned: Part
    turned_alone: Part

    @property
    def n(self) -> int:
        """Contacted cases with an answer before and one after."""
        return sum(sum(row.values()) for row in self.rows.values())


def read_matrix(conn: Connection, now_ms: int) -> Matrix:
    """Over all stages: of each case, the last NPS answer up to the contact, or its opening, and the first one after."""
    c, f = cases.c, feedback.c
    from_ms = func.coalesce(c.contacted_ms, c.opened_ms)
    query = (
        select(c.case_id, c.contacted_ms, f.time_ms <= from_ms, f.score)
        .join(feedback, f.customer == c.customer)
        .where(
            c.opened_ms >= now_ms - EFFECT_DAYS * DAY_MS,
            f.metric == "nps",
            f.time_ms > from_ms - ANSWER_BEFORE_MS,
            f.time_ms <= from_ms + ANSWER_WITHIN_MS,
        )
        .order_by(c.case_id, f.time_ms, f.key)
        .limit(ANSWERS_MAX)
    )
    outcomes = scale_named("nps").outcomes
    before: dict[int, Outcome] = {}
    after: dict[int, tuple[bool, Outcome]] = {}
    for case_id, contacted_ms, earlier, score in conn.execute(query):
        if earlier:
            before[case_id] = outcomes[score]
        else:
            after.setdefault(case_id, (contacted_ms is not None, outcomes[score]))
    pairs = [(before[case_id], *found) for case_id, found in after.items() if case_id in before]
    seen = Counter((was, now) for was, contacted, now in pairs if contacted)
    alone = Counter(now for was, contacted, now in pairs if not contacted and was == "bad")
    ends: tuple[Outcome, ...] = ("bad", "neutral", "good")
    rows: dict[Outcome, dict[Outcome, int]] = {
        was: {now: seen[was, now] for now in ends} for was in ends if was != "good"
    }
    return Matrix(
        EFFECT_DAYS, rows, Part(rows["bad"]["good"], sum(rows["bad"].values())), Part(alone["good"], alone.total())
    )


def read_contact_effect(conn: Connection, stage: str, now_ms: int) -> ContactEffect:
    """For the cases of one stage."""
    c, f = cases.c, feedback.c
    lately = and_(c.stage == stage, c.opened_ms >= now_ms - EFFECT_DAYS * DAY_MS)
    from_ms = func.coalesce(c.contacted_ms, c.opened_ms)
    answers = (
        select(c.case_id, c.contacted_ms, f.metric, f.score)
        .join(feedback, f.customer == c.customer)
        .where(lately, f.time_ms > from_ms, f.time_ms <= from_ms + ANSWER_WITHIN_MS)
        .order_by(f.time_ms, f.key)
        .limit(ANSWERS_MAX)
    )
    seen: set[int] = set()
    counts = {True: [0, 0], False: [0, 0]}
    for case_id, contacted_ms, metric, score in conn.execute(answers):
        if case_id in seen:
            continue
        seen.add(case_id)
        group = counts[contacted_ms is not None]
        group[0] += scale_named(metric).outcomes[score] == "good"
        group[1] += 1
    ended = and_(lately, c.contacted_ms.is_not(None), c.state.in_(("recovered", "not_recovered")))
    rows = conn.execute(select(c.state, func.count()).where(ended).group_by(c.state))
    states = {str(state): int(n) for state, n in rows}
    return ContactEffect(
        EFFECT_DAYS,
        Part(*counts[True]),
        Part(*counts[False]),
        Part(states.get("recovered", 0), sum(states.values())),
    )
