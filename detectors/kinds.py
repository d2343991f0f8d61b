"""All that is watched: answers, graded interactions and contacts, each by a `Watch` of its own, told as one.

A spike often shows in several of them at one place. Only one of them is told there at a time, the first; the place is
back to usual when all of them are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Protocol

from sqlalchemy import Connection

from detectors.contents import bad_answers
from detectors.opened import METRICS
from detectors.records import Anomaly, Findings, Recovery, Update
from detectors.settings import DetectionSettings
from detectors.watch import Closing, Watch
from streams.records import LeafMinute, Segment
from streams.store.minutes import KINDS, Kind

BUDGET: Mapping[Kind, float] = {"answers": 0.5, "interactions": 0.3, "contacts": 0.2}  # parts of the promise


def kind_of(metric: str | None) -> Kind:
    """What an anomaly of that metric is about; an unknown one is about answers."""
    return next((kind for kind, name in METRICS.items() if name is not None and name == metric), "answers")


def part_of(settings: DetectionSettings, kind: Kind) -> DetectionSettings:
    """The settings of one kind: its part of the promise."""
    return replace(settings, false_alerts_per_week=settings.false_alerts_per_week * BUDGET[kind])


class HoursOfKind(Protocol):
    """Reads hour totals in [from, to) of one kind."""

    def __call__(
        self, conn: Connection, from_minute: int, to_minute: int, kind: Kind = "answers"
    ) -> Sequence[LeafMinute]: ...


class Watches:
    """Watches every kind. One instance a DECIDE process."""

    def __init__(self, settings: DetectionSettings, hours: HoursOfKind) -> None:
        self._watches = {
            kind: Watch(part_of(settings, kind), partial(hours, kind=kind), kind, bad_answers) for kind in KINDS
        }

    def forget_cache(self) -> None:
        """Read everything again next time: after a transaction that failed."""
        for watch in self._watches.values():
            watch.forget_cache()

    def advance(self, tx: Connection, closings: Mapping[Kind, Closing]) -> Findings:
        """Take in the closing of the same minutes of every kind."""
        before = {kind: watch.open_segments(tx) for kind, watch in self._watches.items()}
        silent = {kind: watch.silent_segments(tx) for kind, watch in self._watches.items()}
        return told_as_one(before, {kind: self._watches[kind].advance(tx, closings[kind]) for kind in KINDS}, silent)


def told_as_one(
    before: Mapping[Kind, frozenset[Segment]],
    found: Mapping[Kind, Findings],
    silent: Mapping[Kind, frozenset[Segment]] = MappingProxyType({}),
) -> Findings:
    """Findings of all kinds in order of time, one open anomaly a segment and one silence beside it.

    `before` is where each kind was open, `silent` where it had fallen silent.
    """
    open_at: defaultdict[tuple[Segment, bool], list[Kind]] = defaultdict(list)  # who is told comes first
    for kind in KINDS:
        for segment in before[kind]:
            open_at[segment, False].append(kind)
        for segment in silent.get(kind, ()):
            open_at[segment, True].append(kind)
    anomalies: list[Anomaly] = []
    updates: list[Update] = []
    recoveries: list[Recovery] = []
    for kind, one in _in_order(found):
        kinds = open_at[one.segment, not isinstance(one, Update) and one.operations]
        if isinstance(one, Anomaly):
            if not kinds or (kinds == [kind] and not one.spam):  # held back as spam before, and not any more
                anomalies.append(one)
            if one.signal != "drift" and kind not in kinds:  # a notice holds no place
                kinds.append(kind)
        elif isinstance(one, Update):
            if len(kinds) < 2 or kinds[0] == kind:
                updates.append(one)
        else:
            if kind in kinds:
                kinds.remove(kind)
            if not kinds:
                recoveries.append(one)
    return Findings(tuple(anomalies), tuple(updates), tuple(recoveries))


def _in_order(found: Mapping[Kind, Findings]) -> list[tuple[Kind, Anomaly | Update | Recovery]]:
    def when(pair: tuple[Kind, Anomaly | Update | Recovery]) -> int:
        one = pair[1]
        return one.detected_ms if isinstance(one, Anomaly) else one.at_ms

    every: list[tuple[Kind, Anomaly | Update | Recovery]] = []
    for kind in KINDS:
        every += [(kind, one) for one in found[kind].anomalies]
        every += [(kind, one) for one in found[kind].updates]
        every += [(kind, one) for one in found[kind].recoveries]
    return sorted(every, key=when)
