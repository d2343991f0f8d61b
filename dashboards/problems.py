"""Errors of the read API as RFC 9457 problems that say what would have been right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import Struct

VALUE_MAX = 80  # characters of a refused value that an answer repeats


class ProblemBody(Struct, frozen=True, omit_defaults=True):
    """The body of application/problem+json."""

    title: str
    status: int
    detail: str
    field: str | None = None
    value: str | None = None
    allowed: list[str] | None = None
    type: str = "about:blank"


class BadParameter(HTTPException):
    """A query parameter that cannot be used; `allowed` lists what can, where there is a list."""

    status_code = 400

    def __init__(self, field: str, value: str, rule: str, allowed: Iterable[str] | None = None) -> None:
        self.field = field
        self.value = value[:VALUE_MAX]
        self.allowed = None if allowed is None else list(allowed)
        super().__init__(detail=rule)


def bad_parameter_response(_: Request[Any, Any, Any], error: BadParameter) -> Response[ProblemBody]:
    """Litestar's exception handler for BadParameter."""
    body = ProblemBody(
        title="This parameter cannot be used",
        status=400,
        detail=f"{error.field} {error.detail}",
        field=error.field,
        value=error.value,
        allowed=error.allowed,
    )
    return Response(body, status_code=400, media_type="application/problem+json")


def http_problem_response(_: Request[Any, Any, Any], error: HTTPException) -> Response[ProblemBody]:
    """Every other HTTP error of an API route, in the same shape."""
    body = ProblemBody(title="The request was not answered", status=error.status_code, detail=error.detail)
    return Response(
        body, status_code=error.status_code, media_type="application/problem+json", headers=error.headers or {}
    )
