"""PromQL's scores beside the product's own over the demo's day: every place, rollup, metric and window, each hour.

    python -m bench.promql [--hours 24]

Needs Debian's prometheus. The clock stands while Prometheus scrapes, so both sides speak of the same moment.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import tempfile
from pathlib import Path

import structlog

from bench import common
from bench.agreement import agreement
from bench.day import demo_day
from bench.servers import prometheus
from dashboards.rules.document import rule_file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=24)
    wish = parser.parse_args()
    program = shutil.which("prometheus")
    if program is None:
        print("PromQL beside the product: prometheus is not installed, so this is left out", file=sys.stderr)
        return
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    compared, largest, lacking = 0, 0.0, 0
    with tempfile.TemporaryDirectory(prefix="cxwatch-bench-") as folder, demo_day(Path(folder) / "day") as day:
        target, rules = day.url.removeprefix("http://"), rule_file(day.settings.boards)
        with prometheus(program, Path(folder) / "prometheus", target, rules=rules) as server:
            for _ in range(wish.hours):
                day.advance(1)
                server.caught_up()
                found = agreement(server, day.windows())
                compared += found.compared
                largest = max(largest, found.largest)
                lacking += len(found.only_in_one)
    row = {
        "hours": wish.hours,
        "numbers compared": compared,
        "only on one side": lacking,
        "largest difference": f"{largest:.1e}",
    }
    common.show("PromQL beside the product's own scores and intervals", [row])


if __name__ == "__main__":
    main()
