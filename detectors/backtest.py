"""Scoring of alerts against what people marked: how often wrong on quiet stretches, how late on events. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from streams.clock import DAY_MS, HOUR_MS
from streams.records import Segment

WEEK_MS = 7 * DAY_MS
MarkKind = Literal["quiet", "event", "ignore"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch [start_ms, end_ms) that somebody vouches for; None in channel or stage means any."""

    start_ms: int
    end_ms: int
    channel: str | None
    stage: str | None
    kind: MarkKind


@dataclass(frozen=True, slots=True)
class Alerted:
    """An alert as a person got it."""

    segment: Segment
    detected_ms: int
    page: bool = True


@dataclass(frozen=True, slots=True)
class Delay:
    """What became of a marked event: hours until the first alert about it, None when it was missed."""

    mark: Mark
    hours: float | None


@dataclass(frozen=True, slots=True)
class Score:
    """The two numbers that say whether alerts are worth waking for; the rate is None without quiet stretches."""

    false_alerts_per_week: float | None
    quiet_weeks: float
    false_alerts: int
    delays: tuple[Delay, ...]


def score(alerts: Sequence[Alerted], marks: Iterable[Mark]) -> Score:
    """Judge paging alerts by the marks.

    An alert belongs to an event when it was detected within it and its segment overlaps the event's; to a quiet
    stretch likewise, unless an event or an ignored stretch covers that moment and segment too. Quiet stretches that
    overlap count once. Alerts outside all marks are neither right nor wrong.
    """
    known = list(marks)
    paged = sorted((a for a in alerts if a.page), key=lambda a: a.detected_ms)
    excused = [mark for mark in known if mark.kind != "quiet"]
    quiet = [mark for mark in known if mark.kind == "quiet"]
    wrong = sum(1 for a in paged if _any(quiet, a) and not _any(excused, a))
    weeks = _union_ms(quiet) / WEEK_MS
    delays = []
    for mark in known:
        if mark.kind == "event":
            first = next((a.detected_ms for a in paged if _covers(mark, a)), None)
            delays.append(Delay(mark, None if first is None else (first - mark.start_ms) / HOUR_MS))
    return Score(wrong / weeks if weeks > 0 else None, weeks, wrong, tuple(delays))


def _any(marks: Iterable[Mark], alert: Alerted) -> bool:
    return any(_covers(mark, alert) for mark in marks)


def _covers(mark: Mark, alert: Alerted) -> bool:
    return (
        mark.start_ms <= alert.detected_ms < mark.end_ms
        and _meets(mark.channel, alert.segment.channel)
        and _meets(mark.stage, alert.segment.stage)
    )


def _meets(marked: str | None, alerted: str | None) -> bool:
    return marked is None or alerted is None or marked == alerted


def _union_ms(marks: Iterable[Mark]) -> int:
    total, reached = 0, None
    for mark in sorted(marks, key=lambda m: m.start_ms):
        start = mark.start_ms if reached is None else max(mark.start_ms, reached)
        total += max(0, mark.end_ms - start)
        reached = max(mark.end_ms, start)
    return total
