"""/healthz and /readyz, open to everybody, and /metrics for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from litestar import Request, Response, Router, get
from msgspec import Struct
from prometheus_client import disable_created_metrics
from prometheus_client.registry import Collector

from dashboards.collector import CxMetrics
from dashboards.context import DashboardContext, Health


class HealthBody(Struct, frozen=True):
    """What is wrong, in words; `reasons` is empty while all is well."""

    status: str
    reasons: list[str]


def _answer(health: Health) -> Response[HealthBody]:
    status_code = 200 if health.status == "ok" else 503
    body = HealthBody(health.status, list(health.reasons))
    return Response(body, status_code=status_code, headers={"Cache-Control": "no-store"})


def health_router(context: DashboardContext) -> Router:
    """Alive (/healthz) and able to take work (/readyz). Never behind a guard."""

    @get("/healthz", summary="Is the process alive?", tags=["health"])
    async def healthz() -> Response[HealthBody]:
        return await _asked(context.healthz)

    @get("/readyz", summary="Can it take work?", tags=["health"])
    async def readyz() -> Response[HealthBody]:
        return await _asked(context.readyz)

    return Router(path="/", route_handlers=[healthz, readyz])


async def _asked(check: Callable[[], Health]) -> Response[HealthBody]:
    return _answer(await asyncio.to_thread(check))


def metrics_router(context: DashboardContext, more: Iterable[Collector] = ()) -> Router:
    """/metrics, in Prometheus' text format or as OpenMetrics, by the Accept header. `more` are collectors of others."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus-client does not say what it returns
    metrics_of = CxMetrics(context, more)

    @get("/metrics", summary="Metrics for Prometheus", tags=["health"], media_type="text/plain")
    async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        body, content_type = await asyncio.to_thread(metrics_of.scrape, request.headers.get("Accept", ""))
        return Response(body, headers={"Content-Type": content_type})

    return Router(path="/", route_handlers=[metrics], guards=list(context.metrics_guards))
