"""/incidents and /incidents/NUMBER: what is open, and one incident with its numbers, history and stories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response
from litestar.response import Redirect
from sqlalchemy import Connection

from alerting.doing import ActionError
from alerting.masking import mask
from alerting.priority import parts
from alerting.records import Event, Incident
from alerting.serving import NUMBER_MAX
from alerting.settings import AlertSettings
from alerting.store import incident_history, read_incident
from dashboards.alert_readings import IncidentLine, read_incidents
from dashboards.pages.acting import Form, Told, Unreadable, incident_step, read_form, why_not
from dashboards.pages.render import Pages
from dashboards.pages.share_chart import AFTER_MS, LOOK_BACK_MS, ShareChart, share_chart, span_of
from dashboards.queue_readings import Row, case_rows, cases_of_incident
from streams.clock import DAY_MS, minute_of
from streams.store.minutes import leaf_minutes
from streams.store.stories import StoredFeedback, bad_feedback

RESOLVED_DAYS = 7
STORIES_MAX = 5
CUSTOMERS_MAX = 6
NAMED_MAX = 6
READ_MAX = 500  # bad answers looked at for reasons and words
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
    """One incident with everything its page shows. Quotes are customers' words, contact data masked.

    `states` counts its cases by state, `customers` are the first of them by priority.
    """

    incident: Incident
    history: list[Event]
    stories: list[tuple[StoredFeedback, str]]
    chart: ShareChart | None
    states: Mapping[str, int]
    overdue: int
    customers: list[Row]
    named: tuple[tuple[str, int], ...]
    bad_read: int


def read_whole(conn: Connection, number: int, now_ms: int, settings: AlertSettings) -> Whole | None:
    """Read it, None if there is no such number."""
    incident = read_incident(conn, number)
    if incident is None:
        return None
    naming, end_ms = incident.naming, incident.resolved_ms or now_ms
    found = bad_feedback(conn, incident.named, naming.since_ms, end_ms + 1, READ_MAX, with_comment=False)
    told = [answer for answer in found if answer.comment][:STORIES_MAX]
    reasons = Counter(reason for answer in found for reason in set(answer.reasons))
    cases = cases_of_incident(conn, number, now_ms)
    urgent = sorted(cases, key=lambda case: (not case.open, -parts(case, now_ms, settings).total))
    return Whole(
        incident=incident,
        history=list(incident_history(conn, number))[::-1],
        stories=[(answer, mask(answer.comment or "")) for answer in told],
        chart=_chart(conn, incident, end_ms),
        states=Counter(case.state for case in cases),
        overdue=sum(case.state in ("open", "claimed") and case.first_contact_due_ms < now_ms for case in cases),
        customers=case_rows(conn, urgent[:CUSTOMERS_MAX], now_ms, settings),
        named=tuple(sorted(reasons.items(), key=lambda one: (-one[1], one[0]))[:NAMED_MAX]),
        bad_read=len(found),
    )


def _chart(conn: Connection, incident: Incident, end_ms: int) -> ShareChart | None:
    naming, place = incident.naming, incident.named
    after_ms = end_ms + (AFTER_MS if incident.resolved_ms is not None else 0)
    start_ms, _ = span_of(naming.since_ms, after_ms)
    minutes = [
        one
        for one in leaf_minutes(conn, minute_of(start_ms - LOOK_BACK_MS), minute_of(after_ms) + 1)
        if place.channel in (None, one.channel) and place.stage in (None, one.stage)
    ]
    share = naming.signal in ("share", "guardrail", "drift")
    usual = (naming.expected, naming.expected_low, naming.expected_high) if share else None
    return share_chart(minutes, naming.since_ms, after_ms, usual)


async def incident_page(
    request: Request[Any, Any, Any],
    pages: Pages,
    number: int,
    *,
    told: Told | None = None,
    typed: Form | None = None,
    action: str = "",
    status: int = 200,
) -> Response[str]:
    """The page of one incident; after a refusal with `told` on top, and what was `typed` in its form."""
    now_ms, settings = pages.context.clock.now_ms(), pages.acting.settings
    whole = None
    if 0 < number <= NUMBER_MAX:
        whole = await pages.desk.shared(("incident", number), lambda conn: read_whole(conn, number, now_ms, settings))
    if whole is None:
        _ = pages.language(request)
        return await pages.answer(
            request,
            "gone.html",
            "incidents",
            status=404,
            title=_("This incident does not exist"),
            text=_(
                "There is no incident #{number} here. It may have been erased with old data, or the link is wrong.",
                number=number,
            ),
            link=("/incidents", _("All incidents")),
        )
    return await pages.answer(
        request,
        "incident.html",
        "incidents",
        status=status,
        whole=whole,
        incident=whole.incident,
        now_ms=now_ms,
        told=told,
        typed=typed or {},
        typed_in=action,
        me=pages.acting.actor(request),
    )


async def act_on_incident(request: Request[Any, Any, Any], pages: Pages, number: int, action: str) -> Response[Any]:
    """Do what a form asks for, then lead back to the page; or say in words why not."""
    _ = pages.language(request)
    if not 0 < number <= NUMBER_MAX:
        return await incident_page(request, pages, number)
    form: Form = {}
    try:
        form = await read_form(request)
        await pages.act(request, incident_step(action, number, form, pages.acting.settings))
    except Unreadable as error:
        told = Told(_("That was not done"), _(str(error)))
        return await incident_page(request, pages, number, told=told, typed=form, action=action, status=400)
    except ActionError as error:
        history = await pages.desk.read(lambda conn: incident_history(conn, number))
        told = why_not(_, error, history[-1] if history else None, pages.context.clock.now_ms())
        return await incident_page(request, pages, number, told=told, typed=form, action=action, status=409)
    return Redirect(f"/incidents/{number}", status_code=303)
