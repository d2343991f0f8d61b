"""Answers by place and outcome, kept between scrapes: only minutes and hours in which something changed are read again.

A week of 10,000 places is 1.7 million hour panes; reading them all at each scrape would take longer than it may.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Table, select

from dashboards.outcomes import by_outcome
from streams.clock import MINUTES_PER_HOUR
from streams.panes import CONTACT, INTERACTION, decode_counts
from streams.records import Segment
from streams.scales import Scale
from streams.settings import OTHER, MeasureSettings
from streams.store.dialect import in_parts
from streams.store.progress import Progress
from streams.store.tables import hour_panes, panes

Plane = tuple[str, str]  # metric (the scale's name), survey kind
Cube = NDArray[np.int64]  # answers by channel, stage and outcome; see Grid
Kept = tuple[NDArray[np.int32], NDArray[np.int32]]  # cells, and bad, neutral and good answers in each


class Grid:
    """The places of the settings as rows and columns; the last of each is for names that are not in them any more."""

    def __init__(self, settings: MeasureSettings) -> None:
        self.channels = tuple(dict.fromkeys((*settings.channels, OTHER)))
        self.stages = tuple(dict.fromkeys((*settings.stages, OTHER)))
        self._rows = {name: n for n, name in enumerate(self.channels)}
        self._columns = {name: n for n, name in enumerate(self.stages)}
        self.shape = (len(self.channels) + 1, len(self.stages) + 1)
        self.places = [Segment(channel, stage) for channel, stage in product(self.channels, self.stages)]

    @property
    def size(self) -> int:
        """How many cells there are, those without a name included."""
        return self.shape[0] * self.shape[1]

    def cell(self, channel: str, stage: str) -> int:
        """The place's number, row by row."""
        row = self._rows.get(channel, self.shape[0] - 1)
        return row * self.shape[1] + self._columns.get(stage, self.shape[1] - 1)

    def shown(self, cube: Cube) -> Cube:
        """The cube of the named places only: what has no name any more is counted as `other`."""
        other_row, other_column = self._rows[OTHER], self._columns[OTHER]
        found = cube.copy()
        found[other_row] += found[-1]
        found[:, other_column] += found[:, -1]
        return found[:-1, :-1]


class Slots:
    """Counts of minutes, or of hours, each kept until it is forgotten."""

    def __init__(
        self, table: Table, grid: Grid, scales: Mapping[str, Scale], partitions: Collection[int] | None
    ) -> None:
        self._table = table
        self._grid = grid
        self._partitions = None if partitions is None else sorted(partitions)
        self._kept: dict[int, dict[Plane, Kept]] = {}
        self._of = lru_cache(maxsize=50_000)(lambda metric, counts: _outcomes(scales, metric, counts))

    def refresh(self, conn: Connection, wanted: range, changed: Iterable[int]) -> None:
        """Read what is wanted and not here, or has changed; let go of the rest."""
        for minute in (*changed, *(self._kept.keys() - set(wanted))):
            self._kept.pop(minute, None)
        missing = [minute for minute in wanted if minute not in self._kept]
        for part in in_parts(conn, missing):
            self._read(conn, part)

    def forget(self, before: int) -> None:
        """Let go of everything before a minute: it will be read anew."""
        for minute in [kept for kept in self._kept if kept < before]:
            del self._kept[minute]

    def sums(self, minutes: Iterable[int]) -> dict[Plane, Cube]:
        """All of these together."""
        found: dict[Plane, list[Kept]] = {}
        for minute in minutes:
            for plane, kept in self._kept.get(minute, {}).items():
                found.setdefault(plane, []).append(kept)
        return {plane: self._cube(parts) for plane, parts in found.items()}

    def totals(self, minutes: Iterable[int]) -> dict[int, int]:
        """Minute -> answers everywhere, of every kind."""
        return {
            minute: sum(int(counts.sum()) for _, counts in self._kept.get(minute, {}).values()) for minute in minutes
        }

    def _cube(self, parts: Sequence[Kept]) -> Cube:
        cells = np.concatenate([cells for cells, _ in parts])
        counts = np.concatenate([counts for _, counts in parts])
        size = self._grid.size
        sums = [np.bincount(cells, weights=counts[:, outcome], minlength=size) for outcome in range(3)]
        return np.stack(sums, axis=1).astype(np.int64).reshape(*self._grid.shape, 3)

    def _read(self, conn: Connection, minutes: Sequence[int]) -> None:
        c = self._table.c
        query = select(c.minute, c.channel, c.stage, c.metric, c.survey_kind, c.counts).where(
            c.minute.in_(minutes), c.metric.not_in((INTERACTION, CONTACT))
        )
        if self._partitions is not None:
            query = query.where(c.partition.in_(self._partitions))
        found: dict[int, dict[Plane, tuple[list[int], list[tuple[int, int, int]]]]] = {m: {} for m in minutes}
        for minute, channel, stage, metric, kind, counts in conn.execute(query):
            outcomes = self._of(metric, counts)
            if outcomes is not None:
                cells, several = found[minute].setdefault((metric, kind), ([], []))
                cells.append(self._grid.cell(channel, stage))
                several.append(outcomes)
        for minute, planes in found.items():
            self._kept[minute] = {
                plane: (np.array(cells, np.int32), np.array(several, np.int32))
                for plane, (cells, several) in planes.items()
            }


def _outcomes(scales: Mapping[str, Scale], metric: str, counts: str) -> tuple[int, int, int] | None:
    """Bad, neutral and good answers of a pane; None for a scale that no survey has any more."""
    scale = scales.get(metric)
    if scale is None:
        return None
    found = by_outcome(scale, decode_counts(counts))
    return found["bad"], found["neutral"], found["good"]


class Counted:
    """Minutes and hours of some partitions (None: all), up to date after each `refresh`."""

    def __init__(
        self, settings: MeasureSettings, grid: Grid, scales: Mapping[str, Scale], partitions: Collection[int] | None
    ) -> None:
        self.minutes = Slots(panes, grid, scales, partitions)
        self.hours = Slots(hour_panes, grid, scales, partitions)
        self._known_days = settings.minute_pane_days - 1  # changes of older minutes leave no trace for long
        self._commits: dict[int, int] = {}
        self._hour = -1

    def refresh(self, conn: Connection, progress: Sequence[Progress], minutes: range, hours: range) -> None:
        """Read what changed since the last time. `progress` was read before, in the same transaction."""
        commits = {p.partition: p.commits for p in progress}
        if any(commits.get(partition, -1) < seen for partition, seen in self._commits.items()):
            self._commits = {}  # another database in its place
            self.minutes.forget(minutes.stop)
            self.hours.forget(hours.stop)
        changed = self._changed(conn, commits)
        if hours.stop != self._hour:
            self.hours.forget(hours.stop - self._known_days * 24 * MINUTES_PER_HOUR)
        self.minutes.refresh(conn, minutes, changed)
        self.hours.refresh(conn, hours, {minute - minute % MINUTES_PER_HOUR for minute in changed})
        self._commits, self._hour = commits, hours.stop

    def _changed(self, conn: Connection, commits: Mapping[int, int]) -> set[int]:
        if not self._commits:
            return set()  # nothing is kept yet
        c = panes.c
        found: set[int] = set()
        for partition, upto in commits.items():
            seen = self._commits.get(partition, 0)
            if upto > seen:
                query = select(c.minute).distinct().where(c.partition == partition, c.changed > seen)
                found.update(conn.execute(query).scalars())
        return found
