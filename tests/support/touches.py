"""Touches for tests, and a plain recompute of what a customer's state must say: all in memory, loops, no cleverness."""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from streams.customers import CustomerState, Touch

HOUR = 3_600_000
DAY = 24 * HOUR
T0 = 1_795_000_000_000 // DAY * DAY  # a midnight (UTC) in 2026


def interaction(number: int, time_ms: int, grade: int | None = 1, **fields: Any) -> Touch:
    base: dict[str, Any] = {
        "time_ms": time_ms,
        "source": "shop",
        "id": f"i{number}",
        "channel": "web",
        "stage": "buy",
        "kind": "interaction",
        "name": "checkout",
        "value": grade or 0,
        "graded": grade is not None,
        "bad": (grade or 0) < 0,
        "live": True,
    }
    return Touch(**{**base, **fields})


def answer(number: int, time_ms: int, score: int = 9, **fields: Any) -> Touch:
    base: dict[str, Any] = {
        "time_ms": time_ms,
        "source": "survey",
        "id": f"f{number}",
        "channel": "web",
        "stage": "buy",
        "kind": "feedback",
        "name": "nps",
        "survey_kind": "hot",
        "value": score,
        "bad": score <= 6,
        "live": True,
    }
    return Touch(**{**base, **fields})


def revised(touch: Touch, score: int, **fields: Any) -> Touch:
    changes = {"value": score, "bad": score <= 6, "revision": touch.revision + 1, **fields}
    return msgspec.structs.replace(touch, **changes)


def fed(touches: Sequence[Touch]) -> tuple[CustomerState, Counter[Any], set[tuple[str, str]]]:
    """The state after these touches in this order, firsts per (pane, live), and (kind, flag id) of all flags."""
    state = CustomerState.new("c1")
    firsts: Counter[Any] = Counter()
    flags: set[tuple[str, str]] = set()
    for touch in touches:
        state = CustomerState.decode(state.encode())  # as between two batches
        applied = state.apply(touch, 3)
        for change in applied.firsts:
            firsts[change.key, change.live] += change.sign
        flags |= {(flag.kind, flag.flag_id) for flag in applied.flags}
    return state, +firsts, flags


def in_time(touches: Sequence[Touch]) -> list[Touch]:
    return sorted(touches, key=lambda t: (t.time_ms, t.source, t.id))


def plain_firsts(touches: Sequence[Touch]) -> Counter[Any]:
    found: Counter[Any] = Counter()
    bad = [t for t in in_time(touches) if t.bad]
    for at, touch in enumerate(bad):
        earlier = [
            other
            for other in bad[:at]
            if (other.channel, other.stage, other.kind) == (touch.channel, touch.stage, touch.kind)
            and other.time_ms > touch.time_ms - DAY
        ]
        if not earlier:
            metric = touch.name if touch.kind == "feedback" else "interaction"
            pane = (touch.time_ms // 60_000, touch.channel, touch.stage, metric, touch.survey_kind)
            found[pane, touch.live] += 1
    return found


def plain_recent(touches: Sequence[Touch]) -> list[tuple[Any, ...]]:
    ordered = sorted(touches, key=lambda t: (t.time_ms, zlib.crc32(f"{t.source}\0{t.id}".encode())))
    return [(t.time_ms, t.channel, t.stage, t.kind, t.name, t.value, t.bad, t.outcome) for t in ordered[-20:]]


def plain_grades(touches: Sequence[Touch]) -> dict[tuple[str, int], int]:
    """(stage, day) -> sum, for the 30 days up to the last event."""
    found: dict[tuple[str, int], int] = defaultdict(int)
    today = max(t.time_ms for t in touches) // DAY
    for t in touches:
        if t.kind == "interaction" and t.graded and 0 <= today - t.time_ms // DAY < 30:
            found[t.stage, t.time_ms // DAY] += t.value
    return dict(found)


def plain_scores(touches: Sequence[Touch]) -> dict[tuple[str, str], int]:
    answers = [t for t in touches if t.kind == "feedback"]
    answers.sort(key=lambda t: (t.time_ms, zlib.crc32(f"{t.source}\0{t.id}".encode())))
    return {(t.name, t.survey_kind): t.value for t in answers}


def plain_silent_due(touches: Sequence[Touch]) -> int | None:
    bad = [t.time_ms for t in touches if t.kind == "interaction" and t.bad and t.live]
    answers = [t.time_ms for t in touches if t.kind == "feedback"]
    if not bad or any(time_ms >= max(bad) for time_ms in answers):
        return None
    return max(bad) + 2 * DAY


def plain_thirds(touches: Sequence[Touch]) -> int:
    """How many flags for a third contact these touches raise when they arrive in order."""
    times: dict[Any, list[int]] = defaultdict(list)
    found = 0
    for t in sorted(touches, key=lambda t: t.time_ms):
        contact = t.kind == "interaction" and (t.contact_id is not None or t.bad or not t.graded)
        if not contact:
            continue
        seen = times[t.contact_id if t.contact_id is not None else (t.name, t.stage)]
        was = len(seen) >= 3 and seen[-1] - seen[-3] < 7 * 86_400
        seen.append(t.time_ms // 1000)
        found += len(seen) >= 3 and seen[-1] - seen[-3] < 7 * 86_400 and not was
    return found
