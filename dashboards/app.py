"""Everything of this room as routes of one application."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from litestar import Router
from litestar.types import ExceptionHandlersMap
from prometheus_client.registry import Collector

from dashboards.api import windows_router
from dashboards.assets import Assets
from dashboards.broadcast import Broadcaster
from dashboards.context import DashboardContext
from dashboards.health import health_router, metrics_router
from dashboards.journey_api import journey_router
from dashboards.live import stream_router
from dashboards.pages.render import Pages
from dashboards.pages.router import error_handlers, pages_router
from dashboards.readings import Desk
from dashboards.watched_api import watched_router


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The room's routes, error pages and files, and the broadcaster, which whoever stops the application closes."""

    routers: list[Router]
    exception_handlers: ExceptionHandlersMap
    broadcaster: Broadcaster
    assets: Assets


def build_dashboard(context: DashboardContext, collectors: Iterable[Collector] = ()) -> Dashboard:
    """Build it all around one desk, so that pages, stream and API share their readings."""
    desk = Desk(context)
    assets = Assets()
    pages = Pages(context, desk, assets)
    broadcaster = Broadcaster(desk)
    routers = [
        windows_router(context, desk),
        journey_router(context, desk),
        watched_router(context, desk),
        stream_router(context, broadcaster),
        health_router(context),
        metrics_router(context, collectors),
        assets.router(),
        pages_router(pages),
    ]
    return Dashboard(routers, error_handlers(pages), broadcaster, assets)
