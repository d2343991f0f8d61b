"""A month backtested: a million answers of 30 days in 120 segments, through the code that runs live, in seconds.

`python -m bench.detection.month [--events N]`.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import time
from collections.abc import Sequence

import numpy as np

from alerting.settings import AlertSettings
from bench.common import CHANNELS, SETTINGS, STAGES
from bench.detection.generator import START
from cxwatch.backtest import Rules, Timed, run_stream
from detectors.settings import DetectionSettings
from streams.clock import rfc3339

DAYS = 30


def events(count: int) -> list[Timed]:
    """Answers spread over the days as over a shop's, 15 % bad, by 200,000 customers."""
    draw = np.random.default_rng(5)
    hour = np.arange(DAYS * 24)
    mean = 1 + 0.7 * np.sin(2 * np.pi * (hour % 24 - 8) / 24)
    at = draw.choice(hour, count, p=mean / mean.sum()) * 3_600_000 + draw.integers(0, 3_600_000, count)
    at.sort()
    bad = draw.random(count) < 0.15
    place = draw.integers(0, len(CHANNELS) * len(STAGES), count)
    who = draw.integers(0, 200_000, count)
    found = []
    for number in range(count):
        time_ms = START * 60_000 + int(at[number])
        channel, stage = CHANNELS[place[number] % len(CHANNELS)], STAGES[place[number] // len(CHANNELS)]
        raw = (
            f'{{"id":"m{number}","source":"bench","time":"{rfc3339(time_ms)}","type":"feedback","metric":"nps",'
            f'"score":{2 if bad[number] else 9},"customer":"u{who[number]}","channel":"{channel}","stage":"{stage}"}}'
        )
        found.append(Timed(time_ms, raw.encode()))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    options = parser.parse_args(arguments)
    stream = events(options.events)
    before, cpu = time.perf_counter(), time.process_time()
    found = asyncio.run(run_stream(stream, Rules(SETTINGS, DetectionSettings(), AlertSettings(mode="shadow"))))
    wall, spent = time.perf_counter() - before, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{options.events:,} events, {DAYS} days, 120 segments: {wall:.0f} s ({spent:.0f} s of CPU), "
        f"{1e6 * spent / options.events:.0f} us an event, {memory} MB; {len(found)} incidents in a calm month"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
