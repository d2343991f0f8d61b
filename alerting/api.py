"""Incidents and cases over HTTP: lists, details, and the actions of people.

Errors are RFC 9457 problems: 404 when there is no such thing, 409 when somebody else was faster or the state forbids
it, 400 for what cannot be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from litestar import Request, Response, Router, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.types import Guard
from msgspec import Struct
from sqlalchemy import Connection, Engine

from alerting import actions, bodies, casebook, store, wire
from alerting.actions import ActionError, Doing, NotThere
from alerting.records import OPEN_CASE_STATES, Case, CaseState, Incident, IncidentStage
from alerting.settings import AlertSettings
from streams.clock import Clock
from streams.signal import Signal

LIMIT_MAX = 1_000
NUMBER_MAX = 2**31 - 1
LIMIT_DEFAULT = 200

T = TypeVar("T")
Cursor = Annotated[int | None, QueryParameter(ge=1, le=NUMBER_MAX, description="`next` of the page before")]
Number = Annotated[int, PathParameter(ge=1, le=NUMBER_MAX)]
Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)]
IncidentStages = Annotated[list[IncidentStage] | None, QueryParameter(name="state")]  # "state" is Litestar's own word
CaseStates = Annotated[list[CaseState] | None, QueryParameter(name="state")]
Anyone = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class AlertingApi:
    """What the routes work with. `actor` says who asks, from what the guards have found out."""

    engine: Engine
    clock: Clock
    settings: AlertSettings
    signal: Signal
    actor: Callable[[Anyone], str]
    read_guards: Sequence[Guard] = ()
    act_guards: Sequence[Guard] = ()

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Read in a thread."""

        def run() -> T:
            with self.engine.connect() as conn:
                return query(conn)

        return await asyncio.to_thread(run)

    async def act(self, request: Anyone, step: Callable[[Connection, Doing], T]) -> T:
        """Do something in one transaction in a thread, then wake the delivery."""
        doing = Doing(self.actor(request)[: actions.ACTOR_MAX], self.clock.now_ms())

        def run() -> T:
            with self.engine.begin() as conn:
                return step(conn, doing)

        result = await asyncio.to_thread(run)
        self.signal.ring()
        return result


class Problem(Struct, frozen=True):
    """application/problem+json."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"


def _problem(title: str, status: int, detail: str) -> Response[Problem]:
    return Response(Problem(title, status, detail), status_code=status, media_type="application/problem+json")


def _refused(_: Anyone, error: ActionError) -> Response[Problem]:
    if isinstance(error, NotThere):
        return _problem("Not there", 404, str(error))
    return _problem("Not done", 409, str(error))


def _http_problem(_: Anyone, error: HTTPException) -> Response[Problem]:
    extra = error.extra if isinstance(error.extra, list) else []
    wrong = [f"{e.get('key', '')}: {e.get('message', '')}" for e in extra if isinstance(e, dict)]
    return _problem("The request was not answered", error.status_code, "; ".join([error.detail, *wrong])[:500])


def alerting_router(api: AlertingApi) -> Router:
    """The routes under /api/v1."""
    readers: list[HTTPRouteHandler] = [*_incident_readers(api), *_case_readers(api)]
    return Router(
        path="/api/v1",
        route_handlers=[
            Router(path="/", route_handlers=readers, guards=list(api.read_guards)),
            Router(path="/", route_handlers=[_incident_actions(api), _case_actions(api)], guards=list(api.act_guards)),
        ],
        exception_handlers={ActionError: _refused, HTTPException: _http_problem},
        tags=["incidents and cases"],
    )


def _incident_readers(api: AlertingApi) -> list[HTTPRouteHandler]:
    @get("/incidents", summary="Incidents, newest first")
    async def list_incidents(
        states: IncidentStages = None, cursor: Cursor = None, limit: Limit = LIMIT_DEFAULT
    ) -> wire.IncidentPage:
        now_ms = api.clock.now_ms()
        found = await api.read(lambda conn: store.read_incidents(conn, now_ms, states, cursor, limit))
        following = str(found[-1].number) if len(found) == limit else None
        return wire.IncidentPage([wire.incident_row(i, now_ms) for i in found], following)

    @get("/incidents/{number:int}", summary="One incident with its history")
    async def one_incident(number: Number) -> wire.IncidentDetail:
        now_ms = api.clock.now_ms()

        def look(conn: Connection) -> wire.IncidentDetail:
            incident = store.read_incident(conn, number)
            if incident is None:
                raise NotThere(f"there is no incident #{number}")
            history = [wire.event_row(e) for e in store.incident_history(conn, number)]
            members = [wire.member_row(m) for m in incident.members]
            return wire.IncidentDetail(wire.incident_row(incident, now_ms), members, history)

        return await api.read(look)

    return [list_incidents, one_incident]


def _case_readers(api: AlertingApi) -> list[HTTPRouteHandler]:
    @get("/cases", summary="Cases, newest first; by default those still to be worked on")
    async def list_cases(
        states: CaseStates = None, cursor: Cursor = None, limit: Limit = LIMIT_DEFAULT
    ) -> wire.CasePage:
        now_ms = api.clock.now_ms()
        found = await api.read(lambda conn: casebook.read_cases(conn, states or OPEN_CASE_STATES, cursor, limit))
        following = str(found[-1].case_id) if len(found) == limit else None
        return wire.CasePage([wire.case_row(c, now_ms) for c in found], following)

    @get("/cases/{case_id:int}", summary="One case with its history")
    async def one_case(case_id: Number) -> wire.CaseDetail:
        now_ms = api.clock.now_ms()

        def look(conn: Connection) -> wire.CaseDetail:
            case = casebook.read_case(conn, case_id)
            if case is None:
                raise NotThere(f"there is no case {case_id}")
            history = [wire.event_row(e) for e in casebook.case_history(conn, case_id)]
            return wire.CaseDetail(wire.case_row(case, now_ms), history)

        return await api.read(look)

    return [list_cases, one_case]


def _incident_actions(api: AlertingApi) -> Router:
    def shown(incident: Incident) -> wire.IncidentRow:
        return wire.incident_row(incident, api.clock.now_ms())

    @post("/acknowledge", status_code=200, summary="Take it")
    async def acknowledge(request: Anyone, number: Number, data: JSONBody[bodies.Act]) -> wire.IncidentRow:
        return shown(
            await api.act(request, lambda conn, who: actions.acknowledge(conn, api.settings, number, data.version, who))
        )

    @post("/snooze", status_code=200, summary="No notes for a while")
    async def snooze(request: Anyone, number: Number, data: JSONBody[bodies.Snooze]) -> wire.IncidentRow:
        return shown(
            await api.act(
                request,
                lambda conn, who: actions.snooze(conn, api.settings, number, data.version, who, minutes=data.minutes),
            )
        )

    @post("/resolve", status_code=200, summary="Close it by hand")
    async def resolve(request: Anyone, number: Number, data: JSONBody[bodies.Act]) -> wire.IncidentRow:
        return shown(
            await api.act(request, lambda conn, who: actions.resolve(conn, api.settings, number, data.version, who))
        )

    @post("/spam", status_code=200, summary="Say that it is possible spam")
    async def spam(request: Anyone, number: Number, data: JSONBody[bodies.Act]) -> wire.IncidentRow:
        return shown(
            await api.act(request, lambda conn, who: actions.mark_spam(conn, api.settings, number, data.version, who))
        )

    return Router(path="/incidents/{number:int}", route_handlers=[acknowledge, snooze, resolve, spam])


def _case_actions(api: AlertingApi) -> Router:
    def shown(case: Case) -> wire.CaseRow:
        return wire.case_row(case, api.clock.now_ms())

    @post("/claim", status_code=200, summary="Take it: of two who try, one wins")
    async def claim(request: Anyone, case_id: Number, data: JSONBody[bodies.Act]) -> wire.CaseRow:
        return shown(
            await api.act(request, lambda conn, who: actions.claim(conn, api.settings, case_id, data.version, who))
        )

    @post("/contact", status_code=200, summary="The customer was reached")
    async def contact(request: Anyone, case_id: Number, data: JSONBody[bodies.Contact]) -> wire.CaseRow:
        return shown(
            await api.act(
                request,
                lambda conn, who: actions.contact(conn, api.settings, case_id, data.version, who, said=data.note),
            )
        )

    @post("/close", status_code=200, summary="End it with its outcome")
    async def close(request: Anyone, case_id: Number, data: JSONBody[bodies.Close]) -> wire.CaseRow:
        return shown(
            await api.act(
                request,
                lambda conn, who: actions.close(
                    conn, api.settings, case_id, data.version, who, outcome=data.outcome, reason=data.reason
                ),
            )
        )

    @post("/snooze", status_code=200, summary="Put it aside; its clocks run on")
    async def snooze(request: Anyone, case_id: Number, data: JSONBody[bodies.Snooze]) -> wire.CaseRow:
        return shown(
            await api.act(
                request,
                lambda conn, who: actions.snooze_case(
                    conn, api.settings, case_id, data.version, who, minutes=data.minutes
                ),
            )
        )

    return Router(path="/cases/{case_id:int}", route_handlers=[claim, contact, close, snooze])
