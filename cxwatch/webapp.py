"""The web application: every room's routes behind the access rules, and what people may ask about its health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Litestar, Request, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.types import Guard

from alerting.api import AlertingApi, alerting_router
from alerting.interactivity import interactivity_router
from cxwatch.access.auditing import Auditing
from cxwatch.access.callers import caller_of
from cxwatch.access.guards import Access
from cxwatch.access.pages import PATH as SIGN_IN
from cxwatch.access.pages import sign_in_router
from cxwatch.clocks import real_clock_of
from cxwatch.decide.lease import anyone_holds
from cxwatch.decide.rounds import read_closed_to
from cxwatch.health import Checks
from cxwatch.messaging import buttons_of
from dashboards.app import build_dashboard
from dashboards.changes.cursor import read_unsent
from dashboards.context import DashboardContext, TotalKey, Viewer
from dashboards.health import health_router, metrics_router
from streams.clock import SystemClock
from streams.ingest import ingest_router

if TYPE_CHECKING:
    from cxwatch.product import Product


def build_web(product: Product) -> Litestar:
    """All routes of one process. Raises CannotStart where others could reach it without being asked who they are."""
    settings = product.settings
    access = Access(product.database, settings.web)
    access.check_bind()
    checks = Checks(product.log, product.database, product.why_not_ready)
    alerting = AlertingApi(
        engine=product.database,
        clock=product.clock,
        settings=settings.alerts,
        signal=product.decided,
        actor=access.actor,
        read_guards=[access.guard("read")],
        act_guards=[access.guard("act")],
    )
    dashboard = build_dashboard(_context(product, access, checks, alerting))
    ingest = ingest_router(
        product.log, product.decoder, product.clock, product.database, [access.guard("ingest")], checks.is_behind
    )
    sign_in = sign_in_router(product.database, settings.web, access, dashboard.assets)
    routers = [ingest, alerting_router(alerting), *dashboard.routers, *_clicks(product), sign_in]
    return Litestar(
        route_handlers=[*routers, _openapi_document(access.guard("read"))],
        exception_handlers=dashboard.exception_handlers,
        openapi_config=OpenAPIConfig(
            title="cxwatch",
            version="1",
            render_plugins=[],
            openapi_router=Router("/openapi", route_handlers=[], guards=[access.guard("read")]),
        ),
        middleware=[access.middleware, Auditing(product.database, settings.web).middleware],
        logging_config=None,  # the process has its own, see cli/logs.py
    )


def _clicks(product: Product) -> list[Router]:
    """Slack's buttons over HTTP, where a signing secret is set: its signature is what lets a request in."""
    secret = product.settings.alerts.slack_signing_secret
    if secret is None:
        return []
    real = real_clock_of(product.settings)
    buttons = buttons_of(product.settings, product.database, product.clock, real, product.decided)
    return [interactivity_router(buttons, secret, real)]


def build_health(product: Product) -> Litestar:
    """/healthz, /readyz and /metrics of a process that serves nothing else. Raises CannotStart as `build_web` does."""
    access = Access(product.database, product.settings.web)
    access.check_bind()
    context = _context(product, access, Checks(product.log, product.database, product.why_not_ready))
    return Litestar(
        route_handlers=[health_router(context), metrics_router(context)],
        openapi_config=None,
        middleware=[access.middleware],
        logging_config=None,
    )


def _context(product: Product, access: Access, checks: Checks, acting: AlertingApi | None = None) -> DashboardContext:
    settings = product.settings
    return DashboardContext(
        engine=product.database,
        clock=product.clock,
        measure=settings.measure,
        signal=product.changed,
        totals=lambda: {TotalKey(*key): count for key, count in product.responses().items()},
        log_ends=product.log.ends,
        owned=product.owned,
        delivery_times=product.delivery_times,
        decided=lambda conn: anyone_holds(conn, "decide"),
        readyz=checks.ready,
        closed_to=read_closed_to,
        unsent=None if settings.export is None else read_unsent,
        detection=settings.detection,
        kpi=settings.kpi,
        target=settings.boards.objectives.target,
        public_url=settings.web.url,
        speed=product.speed,
        sign_in=SIGN_IN,
        viewer=viewer,
        acting=acting,
        configuration=settings.configuration,
        real_clock=SystemClock() if acting is None else real_clock_of(settings),
        guards=[access.guard("read")],
        admin_guards=[access.guard("admin")],
        metrics_guards=[access.guard("read")],
    )


def viewer(request: ASGIConnection[Any, Any, Any, Any]) -> Viewer | None:
    """Who looks at a page, for its bar and its forms; None where nobody had to say."""
    caller = caller_of(request)
    if caller is None or caller.how == "here":
        return None
    may_act, may_admin = "act" in caller.scopes, "admin" in caller.scopes
    return Viewer(caller.name, caller.csrf, may_act, caller.how == "session", may_admin)


def _openapi_document(guard: Guard) -> HTTPRouteHandler:
    @get("/openapi.json", include_in_schema=False, sync_to_thread=True, guards=[guard])
    def openapi_document(request: Request[Any, Any, Any]) -> Response[Any]:
        """The API's document, OpenAPI 3.1. A handler of our own: Litestar's default path would clash with "/"."""
        return Response(request.app.openapi_schema.to_schema(), media_type="application/vnd.oai.openapi+json")

    return openapi_document
