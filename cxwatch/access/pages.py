"""The sign-in page, and signing out."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect
from sqlalchemy import Engine

from cxwatch.access.callers import COOKIE, SECRET_MAX, address_of
from cxwatch.access.guards import Access
from cxwatch.access.signing_in import SignedIn, SignIn, TooOften
from cxwatch.access.users import LONGEST_MS, any_user
from cxwatch.settings.records import WebSettings
from dashboards.assets import Assets
from dashboards.pages.language import CODES, Language, code_of, theme_of
from dashboards.pages.render import HEADERS
from streams.clock import SECOND_MS, SystemClock

PATH = "/sign-in"
NEXT_MAX = 500
WRONG = "Name or password is not right."
OFTEN = "Too many tries. Try again in {minutes} min."
FOREIGN = "This form was not sent by this page: load it again, then try again."


def sign_in_router(engine: Engine, web: WebSettings, access: Access, assets: Assets) -> Router:
    """GET and POST /sign-in, POST /sign-out. Open to everybody, as one must be able to come in."""
    service = SignIn(engine, SystemClock())
    languages = {code: Language(code, "UTC") for code in CODES}
    templates = Environment(
        loader=PackageLoader("cxwatch", "access/templates"), autoescape=True, undefined=StrictUndefined
    )

    def page(
        request: Request[Any, Any, Any],
        status: int,
        onward: str,
        problem: str = "",
        people: bool = True,
        wait_s: int = 0,
    ) -> Response[str]:
        _ = languages[code_of(request)]
        html = templates.get_template("sign_in.html").render(
            _=_,
            theme=theme_of(request),
            style=assets.url("app.css"),
            onward=onward,
            problem=_(problem, minutes=-(-wait_s // 60)) if problem else "",
            people=people,
        )
        headers = dict(HEADERS) | ({"Retry-After": str(wait_s)} if wait_s else {})
        return Response(html, media_type="text/html", headers=headers, status_code=status)

    @get(PATH, include_in_schema=False)
    async def form(request: Request[Any, Any, Any]) -> Response[Any]:
        """The form; straight on for somebody who is in already."""
        onward = own_path(request.query_params.get("next", "/"))
        if await access.identify(request) is not None:
            return Redirect(onward, status_code=303)
        return page(request, 200, onward, people=await asyncio.to_thread(_people, engine))

    @post(PATH, include_in_schema=False, request_max_body_size=16_384)
    async def sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
        """Check the password, and go where the person wanted to."""
        sent = await request.form()
        onward = own_path(str(sent.get("next", "/")))
        if access.foreign(request):
            return page(request, 403, onward, FOREIGN)
        name, password = str(sent.get("name", "")), str(sent.get("password", ""))
        done = await service.sign_in(name, password, address_of(request, web))
        if isinstance(done, TooOften):
            return page(request, 429, onward, OFTEN, wait_s=done.wait_s)
        if not isinstance(done, SignedIn):
            return page(request, 401, onward, WRONG)
        answer: Response[Any] = Redirect(onward, status_code=303)
        answer.set_cookie(_cookie(done.secret, LONGEST_MS // SECOND_MS, web))
        return answer

    @post("/sign-out", include_in_schema=False, guards=[access.guard("read")])
    async def sign_out(request: Request[Any, Any, Any]) -> Response[Any]:
        """End the session of this browser."""
        secret = request.cookies.get(COOKIE, "")[:SECRET_MAX]
        await service.sign_out(secret, access.actor(request), address_of(request, web))
        access.forget(secret)
        answer: Response[Any] = Redirect(PATH, status_code=303)
        answer.set_cookie(_cookie("", 0, web))
        return answer

    return Router(path="/", route_handlers=[form, sign_in, sign_out])


def own_path(onward: str) -> str:
    """Where to go after signing in: a path of this server, "/" for anything else."""
    parts = urlsplit(onward[:NEXT_MAX].replace("\\", "/"))
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or parts.path.startswith("//"):
        return "/"
    if any(ord(character) < 32 for character in onward):
        return "/"
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _people(engine: Engine) -> bool:
    with engine.connect() as conn:
        return any_user(conn)


def _cookie(secret: str, max_age: int, web: WebSettings) -> Cookie:
    return Cookie(
        key=COOKIE,
        value=secret,
        max_age=max_age,
        path="/",
        httponly=True,
        samesite="lax",
        secure=web.url.startswith("https://"),
    )
