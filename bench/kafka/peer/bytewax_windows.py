"""Bytewax: windows of 15 minutes by 1, by place, from the topic. Runs in an environment of its own.

python bytewax_windows.py BROKER TOPIC; one line of JSON on stdout.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import msgspec
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, SlidingWindower, fold_window
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main


class Event(msgspec.Struct):
    """What is decoded of an event: no bounds are checked."""

    time: datetime
    channel: str
    stage: str
    metric: str = "interaction"
    score: int | None = None
    outcome: str | None = None


decode = msgspec.json.Decoder(Event).decode
seen = {"events": 0, "windows": 0, "began": 0.0}


def read(messages: list[Any]) -> list[tuple[str, tuple[datetime, str]]]:
    """Decode and key a batch."""
    if not seen["events"]:
        seen["began"] = time.perf_counter()
    seen["events"] += len(messages)
    found = []
    for message in messages:
        event = decode(message.value)
        point = event.outcome or str(event.score)
        found.append((f"{event.channel}|{event.stage}|{event.metric}", (event.time, point)))
    return found


def add(counts: dict[str, int], item: tuple[datetime, str]) -> dict[str, int]:
    """Count an event into a window."""
    counts[item[1]] = counts.get(item[1], 0) + 1
    return counts


def merge(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    """Add two windows up."""
    for point, n in other.items():
        one[point] = one.get(point, 0) + n
    return one


class Count(DynamicSink, StatelessSinkPartition):
    """Counts the windows that come out."""

    def build(self, _step_id: str, _worker_index: int, _worker_count: int) -> Count:
        """One for all."""
        return self

    def write_batch(self, items: list[Any]) -> None:
        """Some windows."""
        seen["windows"] += len(items)


def flow(broker: str, topic: str) -> Dataflow:
    """From the topic's start to its end."""
    found = Dataflow("windows")
    source = KafkaSource([broker], [topic], tail=False, batch_size=5_000)
    keyed = op.flat_map_batch("read", op.input("topic", found, source), read)
    clock = EventClock(lambda item: item[0], wait_for_system_duration=timedelta(hours=1))
    windower = SlidingWindower(
        length=timedelta(minutes=15), offset=timedelta(minutes=1), align_to=datetime(2020, 1, 1, tzinfo=UTC)
    )
    windows = fold_window("windows", keyed, clock, windower, dict, add, merge)
    op.output("out", windows.down, Count())
    return found


if __name__ == "__main__":
    run_main(flow(*sys.argv[1:3]))
    seen["seconds"] = time.perf_counter() - seen.pop("began")
    print(json.dumps(seen))
