"""/incidents and /incidents/NUMBER: what is open, and one incident with its numbers, history and stories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response
from litestar.response import Redirect
from sqlalchemy import Connection

from alerting.doing import ActionError
from alerting.records import Incident
from alerting.serving import NUMBER_MAX
from alerting.settings import AlertSettings
from alerting.store import incident_history
from dashboards.incident_list import RESOLVED_DAYS, paged_since, read_list
from dashboards.incident_readings import Whole, of_place, read_whole
from dashboards.pages.acting import Form, Told, Unreadable, incident_step, read_form, why_not
from dashboards.pages.cause_lines import cause_groups
from dashboards.pages.evidence_chart import EvidenceChart, evidence_chart
from dashboards.pages.incident_lines import Groups, Wanted, bar_x, spark
from dashboards.pages.render import Pages
from dashboards.pages.share_chart import AFTER_MS, LOOK_BACK_MS, ShareChart, share_chart, span_of
from dashboards.pages.waiting import read_waiting
from detectors.corroborate import WITNESSES
from detectors.kinds import kind_of
from streams.clock import minute_of
from streams.store.minutes import leaf_minutes

PROMISE_DAYS = 28


async def incident_list(request: Request[Any, Any, Any], pages: Pages) -> Response[str]:
    """The list; ?state=open, spam, notices or resolved shows one part of it, channel, stage and taken filter it."""
    desk, context = pages.desk, pages.context
    now_ms, promise = context.clock.now_ms(), context.detection.false_alerts_per_week
    wanted = Wanted.of({name: str(value) for name, value in request.query_params.items()})
    lines = await desk.shared("incident list", lambda conn: read_list(conn, now_ms))
    told = await desk.shared("told of", lambda conn: paged_since(conn, now_ms, PROMISE_DAYS))
    return await pages.answer(
        request,
        "incidents.html",
        "incidents",
        groups=Groups.of([line for line in lines if wanted.admits(line)]),
        wanted=wanted,
        channels=sorted({line.incident.named.channel for line in lines if line.incident.named.channel}),
        stages=sorted({line.incident.named.stage for line in lines if line.incident.named.stage}),
        people=sorted({line.incident.acknowledged_by for line in lines if line.incident.acknowledged_by}),
        quiet=await read_waiting(desk),
        two=lambda names: [(name, name) for name in names],
        spark=spark,
        bar_x=bar_x,
        told=told,
        promised=promise * PROMISE_DAYS / 7,
        now_ms=now_ms,
        days=RESOLVED_DAYS,
    )


@dataclass(frozen=True, slots=True)
class Drawn:
    """An incident with its drawings."""

    whole: Whole
    chart: ShareChart | None
    evidence: EvidenceChart | None


def read_drawn(conn: Connection, number: int, now_ms: int, settings: AlertSettings) -> Drawn | None:
    """Read it, None if there is no such number."""
    whole = read_whole(conn, number, now_ms, settings)
    if whole is None:
        return None
    incident, naming = whole.incident, whole.incident.naming
    end_ms = incident.resolved_ms or now_ms
    until_ms = end_ms + (AFTER_MS if incident.resolved_ms is not None else 0)
    return Drawn(
        whole, _chart(conn, incident, until_ms), evidence_chart(naming.curve, naming.needed, naming.since_ms, until_ms)
    )


def _chart(conn: Connection, incident: Incident, until_ms: int) -> ShareChart | None:
    naming = incident.naming
    start_ms, _ = span_of(naming.since_ms, until_ms)
    from_minute, to_minute = minute_of(start_ms - LOOK_BACK_MS), minute_of(until_ms) + 1
    minutes = of_place(incident, leaf_minutes(conn, from_minute, to_minute, kind_of(naming.metric)))
    share = naming.signal in ("share", "guardrail", "drift")
    usual = (naming.expected, naming.expected_low, naming.expected_high) if share else None
    known = (("fired", naming.detected_ms), ("taken", incident.acknowledged_ms), ("resolved", incident.resolved_ms))
    marks = [(name, at_ms) for name, at_ms in known if at_ms is not None]
    return share_chart(minutes, naming.since_ms, until_ms, usual, marks)


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
    drawn = None
    if 0 < number <= NUMBER_MAX:
        drawn = await pages.desk.shared(("incident", number), lambda conn: read_drawn(conn, number, now_ms, settings))
    if drawn is None:
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
        whole=drawn.whole,
        incident=drawn.whole.incident,
        chart=drawn.chart,
        evidence=drawn.evidence,
        kind=kind_of(drawn.whole.incident.naming.metric),
        causes=cause_groups(drawn.whole.incident.naming.causes),
        witnesses=[witness.name for witness in WITNESSES],
        reopen_minutes=settings.reopen_minutes,
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
