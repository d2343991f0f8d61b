"""From the embedded log to committed windows, and through the whole pipeline, beside plain Faust and bare storage.

    python -m bench.embedded [--events 200000] [--profile]

`windows`: events of nobody in particular: decode, dedupe, panes, commit. `whole`: customers, flags and feedback rows
too. `storage` writes the very rows that `whole` wrote, in the same transactions, and does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

from sqlalchemy import Engine

from bench import common, plain_faust
from bench.common import Result, Stopwatch
from bench.parts import Measures, state_engine
from bench.storage import Groups, remembering, store_again
from streams.clock import SystemClock
from streams.logs.sqlite import SqliteLog

APPEND = 5_000


async def fill(log: SqliteLog, count: int, **shape: object) -> Result:
    """Append the events of a case; how fast the log took them (their making is not counted)."""
    seconds, seen = 0.0, 0
    for batch in common.batched(common.events(count, SystemClock().now_ms(), **shape), APPEND):  # type: ignore[arg-type]  # as given
        begin = time.perf_counter()
        await log.append(batch)
        seconds += time.perf_counter() - begin
        seen += len(batch)
    return {"events": seen, "seconds": seconds, "per_second": seen / seconds}


async def measure(folder: Path, log: SqliteLog) -> tuple[Result, Engine]:
    """Measure a log that is already full."""
    engine = state_engine(folder / "state.db")
    parts = Measures(log, engine)
    common.tune_gc()
    watch = Stopwatch()
    await parts.start()
    await parts.caught_up()
    wall, cpu = watch.read()
    await parts.stop()
    seen = sum(log.ends().values())
    return {"events": seen, "seconds": wall, "cpu_seconds": cpu, "per_second": seen / wall}, engine


def case(name: str, count: int, profile: bool) -> Result:
    """One case with its rows of the table; runs in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="cxwatch-bench-") as folder:
        return {"rows": asyncio.run(_case(name, count, profile, Path(folder)))}


async def _case(name: str, count: int, profile: bool, folder: Path) -> list[Result]:
    log = SqliteLog(folder / "log.db", SystemClock())
    appended = await fill(log, count, zipf=name.endswith("zipf"), named=name != "windows")
    if name == "plain Faust":
        rows = [{"case": "append to the log", **appended}, {"case": name, **await plain_faust.count(log)}]
        await log.close()
        return rows
    changes: Groups = []
    profiler = cProfile.Profile() if profile else None
    if profiler:
        profiler.enable()
    with remembering(changes) if name == "whole, uniform" else nullcontext():
        result, engine = await measure(folder, log)
    if profiler:
        profiler.disable()
        result["where"] = where_time_goes(profiler)
    result["log_bytes_an_event"] = common.size_of(log.path) / count
    result["state_bytes_an_event"] = common.size_of(folder / "state.db") / count
    rows = [{"case": name, **result}]
    if changes:
        again = state_engine(folder / "again.db")
        rows.append({"case": "storage only", **store_again(again, changes, count)})
        again.dispose()
    engine.dispose()
    await log.close()
    return rows


def where_time_goes(profiler: cProfile.Profile) -> dict[str, float]:
    """Share of the event loop's processor time by part, %. (Commits run in a thread of their own, beside it.)"""
    spent: Counter[str] = Counter()
    for (file, _, function), (_, _, own, _, _) in pstats.Stats(profiler).stats.items():  # type: ignore[attr-defined]  # untyped
        spent[_part(file, function)] += own
    busy = sum(own for part, own in spent.items() if part != "waiting")
    return {part: round(100 * own / busy, 1) for part, own in spent.most_common(12) if part != "waiting"}


def _part(file: str, function: str) -> str:
    path = Path(file)
    if "select" in function and "poll" in function:
        return "waiting"
    for room in ("streams", "cxwatch"):
        if room in path.parts:
            return ".".join(path.with_suffix("").parts[path.parts.index(room) :])
    for package in ("sqlalchemy", "faust", "mode", "asyncio", "ddsketch"):
        if package in path.parts:
            return package
    return "built in" if file == "~" else "other"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--profile", action="store_true", help="also say where the time goes (slower)")
    wish = parser.parse_args()
    rows: list[Result] = []
    for name in ("plain Faust", "windows", "whole, uniform", "whole, zipf"):
        rows += common.apart(case, name, wish.events, False)["rows"]
    speed = {row["case"]: row["per_second"] for row in rows}
    for row in rows:
        row["times_plain"] = row["per_second"] / speed["plain Faust"]
    notes = [
        f"windows {speed['windows'] / speed['plain Faust']:.1f} x plain Faust (goal 15)",
        f"whole {speed['whole, uniform'] / speed['plain Faust']:.1f} x plain Faust (goal 3), "
        f"{speed['whole, uniform'] / speed['storage only']:.2f} of storage only (goal .5)",
    ]
    if wish.profile:
        profiled = common.apart(case, "whole, uniform", wish.events, True)["rows"]
        notes.append(f"where the loop's time goes, %: {profiled[0]['where']}")
    common.show("embedded log to committed windows", rows, notes)


if __name__ == "__main__":
    main()
