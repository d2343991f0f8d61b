"""A plain recompute of what MEASURE must have measured: all events in memory, loops, no cleverness."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
BAD = {"nps": range(7), "csat": range(1, 3), "stars": range(1, 3), "ces": range(1, 4), "thumbs": range(1)}
LENGTH = {"15m": 15 * MINUTE, "1h": HOUR, "24h": DAY, "7d": 7 * DAY}


def event(number: int, time_ms: int, **fields: Any) -> dict[str, Any]:
    """A feedback event as JSON fields; `time_ms` stays beside it for the recompute."""
    base = {
        "id": f"e{number}",
        "source": "shop",
        "type": "feedback",
        "channel": "web",
        "stage": "buy",
        "metric": "nps",
        "score": 9,
    }
    return {**base, **fields, "time_ms": time_ms}


def raw(fields: dict[str, Any]) -> bytes:
    """The event as it stands in the log."""
    from streams.clock import rfc3339

    body = {k: v for k, v in fields.items() if k != "time_ms"}
    return json.dumps({**body, "time": rfc3339(fields["time_ms"])}).encode()


def final_answers(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One answer a (source, id): the highest revision, the first of equals."""
    kept: dict[tuple[str, str], dict[str, Any]] = {}
    for e in events:
        key = (e["source"], e["id"])
        if e["type"] == "feedback" and (key not in kept or e.get("revision", 0) > kept[key].get("revision", 0)):
            kept[key] = e
    return list(kept.values())


def windows(events: list[dict[str, Any]], now_ms: int) -> dict[tuple[Any, ...], dict[int, int]]:
    """(window, channel, stage, metric) -> counts, for all current windows and rollups."""
    found: dict[tuple[Any, ...], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for window, length in LENGTH.items():
        step = MINUTE if window in ("15m", "1h") else HOUR
        end = now_ms // step * step + step
        for e in final_answers(events):
            if end - length <= e["time_ms"] < end:
                for channel in (e["channel"], None):
                    for stage in (e["stage"], None):
                        found[window, channel, stage, e["metric"]][e["score"]] += 1
    return {key: dict(counts) for key, counts in found.items()}


def bad_first(events: list[dict[str, Any]]) -> dict[tuple[int, str, str], int]:
    """(minute, channel, stage) -> bad answers that are their customer's first there in 24 hours."""
    found: dict[tuple[int, str, str], int] = defaultdict(int)
    bad = [e for e in final_answers(events) if e["score"] in BAD[e["metric"]]]
    for e in bad:
        place = (e["channel"], e["stage"])
        earlier = [
            o
            for o in bad
            if e.get("customer")
            and o.get("customer") == e.get("customer")
            and (o["channel"], o["stage"]) == place
            and o is not e
            and (o["time_ms"], o["source"], o["id"]) < (e["time_ms"], e["source"], e["id"])
            and o["time_ms"] > e["time_ms"] - DAY
        ]
        if not earlier:
            found[e["time_ms"] // MINUTE, *place] += 1
    return dict(found)
