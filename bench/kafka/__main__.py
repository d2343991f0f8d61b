"""The product over Kafka and PostgreSQL beside its peers, and how it behaves there: the tables of docs/performance.md.

    python -m bench.kafka [--quick] [--events 200000] [--rounds 5] [--only table,growth,...]

A broker and a PostgreSQL of its own are started. Every case runs in a process of its own over the same records, one
after the other, several rounds; medians are shown. The clock of a case begins with the first record in hand.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass

from bench import common
from bench.kafka import growth, latency, pauses, workers
from bench.kafka.comparison import WHOLE, compared
from bench.kafka.world import World, customers, now_ms, world

PARTS = ("table", "workers", "growth", "latency", "pauses")
WHOLE_GUESS = 10_000.0  # events a second, where the table was not asked for


@dataclass(frozen=True)
class Wish:
    """How much to do."""

    events: int
    rounds: int
    quick: bool
    only: tuple[str, ...]
    top: float


def run(here: World, wish: Wish) -> None:
    """Everything that was asked for, in order."""
    top = wish.top
    if "table" in wish.only:
        top = compared(here, wish.events, wish.rounds).middle(WHOLE)
    if "workers" in wish.only:
        here.topic("shared", customers(wish.events, now_ms()))
        rows = [workers.together(here, "shared", number) for number in (1, 2)]
        ratio = rows[1]["per_second"] / rows[0]["per_second"]
        common.show("two workers against one, whole pipeline", rows, [f"{ratio:.2f} times the speed"])
    if "growth" in wish.only:
        common.show("more places, windows alone", growth.places(here, wish.events))
        sizes = (10_000, 100_000) if wish.quick else (100_000, 1_000_000)
        common.show("more customers, whole pipeline", growth.people(here, wish.events, sizes))
    if "latency" in wish.only:
        show_latency(here, top, 8.0 if wish.quick else 20.0)
    if "pauses" in wish.only:
        common.show("pauses of partitions, two workers, 400 events a second", pauses.measured(here))


def show_latency(here: World, top: float, seconds: float) -> None:
    """At two loads, and at the smaller one while a year is filled in beside it."""
    rows = [
        latency.under_load(here, "30 % of the top rate", (0.3 * top, 0.0), seconds),
        latency.under_load(here, "80 % of the top rate", (0.8 * top, 0.0), seconds),
        latency.under_load(here, "30 % live, 30 % of a year ago", (0.3 * top, 0.3 * top), seconds),
    ]
    notes = [f"top rate: {top:,.0f} events/s of the whole pipeline, the topic being full; live events are counted"]
    common.show("from the producer's call to the committed window", rows, notes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of a fifth of the events, without pauses")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help=f"some of {','.join(PARTS)}")
    parser.add_argument("--top", type=float, default=WHOLE_GUESS, help="whole pipeline, events/s, without the table")
    given = parser.parse_args()
    only = tuple(given.only.split(",")) if given.only else PARTS[: -1 if given.quick else None]
    if not set(only) <= set(PARTS):
        sys.exit(f"--only takes some of {','.join(PARTS)}")
    events, rounds = (given.events // 5, 1) if given.quick else (given.events, given.rounds)
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}", file=sys.stderr)
    with world() as here:
        run(here, Wish(events, rounds, given.quick, only, given.top))
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}", file=sys.stderr)


if __name__ == "__main__":
    main()
