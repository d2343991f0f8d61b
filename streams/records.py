"""What leaves this room: frozen records that the rooms downstream read.

A segment is a place on the customer's journey: a channel and a stage. ``None`` in either stands for "all", so
`Segment("app", None)` is the whole app and `Segment(None, None)` everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

WindowName = Literal["15m", "1h", "24h", "7d"]
FlagKind = Literal["moment_of_truth", "detractor_comment", "third_contact", "silent_unhappy"]


class Segment(NamedTuple):
    """A channel and a stage; None means all of them."""

    channel: str | None
    stage: str | None

    def rollups(self) -> tuple[Segment, ...]:
        """The wider segments that a leaf counts into, narrowest first: the channel, the stage, everything."""
        return (Segment(self.channel, None), Segment(None, self.stage), Segment(None, None))

    @property
    def label(self) -> str:
        """How people read it: "web · buy", "app · all stages", "everywhere"."""
        if self.channel is None and self.stage is None:
            return "everywhere"
        return f"{self.channel or 'all channels'} · {self.stage or 'all stages'}"


@dataclass(frozen=True, slots=True)
class WindowSnapshot:
    """One score over one window: never without its n and its interval.

    `score`, `low` and `high` are unrounded (NPS -100..100, others 0..100) and None under the smallest n that the
    settings allow a score for. `final` says that no event can still enter but a late one.
    """

    segment: Segment
    metric: str
    survey_kind: str
    window: WindowName
    start_ms: int
    end_ms: int
    final: bool
    n: int
    counts: Mapping[int, int]
    score: float | None
    low: float | None
    high: float | None


class LeafMinute(NamedTuple):
    """What one minute of one (channel, stage) holds now, over all metrics and partitions, history left out.

    `bad_first` counts bad events that are their customer's first in this segment in 24 h, so that ten complaints
    of one customer are one unhappy customer.
    """

    minute: int
    channel: str
    stage: str
    n: int
    bad: int
    bad_first: int


@dataclass(frozen=True, slots=True)
class Flag:
    """One customer that needs attention now. `flag_id` is the same however often the event is measured."""

    flag_id: str
    kind: FlagKind
    customer: str
    partition: int
    time_ms: int
    channel: str
    stage: str
    event_source: str
    event_id: str
    severity: int  # 0-50, see cases
    reason: str  # one plain sentence, no words of the customer
