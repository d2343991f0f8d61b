"""A small world to detect in: a history of hours, live minutes, a real database."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine

from detectors import store
from detectors.records import Findings
from detectors.settings import DetectionSettings
from detectors.watch import Closing, Watch
from streams.records import LeafMinute
from streams.store import tables
from tests.support.databases import DATABASES, empty

DAY = 24 * 60
START = 20_775 * DAY  # a Wednesday, 00:00 UTC
LEAVES = (("web", "buy"), ("web", "use"), ("app", "buy"), ("app", "use"))


@dataclass
class World:
    """Answers of every leaf; times are minutes from the start of the live stream."""

    history: list[LeafMinute] = field(default_factory=list)
    live: dict[tuple[int, str, str], list[int]] = field(default_factory=dict)
    settings: DetectionSettings = field(default_factory=DetectionSettings)
    start: int = START

    def past(self, days: int = 14, per_hour: int = 4, share: float = 0.15, leaves=LEAVES, seed: int = 1) -> World:
        """Whole hours before the start, at a steady rate."""
        draw = random.Random(seed)
        for hour in range(self.start - days * DAY, self.start, 60):
            for channel, stage in leaves:
                bad = sum(draw.random() < share for _ in range(per_hour))
                self.history.append(LeafMinute(hour, channel, stage, per_hour, bad, bad))
        return self

    def answers(self, leaf, from_minute: int, to_minute: int, per_hour: float, share: float, seed: int = 2) -> World:
        """Live answers of a leaf, at random minutes, bad with a probability."""
        draw = random.Random(f"{seed}{leaf}{from_minute}")
        for minute in range(from_minute, to_minute):
            if draw.random() < per_hour / 60:
                self.add(leaf, minute, 1, int(draw.random() < share))
        return self

    def add(self, leaf, minute: int, n: int, bad: int, bad_first: int | None = None) -> World:
        """Some answers in one minute."""
        slot = self.live.setdefault((self.start + minute, *leaf), [0, 0, 0])
        for place, gained in enumerate((n, bad, bad if bad_first is None else bad_first)):
            slot[place] += gained
        return self

    def rows(self, from_minute: int, to_minute: int) -> list[LeafMinute]:
        """Live leaf minutes as DECIDE would read them."""
        a, b = self.start + from_minute, self.start + to_minute
        return [LeafMinute(*key, *n) for key, n in sorted(self.live.items()) if a <= key[0] < b]

    def hours(self, conn: Connection, from_minute: int, to_minute: int) -> Sequence[LeafMinute]:
        """All hours, live ones included, as they are now."""
        sums: defaultdict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        for (minute, channel, stage), counts in self.live.items():
            slot = sums[minute - minute % 60, channel, stage]
            for place in range(3):
                slot[place] += counts[place]
        rows = self.history + [LeafMinute(*key, *n) for key, n in sorted(sums.items())]
        at = [row.minute for row in rows]
        return rows[bisect_left(at, from_minute) : bisect_left(at, to_minute)]

    def watch(self) -> Watch:
        return Watch(self.settings, self.hours)

    def closing(self, from_minute: int, to_minute: int, late: Sequence[LeafMinute] = ()) -> Closing:
        return Closing(self.start + from_minute, self.start + to_minute, self.rows(from_minute, to_minute), late)

    def run(self, engine: Engine, edges: Sequence[int], each: Callable[[Watch], Watch] = lambda w: w) -> Findings:
        """Close the minutes between the edges, one transaction a closing; `each` may replace the watch after one."""
        watch, found = self.watch(), []
        for a, b in pairwise(edges):
            with engine.begin() as tx:
                found.append(watch.advance(tx, self.closing(a, b)))
            watch = each(watch)
        return Findings(
            tuple(x for f in found for x in f.anomalies),
            tuple(x for f in found for x in f.updates),
            tuple(x for f in found for x in f.recoveries),
        )


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def new_world() -> type[World]:
    return World


@pytest.fixture
def new_engine() -> Callable[[], Engine]:
    def make() -> Engine:
        engine = create_engine("sqlite://")
        store.metadata.create_all(engine)
        tables.metadata.create_all(engine)
        return engine

    return make


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest, new_engine, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "postgresql":
        with empty(request, tmp_path) as engine:
            yield engine
        return
    engine = new_engine()
    yield engine
    engine.dispose()
