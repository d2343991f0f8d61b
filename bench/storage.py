"""The storage-only yardstick: the very rows that measuring wrote, written again in the same transactions alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from bench.common import SETTINGS, Result, Stopwatch
from streams.measure.access import Access
from streams.measure.commit import write
from streams.measure.load import claim
from streams.measure.rows import Change

Groups = list[list[Change]]


@contextmanager
def remembering(groups: Groups) -> Iterator[None]:
    """Keep what every transaction in here writes."""
    original = Access._write

    def remember(self: Access, changes: list[Change]) -> None:
        original(self, changes)
        groups.append(changes)

    Access._write = remember  # type: ignore[method-assign,assignment]  # a benchmark may look inside
    try:
        yield
    finally:
        Access._write = original  # type: ignore[method-assign]


def store_again(engine: Engine, groups: Groups, count: int) -> Result:
    """Write the rows of all transactions into an empty database with its tables."""
    with engine.begin() as conn:
        for partition in sorted({change.partition for group in groups for change in group}):
            claim(conn, partition, SETTINGS)
    watch = Stopwatch()
    for group in groups:
        with engine.begin() as conn:
            for change in group:
                write(conn, change, SETTINGS.dead_letters_max)
    wall, cpu = watch.read()
    return {"events": count, "seconds": wall, "cpu_seconds": cpu, "per_second": count / wall}
