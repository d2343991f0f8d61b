"""Incidents of the list: what is open and what was resolved lately, each with its last hours and its customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from alerting import store
from alerting.belonging import BEFORE_MS
from alerting.records import Incident, Member
from alerting.tables import cases, incident_members, incidents
from dashboards.incident_readings import of_place
from detectors.chance import wilson
from detectors.kinds import kind_of
from streams.clock import DAY_MS, MINUTES_PER_HOUR, minute_of
from streams.records import LeafMinute
from streams.store.minutes import Kind, leaf_hours

RESOLVED_DAYS = 7
LISTED_MAX = 100
SPARK_HOURS = 12


@dataclass(frozen=True, slots=True)
class Hurt:
    """Customers with a case of an incident."""

    all: int = 0
    waiting: int = 0
    overdue: int = 0
    recovered: int = 0
    tiers: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """One incident of the list. `hours` are (answers, bad ones) of its last twelve hours, the oldest first."""

    incident: Incident
    hours: Sequence[tuple[int, int]]
    hurt: Hurt

    @property
    def naming(self) -> Member:
        """The member that tells it."""
        return self.incident.naming

    @property
    def interval(self) -> tuple[float, float, float] | None:
        """Bad share since the start with its interval, where shares are what it is about."""
        naming = self.naming
        if not naming.n or kind_of(naming.metric) == "contacts":
            return None
        return (naming.bad / naming.n, *wilson(naming.bad, naming.n))

    @property
    def usual(self) -> float | None:
        """The usual bad share, where the signal knows one."""
        return self.naming.expected if self.naming.signal in ("share", "guardrail", "drift") else None

    @property
    def children(self) -> list[Member]:
        """Other places that moved along: they are muted under it."""
        return [m for m in self.incident.members if m.leaf and m.segment != self.incident.named]


def read_list(conn: Connection, now_ms: int) -> list[Listed]:
    """What is open, and what was resolved within a week; newest first, at most 100."""
    found = store.read_current(conn, now_ms - RESOLVED_DAYS * DAY_MS, lock=False)[::-1][:LISTED_MAX]
    hours: dict[tuple[Kind, int], Sequence[LeafMinute]] = {}
    listed = []
    for incident in found:
        kind, until = kind_of(incident.naming.metric), minute_of(incident.resolved_ms or now_ms)
        end = until - until % MINUTES_PER_HOUR + MINUTES_PER_HOUR
        if (kind, end) not in hours:
            hours[kind, end] = leaf_hours(conn, end - SPARK_HOURS * MINUTES_PER_HOUR, end, kind)
        listed.append(Listed(incident, _sums(incident, hours[kind, end], end), _hurt(conn, incident, now_ms)))
    return listed


def paged_since(conn: Connection, now_ms: int, days: int) -> int:
    """How many incidents people were told of in the last days."""
    i, m = incidents.c, incident_members.c
    told = select(func.count(func.distinct(i.number))).join(incident_members, m.number == i.number)
    query = told.where(i.opened_ms >= now_ms - days * DAY_MS, m.page, i.spam.is_(False))
    return int(conn.execute(query).scalar_one())


def _sums(incident: Incident, rows: Sequence[LeafMinute], end: int) -> list[tuple[int, int]]:
    sums = {end - (place + 1) * MINUTES_PER_HOUR: (0, 0) for place in reversed(range(SPARK_HOURS))}
    for row in of_place(incident, rows):
        n, bad = sums[row.minute]
        sums[row.minute] = n + row.n, bad + row.bad
    return list(sums.values())


def _hurt(conn: Connection, incident: Incident, now_ms: int) -> Hurt:
    if incident.spam:
        return Hurt()
    c, naming, named = cases.c, incident.naming, incident.named
    wanted = [
        c.last_flag_ms >= naming.since_ms,
        c.opened_ms <= (incident.resolved_ms or now_ms),
        c.opened_ms >= naming.since_ms - BEFORE_MS,
    ]
    if named.channel is not None:
        wanted.append(c.channel == named.channel)
    if named.stage is not None:
        wanted.append(c.stage == named.stage)
    waiting = c.state.in_(("open", "claimed"))
    late = c.first_contact_due_ms < now_ms
    by_tier: Mapping[str, int] = {}
    total = waits = overdue = recovered = 0
    query = select(
        c.tier,
        func.count(),
        func.count().filter(waiting),
        func.count().filter(waiting, late),
        func.count().filter(c.state == "recovered"),
    )
    for tier, many, wait, over, back in conn.execute(query.where(*wanted).group_by(c.tier)):
        total, waits, overdue, recovered = total + many, waits + wait, overdue + over, recovered + back
        by_tier = by_tier if tier is None else {**by_tier, tier: many}
    top = sorted(by_tier.items(), key=lambda pair: (-pair[1], pair[0]))[:1]
    return Hurt(total, waits, overdue, recovered, top)
