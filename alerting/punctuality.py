"""How long messages took from when they were due until they stood where they belong, for the metrics."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from alerting.records import Subject

BOUNDS_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0)  # product time
EXAMPLES = len(BOUNDS_S) + 1  # the newest of each bucket


@dataclass(frozen=True, slots=True)
class Punctuality:
    """First posts to one sink by this process. `within` counts per bound, each including the shorter ones.

    `examples` holds, by bucket, the newest incident's number and what it took; a case's is not told.
    """

    within: tuple[int, ...]
    n: int
    seconds: float
    examples: Mapping[int, tuple[int, float]]


class DeliveryTimes:
    """Counts first posts. Written by DELIVER, read by scrapes in other threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}
        self._examples: dict[str, dict[int, tuple[int, float]]] = {}

    def observe(self, sink: str, seconds: float, about: Subject, number: int) -> None:
        """Count one message."""
        bucket = next((at for at, bound in enumerate(BOUNDS_S) if seconds <= bound), len(BOUNDS_S))
        with self._lock:
            self._buckets.setdefault(sink, [0] * EXAMPLES)[bucket] += 1
            self._seconds[sink] = self._seconds.get(sink, 0.0) + seconds
            if about == "incident":
                self._examples.setdefault(sink, {})[bucket] = (number, seconds)

    def read(self) -> dict[str, Punctuality]:
        """What was counted so far, by sink."""
        found = {}
        with self._lock:
            for sink, buckets in self._buckets.items():
                within = tuple(sum(buckets[: at + 1]) for at in range(len(BOUNDS_S)))
                examples = MappingProxyType(dict(self._examples.get(sink, {})))
                found[sink] = Punctuality(within, sum(buckets), self._seconds[sink], examples)
        return found
