"""What a customer lived through as a drawing: a row a channel, one event after the other, a line that changes rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from alerting.masking import mask
from alerting.text import clean
from streams.touch import Lived

LEFT, STEP, TOP, ROW = 76, 72, 80, 62
NAME_MAX = 26
LINE_MAX = 13


@dataclass(frozen=True, slots=True)
class Point:
    """One event. `mark` is "good", "bad", "basic" or "answer"; `label` what stands in it; `name` in short lines."""

    x: int
    y: int
    mark: str
    truth: bool
    label: str
    name: tuple[str, ...]
    time_ms: int
    day: str  # "17 Nov" where another day begins, else empty
    stage: str
    channel: str
    whole_name: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing; widths and heights in units of the view box."""

    width: int
    height: int
    channels: tuple[tuple[int, str], ...]
    points: tuple[Point, ...]
    path: str
    opened_x: int | None


def journey_chart(
    events: Sequence[Lived], channels: Sequence[str], opened_ms: int, day_of: Callable[[int], str]
) -> Chart | None:
    """The drawing of these events, oldest first; None where there are none."""
    if not events:
        return None
    met = {event.channel for event in events}
    rows = [channel for channel in channels if channel in met] + sorted(met - set(channels))
    days = ["", *(day_of(event.time_ms) for event in events)]
    fresh = ["" if day == before else day for before, day in pairwise(days)]
    points = tuple(_point(place, event, rows, fresh[place]) for place, event in enumerate(events))
    before = sum(event.time_ms <= opened_ms for event in events)
    return Chart(
        width=max(560, LEFT + STEP * len(events) + 20),
        height=TOP + ROW * len(rows) + 4,
        channels=tuple((TOP + ROW * place, clean(channel, 12)) for place, channel in enumerate(rows)),
        points=points,
        path="M" + "L".join(f"{point.x} {point.y}" for point in points),
        opened_x=LEFT + STEP * before if 0 < before < len(events) else None,
    )


def _point(place: int, event: Lived, rows: Sequence[str], day: str) -> Point:
    answer = event.kind == "feedback"
    mark = "answer" if answer else "bad" if event.value < 0 else "good" if event.value > 0 else "basic"
    name = f"{event.name} {event.value}" if answer else event.name
    whole = clean(mask(name.replace("_", " ")), 80)
    sign = f"+{event.value}" if event.value > 0 and not answer else str(event.value).replace("-", "\u2212")
    return Point(
        x=LEFT + STEP * place + STEP // 2,
        y=TOP + ROW * rows.index(event.channel),
        mark=f"{mark}{' bad' if answer and event.bad else ''}",
        truth=event.moment_of_truth,
        label=sign,
        name=_lines(clean(whole, NAME_MAX)),
        time_ms=event.time_ms,
        day=day,
        stage=event.stage,
        channel=event.channel,
        whole_name=whole,
    )


def _lines(name: str) -> tuple[str, ...]:
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + len(word) >= LINE_MAX:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return tuple(line[: LINE_MAX + 1] for line in lines[:2])
