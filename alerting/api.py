"""Incidents and cases over HTTP: lists, details, and the actions of people.

Errors are RFC 9457 problems: 404 when there is no such thing, 409 when somebody else was faster or the state forbids
it, 400 for what cannot be read.
"""

from __future__ import annotations

from litestar import Response, Router
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from alerting.case_routes import case_actions, case_readers
from alerting.doing import ActionError, NotThere
from alerting.incident_routes import incident_actions, incident_readers
from alerting.serving import AlertingApi, Anyone

__all__ = ["AlertingApi", "Problem", "alerting_router"]


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
    answer = _problem("The request was not answered", error.status_code, "; ".join([error.detail, *wrong])[:500])
    answer.headers.update(error.headers or {})
    return answer


def alerting_router(api: AlertingApi) -> Router:
    """The routes under /api/v1."""
    readers: list[HTTPRouteHandler] = [*incident_readers(api), *case_readers(api)]
    return Router(
        path="/api/v1",
        route_handlers=[
            Router(path="/", route_handlers=readers, guards=list(api.read_guards)),
            Router(path="/", route_handlers=[incident_actions(api), case_actions(api)], guards=list(api.act_guards)),
        ],
        exception_handlers={ActionError: _refused, HTTPException: _http_problem},
        tags=["incidents and cases"],
    )
