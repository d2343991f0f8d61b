"""GET /api/v1/watched: how every watched place stands, and where an alert waits for evidence."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from litestar import Request, Router, get
from litestar.exceptions import HTTPException
from litestar.params import Parameter
from msgspec import Meta, Struct
from sqlalchemy import Connection

from dashboards.context import DashboardContext
from dashboards.problems import BadParameter, bad_parameter_response, http_problem_response
from dashboards.readings import Desk
from dashboards.window_filter import single_values
from dashboards.window_rows import Place
from detectors.watched import Stand, Watched, read_watched
from streams.clock import minute_of, rfc3339
from streams.store.minutes import KINDS

STANDS: tuple[str, ...] = get_args(Stand)


class WatchedRow(Struct, frozen=True):
    """One watched segment. Shares are 0-1, null while nothing is usual."""

    segment: Place
    kind: Annotated[str, Meta(description="answers, interactions or contacts: each is watched apart")]
    stand: Annotated[str, Meta(description="learning, usual, waiting (for evidence) or open (an incident has it)")]
    since: Annotated[str | None, Meta(description="Most likely start of a rise in the last 24 h; null without one")]
    n: int
    bad: int
    needs: Annotated[int | None, Meta(description="About how many at this rate bring an alert; null: as usual")]
    known: Annotated[int, Meta(description="Answers behind the usual; alerts wait for `least`")]
    least: int
    usual: float | None
    usual_low: float | None
    usual_high: float | None
    evidence: Annotated[float, Meta(description="As rare as once in that many weeks")]
    needed: Annotated[float | None, Meta(description="Evidence in weeks at which it fires")]
    says: Annotated[str, Meta(description="In one line: not enough evidence yet (n = 7, needs about 15)")]


class WatchedPage(Struct, frozen=True):
    """Every watched segment that was asked for; `next` is always null."""

    items: list[WatchedRow]
    next: str | None = None


async def all_watched(desk: Desk) -> list[Watched]:
    """Every segment of every kind; read once a minute, for it is decided once a minute."""
    settings = desk.context.detection

    def read(conn: Connection) -> list[Watched]:
        return [one for kind in KINDS for one in read_watched(conn, settings, kind)]

    return await desk.slow(("watched", minute_of(desk.context.clock.now_ms())), read)


def watched_router(context: DashboardContext, desk: Desk) -> Router:
    """The route, behind the context's guards."""

    @get("/api/v1/watched", summary="How every watched place stands, and where evidence is missing", tags=["read"])
    async def watched(
        request: Request[Any, Any, Any],
        *,
        kind: Annotated[str | None, Parameter(description=f"{', '.join(KINDS)}; left out: all")] = None,
        stand: Annotated[str | None, Parameter(description=f"{', '.join(STANDS)}; left out: all")] = None,
    ) -> WatchedPage:
        del kind, stand  # for OpenAPI, read below
        query = single_values(request, ("kind", "stand"))
        for name, known in (("kind", KINDS), ("stand", STANDS)):
            if name in query and query[name] not in known:
                raise BadParameter(name, query[name], "must be one of these", known)
        found = await all_watched(desk)
        kinds, stands = query.get("kind"), query.get("stand")
        return WatchedPage([_row(one) for one in found if kinds in (None, one.kind) and stands in (None, one.stand)])

    return Router(
        path="/",
        route_handlers=[watched],
        guards=list(context.guards),
        exception_handlers={BadParameter: bad_parameter_response, HTTPException: http_problem_response},
    )


def _row(one: Watched) -> WatchedRow:
    return WatchedRow(
        segment=Place(*one.segment),
        kind=one.kind,
        stand=one.stand,
        since=None if one.since_ms is None else rfc3339(one.since_ms),
        n=one.n,
        bad=one.bad,
        needs=one.needs,
        known=one.known,
        least=one.least,
        usual=one.usual_share,
        usual_low=one.usual_low,
        usual_high=one.usual_high,
        evidence=one.weeks,
        needed=one.needed,
        says=one.says,
    )
