"""All benchmarks one after another, each in a process of its own: `make bench`.

python -m bench.all [--quick]
"""

from __future__ import annotations

import argparse
import subprocess
import sys

FULL = (
    ("bench.embedded", "--events", "400000", "--profile"),
    ("bench.ingest_http",),
    ("bench.latency",),
    ("bench.memory",),
    ("bench.scrape",),
    ("bench.promql",),
    ("bench.database_rows",),
    ("bench.people",),
    ("bench.wall_heap", "--updates", "2000"),
    ("bench.screens",),
    ("bench.kafka",),
)
QUICK = (
    ("bench.embedded", "--events", "40000"),
    ("bench.ingest_http", "--seconds", "1"),
    ("bench.latency", "--trials", "20"),
    ("bench.memory", "--events", "200000"),
    ("bench.scrape", "--quick"),
    ("bench.promql", "--hours", "3"),
    ("bench.database_rows", "--rows", "10000"),
    ("bench.people", "--cases", "2000", "--rounds", "3"),
    ("bench.wall_heap", "--updates", "400"),
    ("bench.screens", "--trials", "5", "--screens", "1,50"),
    ("bench.kafka", "--quick"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="some seven minutes instead of twenty-five")
    wish = parser.parse_args()
    failed = [
        command[0] for command in (QUICK if wish.quick else FULL)
        if subprocess.run([sys.executable, "-m", *command], check=False).returncode
    ]  # fmt: skip
    if failed:
        sys.exit(f"did not run: {', '.join(failed)}")


if __name__ == "__main__":
    main()
