"""What the benchmarks share: a stream of events, a process of its own for every case, and how results are shown.

Figures of one machine mean little: every benchmark prints its own yardstick, measured in the same run, beside it.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

from streams.clock import rfc3339
from streams.logs.protocol import Record
from streams.settings import Framework, Grade, MeasureSettings, Stage

CHANNELS = tuple(f"c{number:02d}" for number in range(12))
STAGES = tuple(f"s{number}" for number in range(10))  # 120 segments
CUSTOMERS = 200_000
ZIPF = 1.1
SPREAD_MS = 10 * 60_000  # event times: the ten minutes before the log takes them
Result = dict[str, Any]


def settings_for(channels: Sequence[str] = CHANNELS, stages: Sequence[str] = STAGES) -> MeasureSettings:
    """Settings with so many places, the first stage a moment of truth."""
    return MeasureSettings(
        channels=tuple(channels),
        stages=tuple(stages),
        stage={stages[0]: Stage(moment_of_truth=True)},
        framework=Framework({"step:ok": Grade(1), "step:failed": Grade(-2)}),
    )


SETTINGS = settings_for()


def events(
    count: int,
    now_ms: int,
    *,
    zipf: bool = False,
    feedback: float = 0.1,
    named: bool = True,
    seed: int = 1,
    channels: Sequence[str] = CHANNELS,
    stages: Sequence[str] = STAGES,
    customers: int = CUSTOMERS,
) -> Iterator[Record]:
    """Events of 120 segments, 15 % bad, by 200,000 customers or (`named` False) by nobody the shop knows."""
    rng = Random(seed)
    weights = list(accumulate((rank + 1) ** -ZIPF for rank in range(customers))) if zipf else None
    numbers = range(customers)
    start_ms = now_ms - SPREAD_MS
    for number in range(count):
        at = rfc3339(start_ms + SPREAD_MS * number // count)
        key, who = f"e{seed}-{number}", ""
        if named:
            key = f"u{rng.choices(numbers, cum_weights=weights)[0] if weights else rng.randrange(customers):06d}"
            who = f'"customer":"{key}",'
        head = (
            f'{{"id":"e{seed}-{number}","source":"bench","time":"{at}",{who}"channel":"{rng.choice(channels)}",'
            f'"stage":"{rng.choice(stages)}",'
        )
        bad = rng.random() < 0.15
        if rng.random() < feedback:
            score = rng.randrange(0, 7) if bad else rng.randrange(7, 11)
            words = ',"comment":"It took far too long, please call me back."' if rng.random() < 0.3 else ""
            body = f'"type":"feedback","metric":"nps","score":{score}{words}}}'
        else:
            outcome = "failed" if bad else "ok"
            body = f'"type":"interaction","interaction":"step","outcome":"{outcome}","duration_seconds":12.5}}'
        yield Record(key.encode(), (head + body).encode())


def batched(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    """Records in batches of a size, the last one smaller."""
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def tune_gc() -> None:
    """As the product does at its start (see docs/architecture.md): fewer and smaller collections."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def rss_mb() -> float:
    """Resident memory of this process now, MB (Linux)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Stopwatch:
    """Wall and processor seconds of this process since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), _cpu()

    def read(self) -> tuple[float, float]:
        """(wall seconds, processor seconds of all threads)."""
        return time.perf_counter() - self._wall, _cpu() - self._cpu


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def apart(work: Callable[..., Result], *arguments: Any) -> Result:
    """Run one case in a fresh process, so that cases share neither memory nor caches."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def size_of(*paths: Path) -> int:
    """Bytes of files and what SQLite keeps beside them."""
    return sum(p.stat().st_size for path in paths for p in path.parent.glob(path.name + "*") if p.suffix != ".lock")


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies (nearest rank)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def show(title: str, rows: Sequence[Mapping[str, Any]], notes: Sequence[str] = ()) -> None:
    """A small table on stderr, the same as one line of JSON on stdout."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [columns, *([_cell(row.get(name)) for name in columns] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    print(f"\n{title}", file=sys.stderr)
    for line in cells:
        print("  " + "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)), file=sys.stderr)
    for note in notes:
        print(f"  {note}", file=sys.stderr)
    print(json.dumps({"bench": title, "rows": rows, "notes": notes}), flush=True)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value or "-")
