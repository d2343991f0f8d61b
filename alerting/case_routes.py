"""Cases over HTTP: the list in two orders, one case, the export, and what people do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from litestar import Response, Router, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, PathParameter, QueryParameter
from sqlalchemy import Connection

from alerting import bodies, case_wire, caseactions, casebook, export, queue, showing
from alerting.caseactions import Attempt
from alerting.doing import Doing
from alerting.queue import QueueFilter
from alerting.records import OPEN_CASE_STATES, Case, CaseState
from alerting.serving import LIMIT_DEFAULT, NUMBER_MAX, AlertingApi, Anyone, Limit
from streams.clock import to_ms

EXPORT_MAX = 10_000

CaseId = Annotated[int, PathParameter(ge=1, le=NUMBER_MAX)]
CaseStates = Annotated[list[CaseState] | None, QueryParameter(name="state")]
Cursor = Annotated[int | None, QueryParameter(ge=1, le=NUMBER_MAX, description="`next` of the page before")]
Order = Annotated[Literal["newest", "priority"], QueryParameter(description="priority: most urgent first")]
Name = Annotated[str | None, QueryParameter(min_length=1, max_length=128)]
Mine = Annotated[bool, QueryParameter(description="Only cases that you have claimed")]
Snoozed = Annotated[bool, QueryParameter(description="By priority: those put aside for now, too")]


def case_readers(api: AlertingApi) -> list[HTTPRouteHandler]:
    """Routes that change nothing."""

    @get("/cases", summary="Cases, newest or most urgent first; by default those still to be worked on")
    async def list_cases(
        request: Anyone,
        states: CaseStates = None,
        order: Order = "newest",
        mine: Mine = False,
        channel: Name = None,
        stage: Name = None,
        tier: Name = None,
        kind: Name = None,
        customer: Name = None,
        snoozed: Snoozed = False,
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> case_wire.CasePage:
        now_ms = api.clock.now_ms()
        wanted = QueueFilter(
            states=states or OPEN_CASE_STATES,
            claimed_by=api.actor(request) if mine else None,
            channel=channel,
            stage=stage,
            tier=tier,
            kind=kind,
            customer=customer,
            snoozed=snoozed or order == "newest",
        )

        def look(conn: Connection) -> case_wire.CasePage:
            if order == "newest":
                found = casebook.newest_cases(conn, wanted.clause(now_ms), cursor, limit)
                following = str(found[-1].case_id) if len(found) == limit else None
            else:
                start = cursor or 0
                found = queue.read_queue(conn, wanted, now_ms, api.settings, offset=start, limit=limit)
                following = str(start + limit) if len(found) == limit else None
            return case_wire.CasePage(showing.case_rows(conn, found, now_ms, api.settings), following)

        return await api.read(look)

    @get("/cases/counts", summary="How many wait, by when their first contact is due, and how today went")
    async def counts() -> case_wire.QueueCountsRow:
        now_ms = api.clock.now_ms()
        return case_wire.counts_row(await api.read(lambda conn: queue.count_queue(conn, now_ms, api.settings)))

    @get(
        "/cases.csv", summary="Cases as CSV for a spreadsheet, most urgent first; at most 10,000", media_type="text/csv"
    )
    async def export_cases(states: CaseStates = None) -> Response[str]:
        now_ms = api.clock.now_ms()
        wanted = QueueFilter(states=states or OPEN_CASE_STATES, snoozed=True)

        def look(conn: Connection) -> Iterator[str]:
            found: list[Case] = []
            for start in range(0, EXPORT_MAX, queue.QUEUE_MAX):
                page = queue.read_queue(conn, wanted, now_ms, api.settings, offset=start, limit=queue.QUEUE_MAX)
                found += page
                if len(page) < queue.QUEUE_MAX:
                    break
            return export.csv_lines(showing.case_rows(conn, found, now_ms, api.settings))

        text = "".join(await api.read(look))
        return Response(text, media_type="text/csv", headers={"Content-Disposition": _ATTACHED})

    @get("/cases/{case_id:int}", summary="One case with its contact log and history")
    async def one_case(case_id: CaseId) -> case_wire.CaseDetail:
        now_ms = api.clock.now_ms()
        return await api.read(lambda conn: showing.case_detail(conn, case_id, now_ms, api.settings))

    return [list_cases, counts, export_cases, one_case]


_ATTACHED = 'attachment; filename="cases.csv"'


def case_actions(api: AlertingApi) -> Router:
    """Routes by which people act."""
    settings = api.settings

    def row(conn: Connection, case: Case, who: Doing) -> case_wire.CaseRow:
        (shown,) = showing.case_rows(conn, [case], who.at_ms, settings)
        return shown

    @post("/claim", status_code=200, summary="Take it: of two who try, one wins")
    async def claim(request: Anyone, case_id: CaseId, data: JSONBody[bodies.Act]) -> case_wire.CaseRow:
        return await api.act(
            request,
            lambda conn, who: row(conn, caseactions.claim(conn, settings, case_id, data.version, who), who),
        )

    @post("/release", status_code=200, summary="Put it back for anybody to take")
    async def release(request: Anyone, case_id: CaseId, data: JSONBody[bodies.Act]) -> case_wire.CaseRow:
        return await api.act(
            request,
            lambda conn, who: row(conn, caseactions.release(conn, settings, case_id, data.version, who), who),
        )

    @post("/handover", status_code=200, summary="Give it to somebody else")
    async def hand_over(request: Anyone, case_id: CaseId, data: JSONBody[bodies.HandOver]) -> case_wire.CaseRow:
        return await api.act(
            request,
            lambda conn, who: row(
                conn, caseactions.hand_over(conn, settings, case_id, data.version, who, to=data.to), who
            ),
        )

    @post("/contact", status_code=200, summary="Record an attempt to reach the customer, and a callback")
    async def contact(request: Anyone, case_id: CaseId, data: JSONBody[bodies.Contact]) -> case_wire.CaseRow:
        attempt = Attempt(
            way=data.way,
            reached=data.reached,
            said=data.note,
            callback_ms=None if data.callback_at is None else to_ms(data.callback_at),
            promise=data.promise,
            asked=data.asked,
        )
        return await api.act(
            request,
            lambda conn, who: row(
                conn, caseactions.contact(conn, settings, case_id, data.version, who, attempt=attempt), who
            ),
        )

    @post("/close", status_code=200, summary="End it with its outcome")
    async def close(request: Anyone, case_id: CaseId, data: JSONBody[bodies.Close]) -> case_wire.CaseRow:
        def step(conn: Connection, who: Doing) -> case_wire.CaseRow:
            ended = caseactions.close(
                conn,
                settings,
                case_id,
                data.version,
                who,
                outcome=data.outcome,
                reason=data.reason,
                main_reason=data.main_reason,
            )
            return row(conn, ended, who)

        return await api.act(request, step)

    @post("/snooze", status_code=200, summary="Put it aside; its clocks run on")
    async def snooze(request: Anyone, case_id: CaseId, data: JSONBody[bodies.Snooze]) -> case_wire.CaseRow:
        return await api.act(
            request,
            lambda conn, who: row(
                conn, caseactions.snooze_case(conn, settings, case_id, data.version, who, minutes=data.minutes), who
            ),
        )

    @post("/note", status_code=200, summary="A note for the team")
    async def note(request: Anyone, case_id: CaseId, data: JSONBody[bodies.Note]) -> case_wire.CaseRow:
        return await api.act(
            request,
            lambda conn, who: row(
                conn, caseactions.note_case(conn, settings, case_id, data.version, who, said=data.note), who
            ),
        )

    return Router(path="/cases/{case_id:int}", route_handlers=[claim, release, hand_over, contact, close, snooze, note])
