"""Incidents over HTTP: the list, one incident, and what people do."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, PathParameter, QueryParameter

from alerting import actions, bodies, incident_wire, showing, store
from alerting.records import Incident, IncidentStage
from alerting.serving import LIMIT_DEFAULT, NUMBER_MAX, AlertingApi, Anyone, Limit

Cursor = Annotated[int | None, QueryParameter(ge=1, le=NUMBER_MAX, description="`next` of the page before")]
Number = Annotated[int, PathParameter(ge=1, le=NUMBER_MAX)]
IncidentStages = Annotated[list[IncidentStage] | None, QueryParameter(name="state")]  # "state" is Litestar's own word

ONE_INCIDENT = """
The first of `members` names the incident. Its `curve` is how the evidence came up, and `needed` the level at which it
fires, both in weeks: as rare as once in so many, over everything that is watched. `expected_low` to `expected_high` is
the usual band, `since` the change point, `character` the kind of change, `causes` what is over-represented among its
unhappy customers. `spam` says why it was held back, and how to appeal.
""".strip()


def incident_readers(api: AlertingApi) -> list[HTTPRouteHandler]:
    """Routes that change nothing."""

    @get("/incidents", summary="Incidents, newest first")
    async def list_incidents(
        states: IncidentStages = None, cursor: Cursor = None, limit: Limit = LIMIT_DEFAULT
    ) -> incident_wire.IncidentPage:
        now_ms = api.clock.now_ms()
        found = await api.read(lambda conn: store.read_incidents(conn, now_ms, states, cursor, limit))
        following = str(found[-1].number) if len(found) == limit else None
        return incident_wire.IncidentPage([incident_wire.incident_row(i, now_ms) for i in found], following)

    @get(
        "/incidents/{number:int}",
        summary="One incident with its evidence, its causes and its history",
        description=ONE_INCIDENT,
    )
    async def one_incident(number: Number) -> incident_wire.IncidentDetail:
        now_ms = api.clock.now_ms()
        return await api.read(lambda conn: showing.incident_detail(conn, number, now_ms))

    return [list_incidents, one_incident]


def incident_actions(api: AlertingApi) -> Router:
    """Routes by which people act."""
    settings = api.settings

    def shown(incident: Incident) -> incident_wire.IncidentRow:
        return incident_wire.incident_row(incident, api.clock.now_ms())

    @post("/acknowledge", status_code=200, summary="Take it")
    async def acknowledge(request: Anyone, number: Number, data: JSONBody[bodies.Act]) -> incident_wire.IncidentRow:
        return shown(
            await api.act(request, lambda conn, who: actions.acknowledge(conn, settings, number, data.version, who))
        )

    @post("/snooze", status_code=200, summary="No notes for a while")
    async def snooze(request: Anyone, number: Number, data: JSONBody[bodies.Snooze]) -> incident_wire.IncidentRow:
        return shown(
            await api.act(
                request,
                lambda conn, who: actions.snooze(conn, settings, number, data.version, who, minutes=data.minutes),
            )
        )

    @post("/resolve", status_code=200, summary="Close it by hand")
    async def resolve(request: Anyone, number: Number, data: JSONBody[bodies.Act]) -> incident_wire.IncidentRow:
        return shown(
            await api.act(request, lambda conn, who: actions.resolve(conn, settings, number, data.version, who))
        )

    @post("/reopen", status_code=200, summary="Open a resolved one again")
    async def reopen(request: Anyone, number: Number, data: JSONBody[bodies.Act]) -> incident_wire.IncidentRow:
        return shown(
            await api.act(request, lambda conn, who: actions.reopen(conn, settings, number, data.version, who))
        )

    @post("/spam", status_code=200, summary="Say that it is possible spam, or that it is not")
    async def spam(request: Anyone, number: Number, data: JSONBody[bodies.Spam]) -> incident_wire.IncidentRow:
        return shown(
            await api.act(
                request,
                lambda conn, who: actions.mark_spam(conn, settings, number, data.version, who, spam=data.spam),
            )
        )

    @post("/handover", status_code=200, summary="Give it to somebody else")
    async def hand_over(request: Anyone, number: Number, data: JSONBody[bodies.HandOver]) -> incident_wire.IncidentRow:
        return shown(
            await api.act(
                request, lambda conn, who: actions.hand_over(conn, settings, number, data.version, who, to=data.to)
            )
        )

    @post("/note", status_code=200, summary="A note for the team")
    async def note(request: Anyone, number: Number, data: JSONBody[bodies.Note]) -> incident_wire.IncidentRow:
        return shown(
            await api.act(
                request, lambda conn, who: actions.add_note(conn, settings, number, data.version, who, said=data.note)
            )
        )

    return Router(
        path="/incidents/{number:int}",
        route_handlers=[acknowledge, snooze, resolve, reopen, spam, hand_over, note],
    )
