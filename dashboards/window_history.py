"""Windows of the past, one after the other: what a company's own warehouse or notebook builds on.

Of each length, windows stand side by side on the clock (15 min, 1 h, 24 h of UTC), only the week ends anew every day.
Panes keep every answer, so a window of the past holds late answers too; a window that is not `final` may still change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from dashboards.problems import BadParameter
from dashboards.window_filter import Filter, Position
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS, to_ms
from streams.records import WindowName, WindowSnapshot
from streams.settings import MeasureSettings
from streams.store.windows import read_window
from streams.windows import WINDOWS

STEP_MS: Mapping[WindowName, int] = {"15m": 15 * MINUTE_MS, "1h": HOUR_MS, "24h": DAY_MS, "7d": DAY_MS}
ENDS_MAX = 500  # windows read for one page; a page may be short, and its cursor leads on
TEXT_MAX = 40


@dataclass(frozen=True, slots=True)
class Span:
    """Windows of one length that end after `from_ms` and not after `to_ms`."""

    window: WindowName
    from_ms: int
    to_ms: int

    def ends(self, after_ms: int = 0) -> Iterator[int]:
        """Their ends, in order; those before `after_ms` are left out."""
        step = STEP_MS[self.window]
        first = (max(self.from_ms, after_ms - 1) // step + 1) * step
        yield from range(first, self.to_ms + 1, step)


def read_span(query: Mapping[str, str], wanted: Filter, settings: MeasureSettings, now_ms: int) -> Span | None:
    """The span of a query string; None where only the current windows are asked for."""
    if "from" not in query and "to" not in query:
        return None
    if wanted.window is None:
        raise BadParameter("window", "", "must be given with from and to", tuple(WINDOWS))
    to_ms = _moment("to", query["to"]) if "to" in query else now_ms
    if "from" not in query:
        raise BadParameter("from", "", "must be given with to: the windows after that time are listed")
    span = Span(wanted.window, _moment("from", query["from"]), to_ms)
    if span.from_ms >= span.to_ms:
        raise BadParameter("from", query["from"], "must be before to")
    days = settings.minute_pane_days if span.window == "15m" else settings.hour_pane_days
    if span.from_ms < now_ms - days * DAY_MS:
        longer = "; windows of 1h reach further back" if span.window == "15m" else ""
        raise BadParameter("from", query["from"], f"must lie within the {days} days that are kept{longer}")
    return span


def _moment(name: str, text: str) -> int:
    # A "+" that was not encoded arrives as a space.
    given = text.strip().replace(" ", "+") if "T" in text else text
    rule = "must be a time with its offset, such as 2026-11-17T14:00:00Z"
    try:
        moment = datetime.fromisoformat(given[:TEXT_MAX])
    except ValueError as error:
        raise BadParameter(name, text, rule) from error
    if moment.tzinfo is None or moment.year < 1971:
        raise BadParameter(name, text, rule)
    return to_ms(moment)


def at(snapshot: WindowSnapshot) -> Position:
    """Where a row stands in the list: by its end, then like the current ones, the whole before its parts."""
    channel, stage = snapshot.segment
    return (snapshot.end_ms, snapshot.metric, snapshot.survey_kind, channel or "", stage or "")


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Rows, and the position after which the next page begins; None on the last."""

    rows: list[WindowSnapshot]
    after: Position | None


def read_page(
    conn: Connection,
    span: Span,
    wanted: Filter,
    *,
    limit: int,
    after: Position | None = None,
    min_n: int,
    closed_to: int | None,
) -> HistoryPage:
    """The next rows of a span: at most `limit`, and from at most ENDS_MAX windows."""
    rows: list[WindowSnapshot] = []
    seen = 0
    for end_ms in span.ends(0 if after is None else after[0]):
        if seen == ENDS_MAX:
            # Nothing stands before the empty metric: the next page begins with this very window.
            return HistoryPage(rows, (end_ms, "", "", "", ""))
        seen += 1
        for row in read_at(conn, span.window, end_ms, wanted, min_n=min_n, closed_to=closed_to):
            if after is not None and at(row) <= after:
                continue
            if len(rows) == limit:
                return HistoryPage(rows, at(rows[-1]))
            rows.append(row)
    return HistoryPage(rows, None)


def read_at(
    conn: Connection, window: WindowName, end_ms: int, wanted: Filter, *, min_n: int, closed_to: int | None
) -> list[WindowSnapshot]:
    """The rows of one window, in order."""
    start_ms = end_ms - WINDOWS[window].length_ms
    found = read_window(conn, window, start_ms, end_ms, min_n=min_n, closed_to=closed_to, metric=wanted.metric)
    return sorted((row for row in found if wanted.admits(row)), key=at)


def every_row(
    conn: Connection, span: Span, wanted: Filter, *, min_n: int, closed_to: int | None
) -> Iterator[WindowSnapshot]:
    """All rows of a span, one window in memory at a time."""
    for end_ms in span.ends():
        yield from read_at(conn, span.window, end_ms, wanted, min_n=min_n, closed_to=closed_to)
