"""The promise on simulated years: season, drift, clusters, gaps, spam and partial first days, at the default budget.

A shop of two channels and three stages, 5 to 500 answers a day, through the product's `Watch` minute by minute, as
DECIDE does it. Nothing is wrong in it, so every page is a false alert; those of spam waves are counted apart.
`python -m bench.detection.years`; seeded.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import chi2
from sqlalchemy import Connection, create_engine

from bench.detection.generator import START, Stream, Trouble, stream
from detectors import store
from detectors.records import Anomaly
from detectors.settings import DetectionSettings
from detectors.watch import Closing, Watch
from streams.records import LeafMinute

DAY = 1_440
PLACES = {
    ("web", "buy"): 50.0,
    ("web", "use"): 150.0,
    ("web", "help"): 15.0,
    ("app", "buy"): 30.0,
    ("app", "use"): 500.0,
    ("app", "help"): 5.0,
}
TROUBLE = Trouble(clusters=0.2, gaps_a_year=6, spam_a_year=4, partial_first_day=True)
CALM = Trouble()


@dataclass(slots=True)
class Year:
    """What one shop's year brought: pages that nothing explains, and those within a day of a spam wave at the place.

    `mute` are notices of silence without a gap in collecting; `gaps` are the lengths of all gaps in hours, each with
    whether it was noticed before it was over.
    """

    weeks: float
    segments: int
    false: list[Anomaly] = field(default_factory=list)
    spam: list[Anomaly] = field(default_factory=list)
    mute: list[Anomaly] = field(default_factory=list)
    gaps: list[tuple[str, float, bool]] = field(default_factory=list)


class Shop:
    """Answers of all places as DECIDE reads them."""

    def __init__(self, streams: dict[tuple[str, str], Stream]) -> None:
        rows, hours = [], []
        for (channel, stage), one in streams.items():
            for size, into in ((1, rows), (60, hours)):
                at, first, n = np.unique(one.minute // size * size, return_index=True, return_counts=True)
                bad = np.add.reduceat(one.bad.astype(int), first) if len(first) else first
                for minute, count, wrong in zip(at.tolist(), n.tolist(), bad.tolist(), strict=True):
                    into.append(LeafMinute(START + minute, channel, stage, count, wrong, wrong))
        self._rows = sorted(rows, key=lambda row: (row.minute, row.channel, row.stage))
        self._hours = sorted(hours, key=lambda row: (row.minute, row.channel, row.stage))
        self._row_at = [row.minute for row in self._rows]
        self._hour_at = [row.minute for row in self._hours]

    def hours(self, _: Connection, from_minute: int, to_minute: int) -> Sequence[LeafMinute]:
        """Hour totals in [from, to)."""
        return self._hours[bisect_left(self._hour_at, from_minute) : bisect_left(self._hour_at, to_minute)]

    def rows(self, from_minute: int, to_minute: int) -> Sequence[LeafMinute]:
        """Minutes in [from, to)."""
        return self._rows[bisect_left(self._row_at, from_minute) : bisect_left(self._row_at, to_minute)]


def year(job: tuple[int, Trouble, int, DetectionSettings]) -> Year:
    """Simulate one shop."""
    seed, trouble, days, settings = job
    draw = np.random.default_rng([3, seed])
    streams = {place: stream(draw, per_day, days, trouble=trouble) for place, per_day in PLACES.items()}
    shop = Shop(streams)
    watch = Watch(settings, shop.hours)
    engine = create_engine("sqlite://")
    store.metadata.create_all(engine)
    result = Year(days / 7, 12)
    silences: list[Anomaly] = []
    for day in range(days):
        start = START + day * DAY
        with engine.begin() as tx:
            found = watch.advance(tx, Closing(start, start + DAY, shop.rows(start, start + DAY)))
        silences += [anomaly for anomaly in found.anomalies if anomaly.signal == "silence"]
        for anomaly in found.anomalies:
            if not anomaly.page:
                continue
            (result.spam if _in_spam(anomaly, streams) else result.false).append(anomaly)
    engine.dispose()
    _judge_silences(result, silences, streams)
    return result


def _judge_silences(result: Year, silences: Sequence[Anomaly], streams: dict[tuple[str, str], Stream]) -> None:
    explained: set[int] = set()
    for place, one in streams.items():
        for start, end in one.gaps:
            here = [
                number
                for number, anomaly in enumerate(silences)
                if anomaly.segment.channel in (None, place[0])
                and anomaly.segment.stage in (None, place[1])
                and start <= anomaly.detected_ms // 60_000 - START <= end + 60
            ]
            explained.update(here)
            result.gaps.append(("/".join(place), (end - start) / 60, bool(here)))
    result.mute += [anomaly for number, anomaly in enumerate(silences) if number not in explained]


def _in_spam(anomaly: Anomaly, streams: dict[tuple[str, str], Stream]) -> bool:
    at = anomaly.detected_ms // 60_000 - START
    return any(
        start <= at <= end + DAY
        for (channel, stage), one in streams.items()
        if anomaly.segment.channel in (None, channel) and anomaly.segment.stage in (None, stage)
        for start, end in one.waves
    )


def interval(count: int, weeks: float) -> tuple[float, float]:
    """Exact 95 % interval of a Poisson rate (Garwood 1936)."""
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return low / weeks, chi2.ppf(0.975, 2 * count + 2) / 2 / weeks


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=20)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--calm", action="store_true", help="without clusters, gaps and spam")
    parser.add_argument("--budget", type=float, default=2.0)
    options = parser.parse_args(arguments)
    settings = DetectionSettings(false_alerts_per_week=options.budget)
    jobs = [(seed, CALM if options.calm else TROUBLE, options.days, settings) for seed in range(options.years)]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.map(year, jobs, chunksize=1)
    weeks = sum(one.weeks for one in found)
    false = [anomaly for one in found for anomaly in one.false]
    spam = [anomaly for one in found for anomaly in one.spam]
    low, high = interval(len(false), weeks)
    print(f"{len(found)} years of {options.days} days, {found[0].segments} segments watched, {weeks:.0f} weeks")
    print(
        f"false pages: {len(false)}, {len(false) / weeks:.3f} a week ({low:.3f}..{high:.3f}); "
        f"promised {options.budget:g} over all"
    )
    print(f"a segment and week: {len(false) / weeks / 12:.4f}; allowed 0.1")
    print(f"within a day of a spam wave: {len(spam)}")
    mute = [anomaly for one in found for anomaly in one.mute]
    low, high = interval(len(mute), weeks)
    print(f"notices of silence without a gap: {len(mute)}, {len(mute) / weeks:.4f} a week ({low:.4f}..{high:.4f})")
    gaps = [gap for one in found for gap in one.gaps]
    for place in dict.fromkeys(name for name, _, _ in gaps):
        there = [(hours, noticed) for name, hours, noticed in gaps if name == place]
        by_length = [[noticed for hours, noticed in there if a <= hours < b] for a, b in ((3, 8), (8, 24), (24, 97))]
        cells = ", ".join(f"{sum(some)} of {len(some)}" for some in by_length)
        print(f"gaps noticed while they lasted at {place} (3..8 h, 8..24 h, longer): {cells}")
    for counted in (Counter(a.signal for a in false), Counter(a.segment.label for a in false)):
        print(dict(counted.most_common(12)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
