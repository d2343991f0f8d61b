"""/incidents and /incidents/NUMBER: what is open, and one incident with its numbers, history and stories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response
from sqlalchemy import Connection

from alerting.masking import mask
from alerting.records import Event, Incident
from alerting.serving import NUMBER_MAX
from alerting.store import incident_history, read_incident
from dashboards.alert_readings import IncidentLine, read_incidents
from dashboards.pages.render import Pages
from streams.clock import DAY_MS
from streams.store.stories import StoredFeedback, bad_feedback

RESOLVED_DAYS = 7
STORIES_MAX = 5
STATES = ("open", "spam", "resolved")


@dataclass(frozen=True, slots=True)
class Groups:
    """Incidents as the list shows them: what nobody has taken comes first."""

    untaken: list[IncidentLine]
    taken: list[IncidentLine]
    spam: list[IncidentLine]
    resolved: list[IncidentLine]

    @classmethod
    def of(cls, lines: list[IncidentLine], now_ms: int) -> Groups:
        """Sort the lines, newest first within a group; what was resolved long ago is left out."""
        real = [line for line in lines if not line.spam]
        recent = now_ms - RESOLVED_DAYS * DAY_MS
        return cls(
            untaken=[line for line in real if line.open and line.acknowledged_ms is None],
            taken=[line for line in real if line.open and line.acknowledged_ms is not None],
            spam=[line for line in lines if line.spam and line.open],
            resolved=[line for line in lines if not line.open and (line.resolved_ms or 0) >= recent],
        )


async def incident_list(request: Request[Any, Any, Any], pages: Pages) -> Response[str]:
    """The list; ?state=open, spam or resolved shows one part of it."""
    lines = await pages.desk.shared("incidents", read_incidents)
    state = request.query_params.get("state", "")
    now_ms = pages.context.clock.now_ms()
    return await pages.answer(
        request,
        "incidents.html",
        "incidents",
        groups=Groups.of(lines, now_ms),
        state=state if state in STATES else "",
        now_ms=now_ms,
        days=RESOLVED_DAYS,
    )


@dataclass(frozen=True, slots=True)
class Whole:
    """One incident with everything its page shows. Quotes are customers' words, contact data masked."""

    incident: Incident
    history: list[Event]
    stories: list[tuple[StoredFeedback, str]]


def read_whole(conn: Connection, number: int, now_ms: int) -> Whole | None:
    """Read it, None if there is no such number."""
    incident = read_incident(conn, number)
    if incident is None:
        return None
    to_ms = (incident.resolved_ms or now_ms) + 1
    found = bad_feedback(conn, incident.named, incident.naming.since_ms, to_ms, STORIES_MAX)
    stories = [(answer, mask(answer.comment or "")) for answer in found]
    return Whole(incident, list(incident_history(conn, number))[::-1], stories)


async def incident_page(request: Request[Any, Any, Any], pages: Pages, number: int) -> Response[str]:
    """The page of one incident."""
    now_ms = pages.context.clock.now_ms()
    whole = None
    if 0 < number <= NUMBER_MAX:
        whole = await pages.desk.shared(("incident", number), lambda conn: read_whole(conn, number, now_ms))
    if whole is None:
        return await pages.answer(
            request,
            "gone.html",
            "incidents",
            status=404,
            title="This incident does not exist",
            text=f"There is no incident #{number} here. It may have been erased with old data, or the link is wrong.",
            link=("/incidents", "All incidents"),
        )
    return await pages.answer(
        request, "incident.html", "incidents", whole=whole, incident=whole.incident, now_ms=now_ms
    )
