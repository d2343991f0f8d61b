"""What the route answers: how many events were taken, or an RFC 9457 problem that says what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import Struct

PROBLEM_TYPE = "application/problem+json"


class RefusedEvent(Struct, frozen=True, gc=False):
    """An event that was not taken: its place in the request (from 0), the field, its value, the rule it breaks."""

    index: int
    field: str
    value: str
    rule: str


class Accepted(Struct, frozen=True):
    """Events that are durable in the log now, and those that were not taken."""

    accepted: int
    refused: list[RefusedEvent]


class IngestProblem(Struct, frozen=True, omit_defaults=True):
    """application/problem+json. `rule` says what the body must be, `refused` why no event was taken."""

    type: str
    title: str
    status: int
    detail: str
    rule: str | None = None
    refused: list[RefusedEvent] | None = None


class NotTaken(Exception):
    """Nothing of this request was accepted; `detail` ends with the way out."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        rule: str | None = None,
        refused: Sequence[RefusedEvent] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.headers = dict(headers or {})
        self.problem = IngestProblem("about:blank", title, status, detail, rule, list(refused) or None)


def unreadable(rule: str, way_out: str) -> NotTaken:
    """400: the body as a whole cannot be read."""
    return NotTaken(400, "The body cannot be read", f"The body {rule}. {way_out}", rule=rule)


def too_large(what: str) -> NotTaken:
    """413: `what` names the bound that was passed."""
    return NotTaken(413, "The request is too large", f"{what}: send the events in several smaller requests.")


def busy(status: int, title: str, detail: str, retry_after_s: int) -> NotTaken:
    """429 or 503: the same request will be taken later."""
    return NotTaken(status, title, detail, headers={"Retry-After": str(retry_after_s)})


def not_taken_response(_: Request[Any, Any, Any], error: NotTaken) -> Response[IngestProblem]:
    """Litestar's exception handler for NotTaken."""
    problem = error.problem
    return Response(problem, status_code=problem.status, media_type=PROBLEM_TYPE, headers=error.headers)


def http_response(_: Request[Any, Any, Any], error: HTTPException) -> Response[IngestProblem]:
    """What guards and Litestar itself refuse, in the same shape."""
    problem = IngestProblem("about:blank", "The request was not answered", error.status_code, error.detail)
    return Response(problem, status_code=error.status_code, media_type=PROBLEM_TYPE, headers=dict(error.headers or {}))
