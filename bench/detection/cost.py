"""What detection costs: CPU a changed segment-minute and bytes of state a segment, for 100 and 10,000 segments.

Fourteen days of history, then a calm day in which each segment changes about forty times. CPU time of this process;
beside it a yardstick measured in the same run: reading a row from SQLite. `python -m bench.detection.cost`.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, create_engine, func, select, text

from bench.detection.generator import START
from detectors import store
from detectors.settings import DetectionSettings
from detectors.watch import Closing, Watch
from streams.records import LeafMinute

DAY = 1_440
HISTORY_DAYS = 14


def measure(segments: int, minutes: int, changes_a_minute: int) -> tuple[float, float, int, float]:
    """Microseconds a changed segment-minute (rollups counted), of learning a segment, bytes of state (median), rows."""
    draw = np.random.default_rng(segments)
    channels = max(2, int(segments**0.5 / 2))
    places = [(f"c{at % channels:03d}", f"s{at // channels:04d}") for at in range(segments)]
    history = []
    for hour in range(START - HISTORY_DAYS * DAY, START, 60):
        n = draw.poisson(60 * changes_a_minute / segments, segments)  # as much as on the day that is measured
        for at in np.nonzero(n)[0]:
            bad = int(draw.binomial(n[at], 0.15))
            history.append(LeafMinute(hour, *places[at], int(n[at]), bad, bad))
    history.sort(key=lambda row: row.minute)

    def hours(_: Connection, start: int, end: int) -> Sequence[LeafMinute]:
        return [row for row in history if start <= row.minute < end]

    watch = Watch(DetectionSettings(), hours)
    engine = create_engine("sqlite://")
    store.metadata.create_all(engine)
    first = [LeafMinute(START, *place, 1, 0, 0) for place in places]
    with engine.begin() as tx:
        before = time.process_time()
        watch.advance(tx, Closing(START, START + 1, first))
        learning = time.process_time() - before
        usuals = tx.execute(select(func.count()).select_from(store.usuals)).scalar_one()
    gc.collect()
    gc.freeze()  # the history is this program's, the product holds none: it must not be walked again and again
    changed, spent = 0, 0.0
    for minute in range(START + 1, START + 1 + minutes):
        at = draw.choice(segments, min(changes_a_minute, segments), replace=False)
        wrong = draw.random(len(at)) < 0.15
        rows = [LeafMinute(minute, *places[i], 1, int(bad), int(bad)) for i, bad in zip(at, wrong, strict=True)]
        rows.sort(key=lambda row: (row.channel, row.stage))
        touched = {
            place for row in rows for place in ((row.channel, row.stage), (row.channel, None), (None, row.stage), None)
        }
        with engine.begin() as tx:
            before = time.process_time()
            watch.advance(tx, Closing(minute, minute + 1, rows))
            spent += time.process_time() - before
        changed += len(touched)
    with engine.connect() as conn:
        sizes = [len(data) for (data,) in conn.execute(select(store.states.c.state))]
        before = time.process_time()
        for _ in range(2_000):
            conn.execute(text("SELECT 1")).scalar()
        yardstick = (time.process_time() - before) / 2_000
    engine.dispose()
    gc.unfreeze()
    print(
        f"| {segments:,} | {changes_a_minute} | {1e6 * spent / changed:.0f} | {spent / changed / yardstick:.2f} | "
        f"{int(np.median(sizes)):,} | {max(sizes):,} | {1e6 * learning / usuals:.0f} |",
        flush=True,
    )
    return 1e6 * spent / changed, 1e6 * learning / usuals, int(np.median(sizes)), usuals


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=240)
    options = parser.parse_args(arguments)
    print("| segments | changed a minute | us a segment-minute | x SELECT 1 | bytes, median | most | us to learn |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for segments, changes in ((100, 20), (10_000, 300)):
        measure(segments, options.minutes, changes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
