"""`cxwatch backtest --html FILE`: the stream day by day with its alerts on it, as one page without scripts.

Nothing of a customer's words is in it: places, numbers and the sentences of incidents. Charts are SVG; what a colour
says is also said by a shape and in words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from cxwatch.backtest import DayTotal
from cxwatch.backtest_report import AlertRow, SummaryRow
from detectors.backtest import Mark
from streams.clock import DAY_MS, to_ms

WIDTH, HEIGHT, LEFT, TOP = 960, 150, 44, 16
PLACES_MAX = 60
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;color:#1b1f24}"
    "h2{margin:2rem 0 .2rem;font-size:1.1rem}svg{width:100%;height:auto}"
    "td,th{text-align:left;padding:.2rem .7rem .2rem 0}"
    "text{font:11px system-ui,sans-serif;fill:#57606a}"
)


def page(days: Sequence[DayTotal], rows: Sequence[AlertRow], summary: SummaryRow, marks: Sequence[Mark]) -> str:
    """The whole page."""
    by_place: defaultdict[tuple[str, str], list[DayTotal]] = defaultdict(list)
    for day in days:
        by_place[day.channel, day.stage].append(day)
    largest = sorted(by_place.items(), key=lambda item: (-sum(day.n for day in item[1]), item[0]))[:PLACES_MAX]
    said = "".join(f"<p>{escape(line)}</p>" for line in summary.lines())
    charts = "".join(_chart(place, totals, rows, marks) for place, totals in largest)
    left_out = len(by_place) - len(largest)
    more = f"<p>{left_out} smaller places are not drawn.</p>" if left_out else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Backtest</title><style>{STYLE}</style>'
        f"<h1>Backtest</h1>{said}<p>Bars: answers a day, the dark part bad. Triangles: alerts (filled) and what was "
        f"listed without paging (hollow). Bands: marked stretches.</p>{charts}{more}{_table(rows)}</html>"
    )


def _chart(place: tuple[str, str], days: Sequence[DayTotal], rows: Sequence[AlertRow], marks: Sequence[Mark]) -> str:
    first, last = days[0].day_ms, days[-1].day_ms + DAY_MS
    most = max(day.n for day in days)

    def x(at_ms: int) -> float:
        return LEFT + (WIDTH - LEFT) * min(1.0, max(0.0, (at_ms - first) / (last - first)))

    parts = []
    for mark in marks:
        if _here(mark.channel, mark.stage, place) and mark.end_ms > first and mark.start_ms < last:
            shade = {"quiet": "#dafbe1", "event": "#ffebe9", "ignore": "#eaeef2"}[mark.kind]
            width = max(1.0, x(mark.end_ms) - x(mark.start_ms))
            parts.append(
                f'<rect x="{x(mark.start_ms):.1f}" y="{TOP}" width="{width:.1f}" height="{HEIGHT}" fill="{shade}">'
                f"<title>{escape(mark.kind)}</title></rect>"
            )
    width = max(0.6, (WIDTH - LEFT) * DAY_MS / (last - first) - 0.6)
    for day in days:
        for count, fill in ((day.n, "#afb8c1"), (day.bad, "#57606a")):
            height = HEIGHT * count / most
            parts.append(
                f'<rect x="{x(day.day_ms):.1f}" y="{TOP + HEIGHT - height:.1f}" width="{width:.1f}" '
                f'height="{height:.1f}" fill="{fill}"><title>{_day(day.day_ms)}: {day.bad} of {day.n}</title></rect>'
            )
    for row in rows:
        if _here(row.segment.channel, row.segment.stage, place):
            at = x(to_ms(datetime.fromisoformat(row.detected_at)))
            fill = "#cf222e" if row.page else "none"
            parts.append(
                f'<path d="M{at:.1f} {TOP} l-6 -11 h12 z" fill="{fill}" stroke="#cf222e">'
                f"<title>{escape(row.detected_at)} {escape(row.reason)}</title></path>"
            )
    parts.append(f'<text x="0" y="{TOP + 8}">{most}</text><text x="0" y="{TOP + HEIGHT}">0</text>')
    parts.append(f'<text x="{LEFT}" y="{TOP + HEIGHT + 14}">{_day(first)}</text>')
    parts.append(f'<text x="{WIDTH}" y="{TOP + HEIGHT + 14}" text-anchor="end">{_day(last - DAY_MS)}</text>')
    name = escape(f"{place[0]} · {place[1]}")
    size = f'viewBox="0 0 {WIDTH} {TOP + HEIGHT + 20}"'
    return f'<h2>{name}</h2><svg role="img" aria-label="{name}, answers a day" {size}>{"".join(parts)}</svg>'


def _here(channel: str | None, stage: str | None, place: tuple[str, str]) -> bool:
    return channel in (None, place[0]) and stage in (None, place[1])


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1_000, UTC).strftime("%Y-%m-%d")


def _table(rows: Sequence[AlertRow]) -> str:
    head = "<tr><th>noticed</th><th>pages</th><th>place</th><th>severity</th><th>what</th></tr>"
    body = "".join(
        "<tr>"
        + "".join(
            f"<td>{escape(cell)}</td>"
            for cell in (
                row.detected_at,
                "yes" if row.page else "no",
                f"{row.segment.channel or 'all channels'} · {row.segment.stage or 'all stages'}",
                row.severity,
                row.reason,
            )
        )
        + "</tr>"
        for row in rows
    )
    return f"<h2>Alerts</h2><table>{head}{body}</table>" if rows else "<p>No alert.</p>"
