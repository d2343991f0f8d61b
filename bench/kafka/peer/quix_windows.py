"""Quix Streams: windows of 15 minutes by 1, by a record's key, from the topic. Runs in an environment of its own.

python quix_windows.py BROKER TOPIC GROUP EVENTS FOLDER; one line of JSON on stdout. The topic is keyed by place:
windows are by key, and keying inside Quix would send every record through a second topic.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime, timedelta
from typing import Any

from quixstreams import Application

seen = {"events": 0, "windows": 0, "began": 0.0, "wanted": 0}
APP: list[Application] = []


def when(value: Any, *_: Any) -> int:
    """Event time, ms."""
    if not seen["events"]:
        seen["began"] = time.perf_counter()
    seen["events"] += 1
    if seen["events"] == seen["wanted"]:
        APP[0].stop()  # after this one; what Quix counts itself are outputs
    return int(datetime.fromisoformat(value["time"]).timestamp() * 1_000)


def point(value: Any) -> str:
    """What is counted of an event."""
    return str(value.get("outcome") or value["score"])


def first(value: Any) -> dict[str, int]:
    """A window of one event."""
    return {point(value): 1}


def add(counts: dict[str, int], value: Any) -> dict[str, int]:
    """Count an event into a window."""
    name = point(value)
    counts[name] = counts.get(name, 0) + 1
    return counts


def out(_: Any) -> None:
    """A window came out."""
    seen["windows"] += 1


def main(broker: str, topic: str, group: str, events: str, folder: str) -> None:
    app = Application(
        broker_address=broker, consumer_group=group, auto_offset_reset="earliest", state_dir=folder, loglevel="ERROR"
    )
    APP.append(app)
    seen["wanted"] = int(events)
    frame = app.dataframe(app.topic(topic, value_deserializer="json", timestamp_extractor=when))
    hops = frame.hopping_window(
        duration_ms=timedelta(minutes=15), step_ms=timedelta(minutes=1), grace_ms=timedelta(seconds=30)
    )
    hops.reduce(add, first).final().update(out)
    app.run()
    seen["seconds"] = time.perf_counter() - seen.pop("began")
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:6])
