"""From a template and its facts to a page: Jinja with autoescape on, and the headers every page carries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response
from litestar.datastructures import Cookie

from alerting.masking import mask
from alerting.serving import AlertingApi
from alerting.settings import AlertSettings
from alerting.text import clean
from alerting.troubles import Trouble
from dashboards import words
from dashboards.assets import Assets
from dashboards.context import DashboardContext
from dashboards.pages.acting import Step
from dashboards.pages.german.sentences import in_german
from dashboards.pages.language import CODES, COOKIE, THEMES, YEAR_S, Language, chosen_theme, code_of, theme_of
from dashboards.readings import Desk, Now
from dashboards.stream_events import troubles_key
from detectors.chance import wilson
from streams.clock import rfc3339

TEXT_MAX = 4_000
TURNS = dict.fromkeys(map(ord, "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))

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
class Share:
    """`part` of `whole` in per cent, with Wilson's interval."""

    part: int
    whole: int
    value: float
    low: float
    high: float

    @classmethod
    def of(cls, part: int, whole: int) -> Share:
        """Of at least one."""
        low, high = wilson(part, whole)
        return cls(part, whole, 100 * part / whole, 100 * low, 100 * high)


def nobody(_: object) -> str:
    """The name of whoever acts where nobody asks who they are."""
    return "someone on this machine"


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
    unmeasured: int
    undecided: bool
    troubles: tuple[Trouble, ...]
    troubles_key: str
    open_incidents: int
    to_contact: int
    messages: str
    stream: str
    style: str
    script: str
    keys: str
    languages: tuple[tuple[str, str], ...]  # (code, address of this page in it)


class Pages:
    """Renders every page of this process."""

    def __init__(self, context: DashboardContext, desk: Desk, assets: Assets) -> None:
        self.context = context
        self.desk = desk
        self.acting = context.acting or AlertingApi(
            context.engine, context.clock, AlertSettings(timezone=context.measure.timezone), context.signal, nobody
        )
        self.calendar = words.Calendar(context.measure.timezone)
        self._languages = {code: Language(code, context.measure.timezone) for code in CODES}
        self._assets = assets
        self._templates = {code: _environment(language) for code, language in self._languages.items()}

    def language(self, request: Request[Any, Any, Any]) -> Language:
        """The reader's language."""
        return self._languages[code_of(request)]

    async def act(self, request: Request[Any, Any, Any], step: Step) -> None:
        """Do what a form asks for, in one transaction, and let every page and the delivery know."""
        await self.acting.act(request, step)
        self.context.signal.ring()

    def share(self, part: int, whole: int) -> Share | None:
        """A share with its 95 % interval, None of nothing."""
        return Share.of(part, whole) if whole else None

    async def answer(
        self,
        request: Request[Any, Any, Any],
        template: str,
        page: str,
        *,
        stream: str = "/api/v1/stream?window=15m",
        status: int = 200,
        **facts: Any,
    ) -> Response[Any]:
        """The page as a response. `stream` is what its script listens to."""
        elsewhere = chosen_theme(request)
        if elsewhere is not None:
            return elsewhere
        _ = self.language(request)
        frame = self.frame(await self.desk.now(), page, stream, _, _addresses(request, "lang", CODES))
        viewer = self.context.viewer(request)
        html = (
            self._templates[_.code]
            .get_template(template)
            .render(
                frame=frame,
                theme=theme_of(request),
                themes=_addresses(request, "theme", THEMES),
                viewer=viewer,
                may_act=viewer is None or viewer.may_act,
                csrf="" if viewer is None else viewer.csrf,
                near=self._near(_),
                **facts,
            )
        )
        answer = Response(html, media_type="text/html", headers=dict(HEADERS), status_code=status)
        if request.query_params.get("lang") == _.code:
            answer.set_cookie(Cookie(COOKIE, value=_.code, max_age=YEAR_S, path="/", httponly=True, samesite="lax"))
        return answer

    def frame(
        self, now: Now, page: str, stream: str, _: Language, languages: tuple[tuple[str, str], ...] = ()
    ) -> Frame:
        """The frame at this moment."""
        fresh, calendar = now.freshness, self.calendar
        back = None
        if fresh.back is not None:
            at, since = calendar.clock(fresh.back.back_ms), calendar.clock(fresh.back.from_ms)
            back = _("Back at {at}, gap {since}..{at}", at=at, since=since)
        return Frame(
            product=self.context.product,
            page=page,
            zone=calendar.zone,
            now=rfc3339(fresh.now_ms),
            now_full=_.full(fresh.now_ms),
            newest=None if fresh.newest_ms is None else rfc3339(fresh.newest_ms),
            newest_clock="" if fresh.newest_ms is None else _.near(fresh.newest_ms, fresh.now_ms),
            state=fresh.state,
            age=_.duration(fresh.age_ms),
            usual_gap=None if fresh.usual_gap_ms is None else _.duration(fresh.usual_gap_ms),
            usual_gap_ms=fresh.usual_gap_ms,
            stale_after_ms=fresh.stale_after_ms,
            speed=self.context.speed,
            back=back,
            unmeasured=now.unmeasured,
            undecided=now.undecided,
            troubles=now.troubles,
            troubles_key=troubles_key(now),
            open_incidents=now.counts.open_incidents,
            to_contact=now.counts.to_contact,
            messages=now.counts.messages,
            stream=stream,
            style=self._assets.url("app.css"),
            script=self._assets.url("live.js"),
            keys=self._assets.url("keys.js"),
            languages=languages,
        )

    def _near(self, _: Language) -> Callable[[int], str]:
        now_ms = self.context.clock.now_ms()
        return lambda ms: _.near(ms, now_ms)

    def plain(
        self,
        request: Request[Any, Any, Any],
        template: str,
        status: int,
        title: str,
        text: str,
        headers: dict[str, str],
    ) -> Response[str]:
        """A page that reads nothing, for when something is wrong."""
        _ = self.language(request)
        html = (
            self._templates[_.code]
            .get_template(template)
            .render(
                title=_(title),
                text=_(text),
                status=status,
                product=self.context.product,
                theme=theme_of(request),
                style=self._assets.url("app.css"),
            )
        )
        kept = {name: value for name, value in headers.items() if name.lower() in ("retry-after", "www-authenticate")}
        return Response(html, media_type="text/html", headers={**HEADERS, **kept}, status_code=status)


def _environment(_: Language) -> Environment:
    """Templates in one language."""
    made = Environment(
        loader=PackageLoader("dashboards", "pages/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_readable,
    )
    made.globals |= {"_": _, "german": _.code == "de"}
    made.filters |= {
        "metric_score": words.score,
        "metric_interval": words.interval,
        "metric_label": lambda metric: _(words.metric_label(metric)),
        "count": _.count,
        "duration": _.duration,
        "rfc3339": rfc3339,
        "said": in_german if _.code == "de" else str,
        "masked": lambda text: clean(mask(text), TEXT_MAX),
    }
    return made


def _readable(value: object) -> object:
    """Without signs that turn the direction of a line: no name or word may make a page read differently."""
    return value.translate(TURNS) if isinstance(value, str) and not value.isascii() else value


def _addresses(request: Request[Any, Any, Any], choice: str, values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """This page with each value of a choice; after a form was refused, the page that the form stands on."""
    path = request.url.path if request.method == "GET" else request.url.path.rpartition("/")[0]
    query = [(name, str(value)) for name, value in request.query_params.multi_items() if name != choice][:20]
    return tuple((value, f"{path}?{urlencode([*query, (choice, value)])}") for value in values)
