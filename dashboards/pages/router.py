"""The pages' routes, and the pages for what went wrong."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import structlog
from litestar import Request, Response, Router, get, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import SQLAlchemyError

from dashboards.pages.acting import BODY_MAX, CASE_ACTIONS, INCIDENT_ACTIONS
from dashboards.pages.case import act_on_case, case_page
from dashboards.pages.incidents import act_on_incident, incident_list, incident_page
from dashboards.pages.journey import journey_page
from dashboards.pages.overview import overview
from dashboards.pages.preview import preview_page
from dashboards.pages.queue import queue_file, queue_page
from dashboards.pages.render import Pages
from dashboards.pages.settings import settings_page
from dashboards.pages.wall import wall
from dashboards.problems import http_problem_response
from streams.store.dialect import failure_name

log = structlog.get_logger()

WORDS = {
    401: ("Please sign in", "This page is only for people who are signed in."),
    403: ("Not for you", "Your account may not see this page. Ask whoever runs cxwatch."),
    404: ("There is no such page", "The link is wrong or old."),
    405: ("That does not work here", "This address cannot be used that way."),
}
FAILED = ("That did not work", "The page could not be made. It is noted in the log; try again in a moment.")
NO_DATABASE = ("The database does not answer", "Nothing can be shown until it does. `cxwatch doctor` says more.")


def pages_router(pages: Pages) -> Router:
    """Every page, behind the context's guards, and the forms on them."""

    @get("/", include_in_schema=False)
    async def home(request: Request[Any, Any, Any]) -> Response[str]:
        return await overview(request, pages)

    @get("/incidents", include_in_schema=False)
    async def incidents(request: Request[Any, Any, Any]) -> Response[str]:
        return await incident_list(request, pages)

    @get("/incidents/{number:int}", include_in_schema=False)
    async def incident(request: Request[Any, Any, Any], number: FromPath[int]) -> Response[str]:
        return await incident_page(request, pages, number)

    @get("/preview", include_in_schema=False)
    async def preview(request: Request[Any, Any, Any]) -> Response[str]:
        return await preview_page(request, pages)

    @get("/wall", include_in_schema=False)
    async def wall_page(request: Request[Any, Any, Any]) -> Response[str]:
        return await wall(request, pages)

    @get("/queue", include_in_schema=False)
    async def queue(request: Request[Any, Any, Any]) -> Response[str]:
        return await queue_page(request, pages)

    @get("/queue.csv", include_in_schema=False)
    async def queue_csv(request: Request[Any, Any, Any]) -> Response[str]:
        return await queue_file(request, pages)

    @get("/cases/{case_id:int}", include_in_schema=False)
    async def case(request: Request[Any, Any, Any], case_id: FromPath[int]) -> Response[str]:
        return await case_page(request, pages, case_id)

    @get("/journey", include_in_schema=False)
    async def journey(request: Request[Any, Any, Any]) -> Response[str]:
        return await journey_page(request, pages)

    @get("/settings", include_in_schema=False, guards=list(pages.context.admin_guards))
    async def settings(request: Request[Any, Any, Any]) -> Response[str]:
        return await settings_page(request, pages)

    @post(
        [f"/cases/{{case_id:int}}/{action}" for action in CASE_ACTIONS],
        include_in_schema=False,
        request_max_body_size=BODY_MAX,
        guards=list(pages.acting.act_guards),
    )
    async def do_case(request: Request[Any, Any, Any], case_id: FromPath[int]) -> Response[Any]:
        return await act_on_case(request, pages, case_id, request.url.path.rpartition("/")[2])

    @post(
        [f"/incidents/{{number:int}}/{action}" for action in INCIDENT_ACTIONS],
        include_in_schema=False,
        request_max_body_size=BODY_MAX,
        guards=list(pages.acting.act_guards),
    )
    async def do_incident(request: Request[Any, Any, Any], number: FromPath[int]) -> Response[Any]:
        return await act_on_incident(request, pages, number, request.url.path.rpartition("/")[2])

    shown = [home, incidents, incident, preview, queue, queue_csv, case, wall_page, journey]
    return Router(
        path="/",
        route_handlers=[
            Router(path="/", route_handlers=shown, guards=list(pages.context.guards)),
            settings,
            do_case,
            do_incident,
        ],
    )


def error_handlers(pages: Pages) -> ExceptionHandlersMap:
    """For the whole application: problems below /api, pages in plain words elsewhere. No error text gets out."""

    def http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
        if request.url.path.startswith("/api/"):
            return http_problem_response(request, error)
        sign_in = pages.context.sign_in
        if error.status_code == 401 and sign_in is not None and request.method == "GET":
            return Redirect(f"{sign_in}?{urlencode({'next': _asked(request)})}", status_code=303)
        title, text = WORDS.get(error.status_code, FAILED)
        return pages.plain(request, "error.html", error.status_code, title, text, dict(error.headers or {}))

    def database_error(request: Request[Any, Any, Any], error: SQLAlchemyError) -> Response[Any]:
        log.error("database_failed", path=request.url.path, error=failure_name(error))
        if request.url.path.startswith("/api/"):
            silent = HTTPException(status_code=503, detail="The database does not answer.")
            return http_problem_response(request, silent)
        return pages.plain(request, "error.html", 503, *NO_DATABASE, {"Retry-After": "10"})

    return {HTTPException: http_error, SQLAlchemyError: database_error}


def _asked(request: Request[Any, Any, Any]) -> str:
    """The path that was asked for, to come back to."""
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")
