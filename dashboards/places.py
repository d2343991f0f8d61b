"""The channel by stage table: what stands in each cell, and which cells differ from their usual beyond chance."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from dashboards.alert_readings import IncidentLine
from dashboards.beyond_chance import LEAST_USUAL_N, Sample, Verdict, compare, p_value
from dashboards.outcomes import sample
from streams.records import LeafMinute, Segment, WindowSnapshot
from streams.scales import Scale
from streams.settings import OTHER, MeasureSettings

State = Literal["below", "usual", "above", "learning", "few", "none", "unasked", "blind", "absent"]
ALONE_P = 0.05  # one score on its own, not one place among many


@dataclass(frozen=True, slots=True)
class Cell:
    """One place. Why it has no score, if it has none:

    `few`: too few answers; `none`: none in this window; `unasked`: answers, but never to this question; `blind`:
    customers come, and nobody ever answers anything; `absent`: nothing ever happens here. `learning`: a score without
    a usual to compare it with.
    """

    segment: Segment
    state: State
    snapshot: WindowSnapshot | None
    usual: float | None
    incident: int | None


@dataclass(frozen=True, slots=True)
class Table:
    """The whole table: a row a channel, a cell a stage."""

    stages: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]

    def cells(self, *states: State) -> list[Cell]:
        """The cells in one of these states, in reading order."""
        return [cell for _, row in self.rows for cell in row if cell.state in states]


def leaf_rows(rows: Iterable[WindowSnapshot], metric: str, kind: str) -> dict[Segment, WindowSnapshot]:
    """The rows of one metric and survey kind by segment, rollups too."""
    return {row.segment: row for row in rows if row.metric == metric and row.survey_kind == kind}


def build_table(
    settings: MeasureSettings,
    scale: Scale,
    *,
    now: Mapping[Segment, WindowSnapshot],
    usual: Mapping[Segment, WindowSnapshot],
    hours: Iterable[LeafMinute],
    visited: Collection[Segment] = (),
    incidents: Iterable[IncidentLine],
) -> Table:
    """Put the cells together. `hours` hold answers; `visited` are places where customers did anything.

    `other` gets a row or column only when something was counted there.
    """
    alive = {Segment(hour.channel, hour.stage) for hour in hours} | {s for s in now if None not in s}
    met = alive | set(visited)
    channels = _with_other(settings.channels, {s.channel for s in met})
    stages = _with_other(settings.stages, {s.stage for s in met})
    verdicts = compare(_samples(scale, now, usual), settings.min_n)
    numbers = {line.segment: line.number for line in incidents if line.open and not line.spam}
    rows = []
    for channel in channels:
        cells = []
        for stage in stages:
            place = Segment(channel, stage)
            row, before = now.get(place), usual.get(place)
            state: State = verdicts.get(place, "learning")
            if row is None:
                state = _silence(place, usual, alive, met)
            elif row.score is None:
                state = "few"
            cells.append(Cell(place, state, row, None if before is None else before.score, numbers.get(place)))
        rows.append((channel, tuple(cells)))
    return Table(stages, tuple(rows))


def _with_other(names: tuple[str, ...], alive: set[str | None]) -> tuple[str, ...]:
    return (*names, OTHER) if OTHER in alive and OTHER not in names else names


def _samples(
    scale: Scale, now: Mapping[Segment, WindowSnapshot], usual: Mapping[Segment, WindowSnapshot]
) -> dict[Segment, tuple[Sample, Sample]]:
    return {
        place: (sample(scale, row.counts), sample(scale, usual[place].counts))
        for place, row in now.items()
        if place in usual and None not in place
    }


def _silence(place: Segment, *known: Collection[Segment]) -> State:
    """Why there is no answer: of what is `known`, which says of the place first?"""
    why: tuple[State, ...] = ("none", "unasked", "blind")
    return next((state for state, places in zip(why, known, strict=True) if place in places), "absent")


def alone(scale: Scale, now: WindowSnapshot, usual: WindowSnapshot | None) -> Verdict | None:
    """The verdict on one score by itself, such as the main one; None where there is too little to compare with."""
    if now.score is None or usual is None or usual.n < LEAST_USUAL_N or usual.score is None:
        return None
    if p_value(sample(scale, now.counts), sample(scale, usual.counts)) > ALONE_P:
        return "usual"
    return "below" if now.score < usual.score else "above"
