"""How each place stands against its usual, for the metrics: the same verdicts as the pages, in one number a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dashboards.alert_readings import IncidentLine
from dashboards.counted import Counted, Cube, Grid, Plane
from dashboards.places import Cell, State, build_table
from dashboards.readings import USUAL_DAYS
from streams.clock import HOUR_MS, MINUTE_MS, MINUTES_PER_DAY, MINUTES_PER_HOUR, minute_of
from streams.records import LeafMinute, Segment, WindowName, WindowSnapshot
from streams.scales import Scale, score_of
from streams.settings import MeasureSettings
from streams.windows import bounds

WINDOW: WindowName = "24h"
INCIDENT = -2
CODES: Mapping[State, int] = {
    "below": -1,
    "usual": 0,
    "learning": 0,
    "above": 1,
    "few": 8,
    "none": 9,
    "unasked": 10,
    "blind": 10,
}
CODES_TOLD = "-2 open incident, -1 below usual, 0 as usual, 1 above, 8 too few answers, 9 none now, 10 never any"
PAST_DAYS = USUAL_DAYS + 1  # before the current window of a day


@dataclass(frozen=True, slots=True)
class Past:
    """The past of one hour: what was usual, where anything ever happened, and the answers of each hour everywhere."""

    end_ms: int = -1
    usual: Mapping[Plane, Mapping[Segment, WindowSnapshot]] = field(default_factory=dict)
    alive: Sequence[LeafMinute] = ()
    hours: Sequence[LeafMinute] = ()


class Standings:
    """Verdicts over what was counted. What is usual is worked out once an hour."""

    def __init__(self, settings: MeasureSettings, grid: Grid, scales: Mapping[str, Scale]) -> None:
        self._settings = settings
        self._grid = grid
        self._scales = scales
        self._past = Past()

    def past(self, counted: Counted, now_ms: int) -> Past:
        """The 14 days before the current window of a day, and before the current hour."""
        start_ms, _ = bounds(WINDOW, now_ms)
        if self._past.end_ms != start_ms:
            start, this_hour = minute_of(start_ms), minute_of(now_ms // HOUR_MS * HOUR_MS)
            back = USUAL_DAYS * MINUTES_PER_DAY
            before = counted.hours.sums(range(start - back, start, MINUTES_PER_HOUR))
            usual = {plane: self._snapshots(plane, cube, start - back, start) for plane, cube in before.items()}
            lately = range(this_hour - back, this_hour, MINUTES_PER_HOUR)
            totals = counted.hours.totals(lately)
            hours = [LeafMinute(minute, "", "", n, 0, 0) for minute, n in totals.items() if n]
            self._past = Past(start_ms, usual, self._alive(counted, lately), hours)
        return self._past

    def codes(
        self, counted: Counted, past: Past, incidents: Sequence[IncidentLine], now_ms: int
    ) -> dict[tuple[Plane, Segment], int]:
        """The number of every place where something happens, for all that was asked in the current window."""
        start, end = (minute_of(ms) for ms in bounds(WINDOW, now_ms))
        current = counted.hours.sums(range(start, end, MINUTES_PER_HOUR))
        found: dict[tuple[Plane, Segment], int] = {}
        for plane, cube in sorted(current.items()):
            now = self._snapshots(plane, cube, start, end)
            if not now:
                continue
            table = build_table(
                self._settings,
                self._scales[plane[0]],
                now=now,
                usual=past.usual.get(plane, {}),
                hours=past.alive,
                incidents=incidents,
            )
            for _, row in table.rows:
                for cell in row:
                    code = standing(cell)
                    if code is not None:
                        found[plane, cell.segment] = code
        return found

    def _snapshots(self, plane: Plane, cube: Cube, start: int, end: int) -> dict[Segment, WindowSnapshot]:
        """Of each place with answers. Scores and intervals depend on outcomes only: one point stands for each."""
        metric, kind = plane
        points = _points(self._scales[metric])
        found = {}
        for place, outcomes in zip(self._grid.places, cube[:-1, :-1].reshape(-1, 3).tolist(), strict=True):
            n = sum(outcomes)
            if n:
                counts = {point: many for point, many in zip(points, outcomes, strict=True) if many}
                score = score_of(metric, counts, self._settings.min_n)
                found[place] = WindowSnapshot(
                    place, metric, kind, WINDOW, start * MINUTE_MS, end * MINUTE_MS, False, n, counts,
                    score.value, score.low, score.high,
                )  # fmt: skip
        return found

    def _alive(self, counted: Counted, minutes: range) -> list[LeafMinute]:
        cubes = counted.hours.sums(minutes).values()
        return [
            LeafMinute(minutes.start, channel or "", stage or "", n, 0, 0)
            for cube in cubes
            for (channel, stage), n in zip(
                self._grid.places, cube[:-1, :-1].sum(axis=2).reshape(-1).tolist(), strict=True
            )
            if n
        ]


def _points(scale: Scale) -> tuple[int, ...]:
    """A point of the scale for bad, neutral and good; -1 where it has none."""
    by_outcome = {outcome: point for point, outcome in scale.outcomes.items()}
    return tuple(by_outcome.get(outcome, -1) for outcome in ("bad", "neutral", "good"))


def standing(cell: Cell) -> int | None:
    """The number of a place; None where nothing ever happens."""
    if cell.state == "absent":
        return None
    return CODES[cell.state] if cell.incident is None else INCIDENT
