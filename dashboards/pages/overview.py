"""/ : the windows. One sentence of numbers, the main score, the places, the other scores, the open incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response

from dashboards import words
from dashboards.alert_readings import IncidentLine, read_incidents
from dashboards.beyond_chance import Verdict
from dashboards.context import DashboardContext
from dashboards.outcomes import METRICS
from dashboards.pages.looking import looking
from dashboards.pages.render import Pages
from dashboards.pages.trend_chart import trend_chart
from dashboards.pages.waiting import read_waiting
from dashboards.places import Table, alone, build_table, leaf_rows
from dashboards.ruler import Ruler, ruler
from dashboards.trend_readings import read_trend
from dashboards.window_filter import WINDOW_NAMES
from streams.records import Segment, WindowName, WindowSnapshot
from streams.scales import ScaleError, scale_named

EVERYWHERE = Segment(None, None)
DEFAULT_WINDOW: WindowName = "24h"


@dataclass(frozen=True, slots=True)
class Choice:
    """What the query string asks for. What it says wrongly is answered with the default, which the page names."""

    window: WindowName
    metric: str
    kind: str

    def url(self, **changes: str) -> str:
        """The address of this page with something else chosen."""
        return "/?" + urlencode({"window": self.window, "metric": self.metric, "survey_kind": self.kind} | changes)


@dataclass(frozen=True, slots=True)
class MainScore:
    """The score that the page is about, everywhere, and its usual."""

    label: str
    note: str
    snapshot: WindowSnapshot | None
    usual: WindowSnapshot | None
    verdict: Verdict | None
    ruler: Ruler | None

    @property
    def difference(self) -> int:
        """Whole points between the score and its usual as they are shown."""
        if self.snapshot is None or self.usual is None or self.snapshot.score is None or self.usual.score is None:
            return 0
        return abs(words.whole(self.snapshot.score) - words.whole(self.usual.score))


def read_choice(query: Mapping[str, str], kpi: str, rows: Sequence[WindowSnapshot] | None = None) -> Choice:
    """The choice of a query string; a survey kind left out is the one with more answers."""
    window = next((name for name in WINDOW_NAMES if name == query.get("window")), DEFAULT_WINDOW)
    metric = query.get("metric", kpi)
    try:
        scale_named(metric)
    except ScaleError:
        metric = kpi
    kind = query.get("survey_kind", "")
    if kind not in ("hot", "cold"):
        answers = {r.survey_kind: r.n for r in rows or () if r.metric == metric and r.segment == EVERYWHERE}
        kind = max(sorted(answers, reverse=True), key=lambda name: answers[name], default="hot")
    return Choice(window, metric, kind)


def main_score(
    choice: Choice,
    now: Mapping[Segment, WindowSnapshot],
    usual: Mapping[Segment, WindowSnapshot],
    target: float | None = None,
) -> MainScore:
    """Put the main score together. `target` is where the company wants it to be."""
    scale = scale_named(choice.metric)
    here, before = now.get(EVERYWHERE), usual.get(EVERYWHERE)
    verdict = None if here is None else alone(scale, here, before)
    drawn = None if here is None else ruler(choice.metric, here, before, verdict, target)
    note = words.METRIC_NOTES.get(choice.metric, "share of the best answers")
    return MainScore(words.metric_label(choice.metric), note, here, before, verdict, drawn)


def other_scores(rows: Sequence[WindowSnapshot], choice: Choice) -> list[WindowSnapshot]:
    """The scores everywhere that the page is not about, in the order of METRICS."""
    order = {name: place for place, name in enumerate(METRICS)}
    main = (choice.metric, choice.kind)
    found = [row for row in rows if row.segment == EVERYWHERE and (row.metric, row.survey_kind) != main]
    return sorted(found, key=lambda row: (order.get(row.metric, len(order)), row.metric, row.survey_kind != "hot"))


def metrics_shown(rows: Sequence[WindowSnapshot], choice: Choice) -> list[tuple[str, str]]:
    """(metric, survey kind) that can be chosen, hot before cold only where both exist."""
    order = {name: place for place, name in enumerate(METRICS)}
    pairs = {(row.metric, row.survey_kind) for row in rows} | {(choice.metric, choice.kind)}
    return sorted(pairs, key=lambda pair: (order.get(pair[0], len(order)), pair[0], pair[1] != "hot"))


@dataclass(frozen=True, slots=True)
class Board:
    """What the overview and the wall show of one window: the chosen metric by place, and open incidents."""

    choice: Choice
    rows: Sequence[WindowSnapshot]
    here: Mapping[Segment, WindowSnapshot]
    usual: Mapping[Segment, WindowSnapshot]
    table: Table
    incidents: Sequence[IncidentLine]

    def main(self, context: DashboardContext) -> MainScore:
        """The chosen score everywhere; only the main one has a target."""
        target = context.target if self.choice.metric == context.kpi else None
        return main_score(self.choice, self.here, self.usual, target)


async def read_board(pages: Pages, window: WindowName, query: Mapping[str, str]) -> Board:
    """Read it, at one desk for everybody who looks."""
    desk, context = pages.desk, pages.context
    rows = await desk.windows((window,))
    choice = read_choice(query, context.kpi, rows)
    here = leaf_rows(rows, choice.metric, choice.kind)
    usual = leaf_rows(await desk.usual(window, choice.metric), choice.metric, choice.kind)
    incidents = await desk.shared("open incidents", partial(read_incidents, open_only=True))
    table = build_table(
        context.measure,
        scale_named(choice.metric),
        now=here,
        usual=usual,
        hours=await desk.hours(),
        visited=await desk.visited(),
        incidents=incidents,
    )
    return Board(choice, rows, here, usual, table, incidents)


async def overview(request: Request[Any, Any, Any], pages: Pages) -> Response[str]:
    """The page."""
    desk, context = pages.desk, pages.context
    query = {name: str(value) for name, value in request.query_params.items()}
    now = await desk.now()
    if now.freshness.state == "waiting":
        return await pages.answer(
            request, "empty.html", "overview", measure=context.measure, public_url=context.public_url
        )
    window = read_choice(query, context.kpi).window
    board = await read_board(pages, window, query)
    choice, incidents, main = board.choice, board.incidents, board.main(context)
    points = await read_trend(desk, choice.metric, choice.kind)
    target = context.target if choice.metric == context.kpi else None
    marks = [(line.since_ms, line.number) for line in incidents if not line.spam]
    return await pages.answer(
        request,
        "overview.html",
        "overview",
        stream="/api/v1/stream?" + urlencode({"window": window}),
        choice=choice,
        windows=words.WINDOW_LABELS,
        main=main,
        points=points,
        trend=trend_chart(points, main.snapshot, main.usual, target, marks),
        others=other_scores(board.rows, choice),
        choices=metrics_shown(board.rows, choice),
        table=board.table,
        incidents=[line for line in incidents if not line.spam],
        spam=[line for line in incidents if line.spam],
        quiet=await read_waiting(desk),
        now_ms=context.clock.now_ms(),
        **await looking(pages),
        min_n=context.measure.min_n,
    )
