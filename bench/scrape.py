"""What a scrape costs: time and size by number of places, beside plain Gauges; and what it costs measuring.

    python -m bench.scrape [--quick]

`plain` is prometheus-client's own Gauge and Counter with the very same children, filled before the clock starts: only
its text is made. `product` does all of a scrape, after a commit that changed every place's newest minute; `first` is
the first one of a process, which reads all of the past.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry, Gauge, disable_created_metrics, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, insert, select, update

from alerting.tables import metadata as alert_metadata
from bench import common
from bench.common import SETTINGS, Result
from bench.embedded import fill
from bench.parts import Measures, state_engine
from dashboards.collector import CxMetrics
from dashboards.context import DashboardContext, TotalKey
from streams.clock import HOUR_MS, ManualClock, SystemClock, minute_of
from streams.logs.sqlite import SqliteLog
from streams.settings import MeasureSettings
from streams.signal import Signal
from streams.store.tables import hour_panes, panes, partitions

SIZES = ((10, 10), (20, 50), (100, 100))
NOW_MS = 1_794_926_520_000
HOURS = 6  # with answers at every place
TRIES = 5
EVENTS = 60_000
SCRAPE_EVERY_S = 5.0


def world(folder: Path, settings: MeasureSettings) -> tuple[Engine, dict[TotalKey, int]]:
    """A database in which every place has NPS answers in the last minute and in some hours."""
    engine = state_engine(folder / "state.db")
    alert_metadata.create_all(engine)
    counts = msgspec.json.encode({"3": 2, "8": 3, "10": 7}).decode()
    numbers = {"n": 12, "bad": 2, "bad_first": 2, "live_n": 12, "live_bad": 2, "live_bad_first": 2, "counts": counts}
    minute = minute_of(NOW_MS) - 2
    totals = {}
    with engine.begin() as conn:
        conn.execute(insert(partitions).values(partition=0, epoch=1, next_offset=1, commits=1))
        for channel in settings.channels:
            row = {"channel": channel, "metric": "nps", "survey_kind": "hot", "partition": 0, **numbers}
            rows = [{**row, "stage": stage} for stage in settings.stages]
            conn.execute(insert(panes), [{**one, "minute": minute, "changed": 1} for one in rows])
            for back in range(HOURS):
                hour = minute_of((NOW_MS // HOUR_MS - back) * HOUR_MS)
                conn.execute(insert(hour_panes), [{**one, "minute": hour} for one in rows])
            for stage in settings.stages:
                for outcome, n in (("bad", 2), ("neutral", 3), ("good", 7)):
                    totals[TotalKey("nps", "hot", channel, stage, outcome)] = n
    return engine, totals


def size(channels: int, stages: int) -> Result:
    """One row of the table."""
    settings = MeasureSettings(
        channels=tuple(f"c{n:03d}" for n in range(channels)), stages=tuple(f"s{n:03d}" for n in range(stages))
    )
    disable_created_metrics()  # type: ignore[no-untyped-call]  # as the product does
    with tempfile.TemporaryDirectory(prefix="cxwatch-bench-") as folder:
        engine, totals = world(Path(folder), settings)
        context = DashboardContext(
            engine=engine, clock=ManualClock(NOW_MS), measure=settings, signal=Signal(), totals=lambda: totals
        )
        ours = CxMetrics(context)
        first, _ = timed(lambda: ours.scrape()[0])
        seconds, text = quickest(lambda: busy(engine, ours))
        plain = CollectorRegistry()
        like(text, plain)
        plain_seconds, _ = quickest(lambda: timed(lambda: generate_latest(plain)))
        engine.dispose()
    samples = sum(1 for line in text.splitlines() if not line.startswith(b"#"))
    return {
        "places": channels * stages,
        "samples": samples,
        "bytes": len(text),
        "first_ms": 1_000 * first,
        "product_ms": 1_000 * seconds,
        "plain_ms": 1_000 * plain_seconds,
        "times_plain": seconds / plain_seconds,
    }


def busy(engine: Engine, ours: CxMetrics) -> tuple[float, bytes]:
    """A scrape after a commit that changed the newest minute of every place: what a busy stream makes of each."""
    with engine.begin() as conn:
        commits = conn.execute(select(partitions.c.commits)).scalar_one() + 1
        conn.execute(update(partitions).values(commits=commits))
        conn.execute(update(panes).values(changed=commits))
    return timed(lambda: ours.scrape()[0])


def timed(scrape: Callable[[], bytes]) -> tuple[float, bytes]:
    """How long one took, and its text."""
    begin = time.perf_counter()
    text = scrape()
    return time.perf_counter() - begin, text


def quickest(once: Callable[[], tuple[float, bytes]]) -> tuple[float, bytes]:
    """The quickest of some scrapes: the machine has other things to do."""
    return min((once() for _ in range(TRIES)), key=lambda took: took[0])


def like(text: bytes, plain: CollectorRegistry) -> None:
    """Plain Gauges with the same names, labels and values; counters and histograms as Gauges too."""
    for family in text_string_to_metric_families(text.decode()):
        by_name: dict[str, Gauge] = {}
        for sample in family.samples:
            names = tuple(sample.labels)
            if sample.name not in by_name:
                by_name[sample.name] = Gauge(sample.name, family.documentation, names, registry=plain)
            gauge = by_name[sample.name]
            (gauge.labels(**sample.labels) if names else gauge).set(sample.value)


def measuring(scraped: bool, count: int) -> Result:
    """How fast a full log is measured, alone or while it is scraped every few seconds."""
    with tempfile.TemporaryDirectory(prefix="cxwatch-bench-") as folder:
        return asyncio.run(_measuring(Path(folder), scraped, count))


async def _measuring(folder: Path, scraped: bool, count: int) -> Result:
    log = SqliteLog(folder / "log.db", SystemClock())
    await fill(log, count)
    engine = state_engine(folder / "state.db")
    alert_metadata.create_all(engine)
    parts = Measures(log, engine)
    context = DashboardContext(engine=engine, clock=SystemClock(), measure=SETTINGS, signal=Signal())
    metrics = CxMetrics(context)
    stop, scrapes, cpu = threading.Event(), [0], [0.0]

    def scrape() -> None:
        while not stop.wait(SCRAPE_EVERY_S if scrapes[0] else 0.5):
            metrics.scrape()
            scrapes[0] += 1
        cpu[0] = time.thread_time()

    thread = threading.Thread(target=scrape)
    common.tune_gc()
    begin = time.perf_counter()
    await parts.start()
    if scraped:
        thread.start()
    await parts.caught_up()
    seconds = time.perf_counter() - begin
    stop.set()
    if scraped:
        thread.join()
    await parts.stop()
    engine.dispose()
    await log.close()
    each_ms = 1_000 * cpu[0] / scrapes[0] if scrapes[0] else 0.0
    return {"scrapes": scrapes[0], "cpu_ms_each": each_ms, "seconds": seconds, "per_second": count / seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    wish = parser.parse_args()
    rows = [common.apart(size, *shape) for shape in SIZES]
    common.show("a scrape, beside plain Gauges with the same children", rows)
    count = EVENTS if wish.quick else 4 * EVENTS
    alone = common.apart(measuring, False, count)
    beside = common.apart(measuring, True, count)
    share = beside["per_second"] / alone["per_second"]
    cases = [{"case": "measuring alone", **alone}, {"case": f"scraped every {SCRAPE_EVERY_S:g} s", **beside}]
    common.show("what scrapes cost measuring (121 places)", cases, [f"{share:.2f} of the events a second"])


if __name__ == "__main__":
    main()
