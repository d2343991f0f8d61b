"""The synthetic table: what each detector catches at the same rate of false alerts, and at the default budget.

`python -m bench.detection.table`; seeded, deterministic, some minutes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.detection.generator import SPIKES, Spike, stream
from bench.detection.line import DAY, path
from detectors.chance import wilson

QUIET_FROM, QUIET_DAYS = 28, 90
FALSE_A_STRETCH = 1.0  # false alerts in QUIET_DAYS: a stretch then stays under the threshold with chance exp(-1)
SPIKE_QUIET = 30
MEASURED_FROM = 20
DEFAULT = "product"
ALONE = ("evidence", "share_jump", "bad_volume")
CASES: dict[str, tuple[str, ...]] = {name: (name,) for name in ALONE}


@dataclass(frozen=True, slots=True)
class Caught:
    """Of some runs: how many within 24 h, and the events it took (all runs; inf where missed)."""

    runs: int
    within_day: int
    events: tuple[float, ...]

    @property
    def cell(self) -> str:
        """Share within a day with its 95 % interval, and the median of events."""
        low, high = wilson(self.within_day, self.runs)
        median = float(np.median(self.events))
        events = "missed" if np.isinf(median) else f"{median:.0f}"
        return f"{100 * self.within_day / self.runs:.0f} ({100 * low:.0f}..{100 * high:.0f}), {events}"


def quiet_peak(job: tuple[int, tuple[str, ...], float]) -> tuple[float, float]:
    """The highest statistic of ninety quiet days, and the updates of a week."""
    seed, detectors, per_day = job
    draw = np.random.default_rng([1, seed, int(per_day)])
    found = path(stream(draw, per_day, QUIET_FROM + QUIET_DAYS), detectors, QUIET_FROM)
    return float(found.statistic.max()), found.updates_week


def spiked(job: tuple[int, tuple[str, ...], float, Spike, tuple[float, ...]]) -> list[tuple[bool, float]]:
    """For each threshold: whether the spike was caught within a day, and after how many of its events."""
    seed, detectors, per_day, spike, thresholds = job
    draw = np.random.default_rng([2, seed, int(per_day)])
    one = stream(draw, per_day, SPIKE_QUIET, spike)
    onset = one.onset or 0
    found = path(one, detectors, MEASURED_FROM)
    results = []
    for threshold in thresholds:
        hits = found.minute[(found.minute >= onset) & (found.minute < onset + 3 * DAY) & (found.statistic >= threshold)]
        if not len(hits):
            results.append((False, float("inf")))
            continue
        events = int(((one.minute >= onset) & (one.minute <= hits[0])).sum())
        results.append((bool(hits[0] < onset + DAY), float(events)))
    return results


def caught(results: Sequence[tuple[bool, float]]) -> Caught:
    """Runs put together."""
    return Caught(len(results), sum(within for within, _ in results), tuple(events for _, events in results))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--stretches", type=int, default=120, help="quiet stretches of 90 days to calibrate on")
    parser.add_argument("--per-day", type=float, default=50)
    parser.add_argument("--detectors", nargs="*", default=list(CASES))
    options = parser.parse_args(arguments)
    head = " | ".join(spike.name for spike in SPIKES)
    print(f"{options.per_day:g} answers a day; caught within 24 h, % (95 % interval), median of events\n")
    print(f"| detector | threshold | {head} |\n| --- | --- |{' --- |' * len(SPIKES)}")
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for name in options.detectors:
            detectors = CASES[name]
            jobs = [(seed, detectors, options.per_day) for seed in range(options.stretches)]
            peaks = pool.map(quiet_peak, jobs, chunksize=4)
            values = np.array([peak for peak, _ in peaks])
            updates = float(np.mean([week for _, week in peaks]))
            thresholds = [float(np.quantile(values, np.exp(-FALSE_A_STRETCH)))]
            labels = [f"{name}, 1 false alert in 90 days"]
            if name == "evidence":
                thresholds += [updates / 0.095, updates * 40 / 1.9]
                labels += [f"{name}, default budget, alone", f"{name}, default budget, one of 40 like it"]
            rows = [
                pool.map(
                    spiked, [(s, detectors, options.per_day, spike, tuple(thresholds)) for s in range(options.runs)]
                )
                for spike in SPIKES
            ]
            for place, (label, threshold) in enumerate(zip(labels, thresholds, strict=True)):
                cells = " | ".join(caught([run[place] for run in runs]).cell for runs in rows)
                false = float((values >= threshold).mean())
                print(f"| {label} | {threshold:.3g} ({false:.2f} of stretches) | {cells} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
