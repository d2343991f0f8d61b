"""A window as the API, the stream, the command line and files give it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from dashboards.window_filter import WINDOW_NAMES, Position, encode_cursor
from streams.clock import rfc3339
from streams.records import WindowName, WindowSnapshot


class Place(Struct, frozen=True):
    """A segment; null means all."""

    channel: str | None
    stage: str | None


class WindowRow(Struct, frozen=True):
    """A window as the API gives it."""

    segment: Place
    metric: str
    survey_kind: str
    window: WindowName
    start: str
    end: str
    final: bool
    n: int
    counts: dict[str, int]
    score: float | None
    low: float | None
    high: float | None


class WindowPage(Struct, frozen=True):
    """A page of rows; `next` is the cursor of the one after, null on the last."""

    items: list[WindowRow]
    next: str | None


def window_row(snapshot: WindowSnapshot) -> WindowRow:
    """A snapshot with times as text and counts as a JSON object."""
    return WindowRow(
        segment=Place(*snapshot.segment),
        metric=snapshot.metric,
        survey_kind=snapshot.survey_kind,
        window=snapshot.window,
        start=rfc3339(snapshot.start_ms),
        end=rfc3339(snapshot.end_ms),
        final=snapshot.final,
        n=snapshot.n,
        counts={str(point): n for point, n in sorted(snapshot.counts.items())},
        score=snapshot.score,
        low=snapshot.low,
        high=snapshot.high,
    )


def position(snapshot: WindowSnapshot) -> Position:
    """Where a row stands in the list: rollups before their parts, so that a page begins with the whole."""
    channel, stage = snapshot.segment
    return (WINDOW_NAMES.index(snapshot.window), snapshot.metric, snapshot.survey_kind, channel or "", stage or "")


def page_of(rows: Sequence[WindowSnapshot], limit: int, after: Position | None) -> WindowPage:
    """One page of the rows, in their order."""
    ordered = sorted(rows, key=position)
    left = [row for row in ordered if after is None or position(row) > after]
    shown = left[:limit]
    more = encode_cursor(position(shown[-1])) if len(left) > limit else None
    return WindowPage([window_row(row) for row in shown], more)
