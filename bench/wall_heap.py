"""A wall left on for 10,000 updates: its heap after garbage collection, early and late.

    python -m bench.wall_heap [--updates 10000]

In Debian's Chromium: a real page over a real server. See tests/support/wall_heap.py for what is skipped (waiting).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.support.dashboards import build_world, busy_day
from tests.support.recovery import morning
from tests.support.served import chromium, serve
from tests.support.wall_heap import wall_heaps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=10_000)
    wish = parser.parse_args()
    marks = [max(1, wish.updates * part // 20) for part in (1, 2, 5, 10, 20)]
    with tempfile.TemporaryDirectory() as folder:
        world = build_world(Path(folder))
        busy_day(world)
        morning(world)
        started = time.monotonic()
        with serve(world.app()) as served, chromium() as browser:
            heaps = wall_heaps(browser, world, served, marks)
        seconds = time.monotonic() - started
    print(f"{'updates':>8} {'heap MB':>9} {'nodes':>7} {'listeners':>10}")
    for heap in heaps:
        print(f"{heap.updates:>8,} {heap.used / 1e6:>9.2f} {heap.nodes:>7,} {heap.listeners:>10}")
    print(f"late / early {heaps[-1].used / heaps[0].used:.3f}; {wish.updates:,} updates in {seconds:.0f} s")


if __name__ == "__main__":
    main()
