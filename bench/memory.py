"""Resident memory of a measuring process after one million events, and after ten (--long).

python -m bench.memory [--events 1000000] [--long]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from bench import common
from bench.common import Result
from bench.parts import Measures, state_engine
from streams.clock import SystemClock
from streams.logs.sqlite import SqliteLog

STEP = 100_000
LONG = 10_000_000


def grow(events: int) -> Result:
    """Feed and measure so many events in one process; resident memory on the way."""
    with tempfile.TemporaryDirectory(prefix="cxwatch-bench-") as folder:
        return asyncio.run(_grow(events, Path(folder)))


async def _grow(events: int, folder: Path) -> Result:
    log = SqliteLog(folder / "log.db", SystemClock())
    engine = state_engine(folder / "state.db")
    parts = Measures(log, engine)
    await parts.start()
    common.tune_gc()
    seen: list[Result] = [{"events": 0, "rss_mb": common.rss_mb()}]
    for number in range(max(1, events // STEP)):
        for batch in common.batched(common.events(STEP, SystemClock().now_ms(), seed=number), 5_000):
            await log.append(batch)
        await parts.caught_up()
        seen.append({"events": (number + 1) * STEP, "rss_mb": common.rss_mb()})
    await parts.stop()
    engine.dispose()
    await log.close()
    return {"rows": seen}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--long", action="store_true", help=f"{LONG:,} events: takes a quarter of an hour or more")
    wish = parser.parse_args()
    rows = common.apart(grow, LONG if wish.long else wish.events)["rows"]
    shown = [row for at, row in enumerate(rows) if at in (0, 1, 2, 5, 10, 20, 50, 100) or at == len(rows) - 1]
    common.show("memory while measuring", shown, ["goal: under 300 MB after 1,000,000 events, flat after it"])


if __name__ == "__main__":
    main()
