"""/cases/NUMBER: the story that led here, the clocks, and everything an agent does, in forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response
from litestar.response import Redirect

from alerting.clocks import CaseClock, clocks_of, share_used
from alerting.doing import ActionError, NotThere
from alerting.permission import WAYS
from alerting.records import Case
from alerting.serving import NUMBER_MAX
from alerting.settings import AlertSettings
from dashboards.contact_effect import read_contact_effect
from dashboards.pages.acting import Form, Told, Unreadable, case_step, own_queue, read_form, why_not
from dashboards.pages.journey_chart import journey_chart
from dashboards.pages.language import due_soon
from dashboards.pages.render import Pages
from dashboards.queue_readings import CaseView, language_of, next_case, read_case_view
from streams.clock import DAY_MS

REASONS_MAX = 12


@dataclass(frozen=True, slots=True)
class Dial:
    """One clock as it is shown. `used` is 0-1 of its time; `urgency` overdue, soon, later, kept or missed."""

    clock: CaseClock
    urgency: str
    used: float


def dials(case: Case, now_ms: int, settings: AlertSettings) -> list[Dial]:
    """The clocks of a case; its working hours count, so at night they stand still."""
    shown = []
    for clock in clocks_of(case):
        state = clock.state_at(now_ms if case.open else case.closed_ms or now_ms)
        urgency = state if state in ("kept", "missed") else due_soon(clock.due_ms, now_ms)
        start_ms = case.opened_ms if clock.name != "next_contact" else case.contacted_ms or case.opened_ms
        until_ms = now_ms if clock.done_ms is None else clock.done_ms
        shown.append(Dial(clock, urgency, share_used(start_ms, clock.due_ms, until_ms, settings.hours)))
    return shown


def reasons_of(view: CaseView) -> list[str]:
    """What the main reason probably is: what the customer said, then what the case says."""
    said = [reason for answer in view.answers for reason in answer.reasons]
    return list(dict.fromkeys([*said, view.row.case.reason]))[:REASONS_MAX]


async def case_page(
    request: Request[Any, Any, Any],
    pages: Pages,
    case_id: int,
    *,
    told: Told | None = None,
    typed: Form | None = None,
    action: str = "",
    status: int = 200,
) -> Response[str]:
    """The page. After a refusal: `told` on top, and in the form of that `action` what was `typed`."""
    now_ms, settings = pages.context.clock.now_ms(), pages.acting.settings
    view = None
    if 0 < case_id <= NUMBER_MAX:
        view = await pages.desk.read(lambda conn: read_case_view(conn, case_id, now_ms, settings))
    if view is None:
        return await gone(request, pages)
    me = pages.acting.actor(request)
    following = await pages.desk.read(lambda conn: next_case(conn, me, now_ms, settings))
    case = view.row.case
    effect = await pages.desk.seldom(("effect", case.stage), lambda conn: read_contact_effect(conn, case.stage, now_ms))
    events = [] if view.state is None else view.state.events()
    return await pages.answer(
        request,
        "case.html",
        "queue",
        status=status,
        view=view,
        row=view.row,
        case=case,
        told=told,
        typed=typed or {},
        typed_in=action,
        following=following if following is not None and following.case_id != case_id else None,
        me=me,
        dials=dials(case, now_ms, settings),
        chart=journey_chart(events, pages.context.measure.channels, case.opened_ms, pages.language(request).day),
        effort=None if view.state is None else view.state.effort(),
        worst=None if view.state is None else view.state.worst(now_ms),
        quote_lang=language_of(view.state),
        reasons=reasons_of(view),
        ways=WAYS,
        crm=settings.crm_address(case.customer),
        effect=effect,
        share=pages.share,
        min_n=pages.context.measure.min_n,
        asked_again=case.contacted_ms is not None and not any(a.time_ms > case.contacted_ms for a in view.answers),
        now_ms=now_ms,
        tomorrow_ms=now_ms + DAY_MS,
    )


async def gone(request: Request[Any, Any, Any], pages: Pages) -> Response[str]:
    """For a case that is not there."""
    _ = pages.language(request)
    return await pages.answer(
        request,
        "gone.html",
        "queue",
        status=404,
        title=_("This case does not exist"),
        text=_("It may have been erased with old data, or the link is wrong."),
        link=("/queue", _("To the queue")),
    )


async def act_on_case(request: Request[Any, Any, Any], pages: Pages, case_id: int, action: str) -> Response[Any]:
    """Do what a form asks for, then lead on; or say in words why not."""
    _ = pages.language(request)
    if not 0 < case_id <= NUMBER_MAX:
        return await gone(request, pages)
    form: Form = {}
    try:
        form = await read_form(request)
        step = case_step(action, case_id, form, pages.acting.settings)
        await pages.act(request, step)
    except Unreadable as error:
        told = Told(_("That was not done"), _(str(error)))
        return await case_page(request, pages, case_id, told=told, typed=form, action=action, status=400)
    except NotThere:
        return await gone(request, pages)
    except ActionError as error:
        view = await pages.desk.read(
            lambda conn: read_case_view(conn, case_id, pages.context.clock.now_ms(), pages.acting.settings)
        )
        me = pages.acting.actor(request)
        if action == "claim" and view is not None and view.row.case.claimed_by == me and view.row.case.open:
            return Redirect(f"/cases/{case_id}", status_code=303)  # a second click of the one who has it
        told = why_not(
            _, error, view.history[0] if view is not None and view.history else None, pages.context.clock.now_ms()
        )
        return await case_page(request, pages, case_id, told=told, typed=form, action=action, status=409)
    return Redirect(await _onward(request, pages, case_id, form), status_code=303)


async def _onward(request: Request[Any, Any, Any], pages: Pages, case_id: int, form: Form) -> str:
    where = form.get("then", "case")
    if where == "queue":
        return own_queue(form.get("back", ""))
    if where == "next":
        now_ms, me = pages.context.clock.now_ms(), pages.acting.actor(request)
        following = await pages.desk.read(lambda conn: next_case(conn, me, now_ms, pages.acting.settings))
        return "/queue" if following is None else f"/cases/{following.case_id}"
    return f"/cases/{case_id}"
