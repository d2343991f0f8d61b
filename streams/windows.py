"""Windows: scores over 15 min, 1 h, 24 h and 7 d of event time, per place and for its rollups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS
from streams.panes import CONTACT, INTERACTION
from streams.records import Segment, WindowName, WindowSnapshot
from streams.scales import score_of

Leaf = tuple[Segment, str, str, Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """How long a window is, and whether it slides by the minute or by the hour (UTC)."""

    length_ms: int
    step: Literal["minute", "hour"]

    @property
    def step_ms(self) -> int:
        """The step in milliseconds."""
        return MINUTE_MS if self.step == "minute" else HOUR_MS


WINDOWS: Mapping[WindowName, WindowSpec] = MappingProxyType(
    {
        "15m": WindowSpec(15 * MINUTE_MS, "minute"),
        "1h": WindowSpec(HOUR_MS, "minute"),
        "24h": WindowSpec(DAY_MS, "hour"),
        "7d": WindowSpec(7 * DAY_MS, "hour"),
    }
)


def bounds(window: WindowName, now_ms: int) -> tuple[int, int]:
    """Start (included) and end (not included): it ends with the minute or hour in progress at `now_ms`."""
    spec = WINDOWS[window]
    end_ms = (now_ms // spec.step_ms + 1) * spec.step_ms
    return end_ms - spec.length_ms, end_ms


def snapshots(
    panes: Iterable[Leaf], window: WindowName, start_ms: int, end_ms: int, final: bool, min_n: int
) -> list[WindowSnapshot]:
    """Scores of the leaves (segment, metric, survey kind, counts) of one window, and of their rollups.

    The caller has picked the panes of [start_ms, end_ms); leaves may repeat. Sorted by segment (all before one),
    metric and survey kind. What holds no answer is left out: quiet is no data, not zero. Interactions are not
    answers and are skipped; hot and cold answers, and scales, never share a score.
    """
    sums: dict[tuple[Segment, str, str], dict[int, int]] = {}
    for segment, metric, kind, counts in panes:
        if metric not in (INTERACTION, CONTACT):
            _count(sums.setdefault((segment, metric, kind), {}), counts)
    for (segment, metric, kind), counts in list(sums.items()):
        for wider in segment.rollups():
            _count(sums.setdefault((wider, metric, kind), {}), counts)
    found: list[WindowSnapshot] = []
    for place, metric, kind in sorted(sums, key=_order):
        counts = {point: count for point, count in sorted(sums[place, metric, kind].items()) if count}
        score = score_of(metric, counts, min_n)
        if score.n > 0:
            found.append(
                WindowSnapshot(
                    segment=place,
                    metric=metric,
                    survey_kind=kind,
                    window=window,
                    start_ms=start_ms,
                    end_ms=end_ms,
                    final=final,
                    n=score.n,
                    counts=counts,
                    score=score.value,
                    low=score.low,
                    high=score.high,
                )
            )
    return found


def _count(into: dict[int, int], counts: Mapping[int, int]) -> None:
    for point, count in counts.items():
        into[point] = into.get(point, 0) + count


def _order(key: tuple[Segment, str, str]) -> tuple[bool, str, bool, str, str, str]:
    (channel, stage), metric, kind = key
    return channel is not None, channel or "", stage is not None, stage or "", metric, kind
