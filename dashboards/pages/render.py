"""From a template and its facts to a page: Jinja with autoescape on, and the headers every page carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response

from dashboards import words
from dashboards.assets import Assets
from dashboards.context import DashboardContext
from dashboards.readings import Desk, Now
from streams.clock import rfc3339

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page: the bar, the banner and what the script starts from."""

    product: str
    page: str  # which of the pages in the bar is shown
    zone: str
    now: str
    now_full: str
    newest: str | None
    newest_clock: str
    state: str
    age: str
    usual_gap: str | None
    usual_gap_ms: int | None
    stale_after_ms: int
    speed: float
    back: str | None
    open_incidents: int
    messages: str
    stream: str
    style: str
    script: str


class Pages:
    """Renders every page of this process."""

    def __init__(self, context: DashboardContext, desk: Desk, assets: Assets) -> None:
        self.context = context
        self.desk = desk
        self.calendar = words.Calendar(context.measure.timezone)
        self._assets = assets
        self._templates = Environment(
            loader=PackageLoader("dashboards", "pages/templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "metric_score": words.score,
            "metric_interval": words.interval,
            "metric_label": words.metric_label,
            "count": words.count,
            "duration": words.duration,
        }
        self._templates.filters["rfc3339"] = rfc3339

    async def answer(
        self,
        request: Request[Any, Any, Any],
        template: str,
        page: str,
        *,
        stream: str = "/api/v1/stream?window=15m",
        status: int = 200,
        **facts: Any,
    ) -> Response[str]:
        """The page as a response. `stream` is what its script listens to."""
        frame = self.frame(await self.desk.now(), page, stream)
        html = self._templates.get_template(template).render(
            frame=frame, viewer=self.context.viewer(request), near=self._near(), **facts
        )
        return Response(html, media_type="text/html", headers=dict(HEADERS), status_code=status)

    def frame(self, now: Now, page: str, stream: str) -> Frame:
        """The frame at this moment."""
        fresh, calendar = now.freshness, self.calendar
        back = None
        if fresh.back is not None:
            at, since = calendar.clock(fresh.back.back_ms), calendar.clock(fresh.back.from_ms)
            back = f"Back at {at}, gap {since}..{at}"
        return Frame(
            product=self.context.product,
            page=page,
            zone=calendar.zone,
            now=rfc3339(fresh.now_ms),
            now_full=calendar.full(fresh.now_ms),
            newest=None if fresh.newest_ms is None else rfc3339(fresh.newest_ms),
            newest_clock="" if fresh.newest_ms is None else calendar.near(fresh.newest_ms, fresh.now_ms),
            state=fresh.state,
            age=words.duration(fresh.age_ms),
            usual_gap=None if fresh.usual_gap_ms is None else words.duration(fresh.usual_gap_ms),
            usual_gap_ms=fresh.usual_gap_ms,
            stale_after_ms=fresh.stale_after_ms,
            speed=self.context.speed,
            back=back,
            open_incidents=now.counts.open_incidents,
            messages=now.counts.messages,
            stream=stream,
            style=self._assets.url("app.css"),
            script=self._assets.url("live.js"),
        )

    def _near(self) -> Callable[[int], str]:
        now_ms = self.context.clock.now_ms()
        return lambda ms: self.calendar.near(ms, now_ms)

    def plain(self, template: str, status: int, title: str, text: str, headers: dict[str, str]) -> Response[str]:
        """A page that reads nothing, for when something is wrong."""
        html = self._templates.get_template(template).render(
            title=title, text=text, status=status, product=self.context.product, style=self._assets.url("app.css")
        )
        kept = {name: value for name, value in headers.items() if name.lower() in ("retry-after", "www-authenticate")}
        return Response(html, media_type="text/html", headers={**HEADERS, **kept}, status_code=status)
