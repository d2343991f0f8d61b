"""Detection over all segments: takes in the minutes that DECIDE closes, gives back what it found.

A pure function of (what is stored, the closing, the hour totals): however minutes are grouped into closings, whatever
was cached and wherever it was restarted, the findings are the same. It costs what changed, not what exists.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from detectors import store
from detectors.contents import Contents
from detectors.evidence import ShareAndVolume
from detectors.lifecycle import follow
from detectors.memory import Memory
from detectors.opened import METRICS, Yardstick
from detectors.periods import enter_period
from detectors.protocol import Part
from detectors.records import Anomaly, Findings, Recovery, Update
from detectors.river_hourly import Drift
from detectors.river_models import DETECTORS
from detectors.segments import Gained, by_segment, sort_key
from detectors.settings import DetectionSettings
from detectors.silence import Told, heard_again
from detectors.telling import Hours, Telling
from detectors.watching import Seat, take
from streams.clock import MINUTE_MS, MINUTES_PER_DAY, MINUTES_PER_HOUR
from streams.records import LeafMinute, Segment
from streams.store.minutes import Kind

SHARES_MAX = 20_000


class DetectorError(ValueError):
    """The settings name a detector that does not exist."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Minutes [from_minute, to_minute) that are being closed, with absolute live totals.

    `minutes` are those of them that hold events, ordered by minute; `late` are already closed minutes whose totals
    changed, as they are now, at most 24 h old.
    """

    from_minute: int
    to_minute: int
    minutes: Sequence[LeafMinute]
    late: Sequence[LeafMinute] = ()


@dataclass(slots=True)
class _Run:
    """One closing in progress."""

    tx: Connection
    memory: Memory
    changed: set[Segment] = field(default_factory=set)
    anomalies: list[Anomaly] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    recoveries: list[Recovery] = field(default_factory=list)


class Watch:
    """Watches every segment. One instance a DECIDE process; `hours(tx, from, to)` reads hour totals [from, to).

    `contents(tx, segment, from_ms, to_ms)` reads the bad answers in [from, to): for causes, and where answers are
    watched for the content gate. None: neither.
    """

    def __init__(
        self, settings: DetectionSettings, hours: Hours, kind: Kind = "answers", contents: Contents | None = None
    ) -> None:
        unknown = [name for name in settings.detectors if name not in DETECTORS]
        if unknown:
            raise DetectorError(f"no detector is named {unknown[0]!r}; there are {', '.join(sorted(DETECTORS))}")
        self._settings = settings
        self._weighs = ShareAndVolume.name in settings.detectors
        self._hours = hours
        self._kind: Kind = kind
        self._telling = Telling(hours, contents, gate=kind == "answers")
        self._memory: Memory | None = None
        self._fresh = True  # nobody has worked out yet when whose silence is told

    def open_segments(self, tx: Connection) -> frozenset[Segment]:
        """Where something is open that has not recovered."""
        return frozenset(self._loaded(tx).open)

    def silent_segments(self, tx: Connection) -> frozenset[Segment]:
        """What has fallen silent and has not spoken since."""
        return frozenset(self._loaded(tx).silent)

    def forget_cache(self) -> None:
        """Read everything again next time: after a transaction that failed."""
        self._memory = None

    def _loaded(self, tx: Connection) -> Memory:
        if self._memory is None:
            self._memory = Memory.load(tx, self._settings.detectors, self._kind)
            self._fresh = True
        return self._memory

    def advance(self, tx: Connection, closing: Closing) -> Findings:
        """Take in a closing within the caller's transaction; nothing is committed here."""
        memory = self._loaded(tx)
        if self._fresh:
            memory.listen(closing.from_minute)
            self._fresh = False
        self._memory = None  # only kept if all goes well
        run = _Run(tx, memory)
        late = store.consume(tx, closing.minutes, closing.late, self._kind)
        self._take_late(run, closing.from_minute, late)
        self._take_minutes(run, closing)
        memory.save(tx, run.changed, self._kind)
        if closing.from_minute // MINUTES_PER_HOUR != closing.to_minute // MINUTES_PER_HOUR:
            store.forget_consumed(tx, closing.to_minute, self._kind)
        self._memory = memory
        return Findings(tuple(run.anomalies), tuple(run.updates), tuple(run.recoveries))

    def _take_minutes(self, run: _Run, closing: Closing) -> None:
        """Every minute that holds events or in which a silence may have to be told; while something is open the empty
        ones too, for that nothing comes is evidence.
        """
        due: defaultdict[int, list[LeafMinute]] = defaultdict(list)
        for row in closing.minutes:
            due[row.minute].append(row)
        busy = sorted(due)
        minute = closing.from_minute
        while minute < closing.to_minute:
            if not run.memory.open:
                place = bisect_left(busy, minute)
                look = run.memory.listening.next
                ahead = [*busy[place : place + 1], *([] if look is None else [max(minute, look)])]
                if not ahead or min(ahead) >= closing.to_minute:
                    break
                minute = min(ahead)
            self._take_minute(run, minute, minute, due.get(minute, ()))
            self._follow_open(run, minute)
            self._let_go_of_notices(run, minute)
            self._listen(run, minute)
            minute += 1

    def _take_late(self, run: _Run, minute: int, late: Sequence[LeafMinute]) -> None:
        by_minute: defaultdict[int, list[LeafMinute]] = defaultdict(list)
        for row in late:
            by_minute[row.minute].append(row)
        for own_minute in sorted(by_minute):
            self._take_minute(run, minute, own_minute, by_minute[own_minute])

    def _take_minute(self, run: _Run, minute: int, own_minute: int, rows: Sequence[LeafMinute]) -> None:
        if not rows:
            return
        memory = run.memory
        if not memory.usuals.holds(minute):
            self._learn(run, minute)
        for row in rows:
            memory.places.see(Segment(row.channel, row.stage))
        for segment, gained in by_segment(rows, memory.places).items():
            seat = memory.seat(segment)
            by = self._yardstick(memory, segment)
            parts = self._parts(memory, segment, own_minute, gained, by) if gained.places else ()
            anomaly = take(seat, minute, own_minute, gained.total, by, parts)
            run.changed.add(segment)
            if gained.total.n > 0:
                self._hear(run, seat, minute, own_minute, gained.total.n)
            if anomaly is not None:
                run.anomalies.append(self._telling.told(run.tx, seat, anomaly, by))
                memory.open.add(segment)
                seat.state.noticed = -1
                memory.noticed.discard(segment)
            elif seat.drifting and seat.state.open is None and seat.state.noticed < 0:
                self._notice_drift(run, seat, minute, by)

    def _hear(self, run: _Run, seat: Seat, minute: int, own_minute: int, n: int) -> None:
        """A segment has spoken; a silence of it is over. What a wide silence explained is silent from now on only."""
        memory, state, segment = run.memory, seat.state, seat.segment
        if state.silent >= 0:
            run.recoveries.append(heard_again(segment, state, minute, n, self._told(memory)))
            state.silent = -1
            memory.silent.discard(segment)
            for other in memory.seats.values():
                if segment in other.segment.rollups() and 0 <= other.state.spoke < minute:
                    other.state.spoke = minute
                    run.changed.add(other.segment)
        state.hear(minute, own_minute, n)
        memory.listening.hear(segment, state, memory.usuals)

    def _listen(self, run: _Run, minute: int) -> None:
        """Silences that have to be told at the end of a minute."""
        memory = run.memory
        if not memory.listening.due(minute, memory.seats, memory.usuals):
            return
        if not memory.usuals.holds(minute):  # only now: what is learned must not depend on what was looked at before
            self._learn(run, minute)

        def hours(start: int, end: int) -> Sequence[LeafMinute]:
            return self._hours(run.tx, start, end)

        for anomaly in memory.listening.look(minute, memory.seats, memory.usuals, hours, self._told(memory)):
            run.anomalies.append(anomaly)
            run.changed.add(anomaly.segment)
            memory.silent.add(anomaly.segment)

    def _told(self, memory: Memory) -> Told:
        return Told(self._settings, memory.usuals.budget, self._kind, METRICS[self._kind])

    def _notice_drift(self, run: _Run, seat: Seat, minute: int, by: Yardstick) -> None:
        """Tell of a slow rise, once; the next one is measured from here."""
        notice = self._telling.drift(run.tx, seat, minute, by)
        seat.drifting = False
        for detector in seat.detectors:
            if detector.name == Drift.name:
                detector.restart()
        if notice is not None:
            run.anomalies.append(notice)
            seat.state.noticed = minute
            run.memory.noticed.add(seat.segment)

    def _let_go_of_notices(self, run: _Run, minute: int) -> None:
        """A notice is listed for a day."""
        for segment in sorted(run.memory.noticed, key=sort_key):
            state = run.memory.seats[segment].state
            if minute - state.noticed < MINUTES_PER_DAY:
                continue
            state.noticed = -1
            run.changed.add(segment)
            run.memory.noticed.discard(segment)
            at_ms = (minute + 1) * MINUTE_MS
            run.recoveries.append(Recovery(segment, at_ms, 0, 0, 0.0, 0.0, "A notice of slow drift ends after a day."))

    def _follow_open(self, run: _Run, minute: int) -> None:
        memory = run.memory
        for segment in sorted(memory.open, key=sort_key):
            if not memory.usuals.holds(minute):
                self._learn(run, minute)
            run.changed.add(segment)
            seat, by = memory.seats[segment], self._yardstick(memory, segment)
            found = follow(seat, minute, by)
            if isinstance(found, Update):
                run.updates.append(self._telling.retold(run.tx, seat, found))
            elif found is not None:
                run.recoveries.append(found)
                memory.open.discard(segment)
            again = self._telling.told_again(run.tx, seat, minute, by)
            if again is not None:
                run.anomalies.append(again)

    def _parts(
        self, memory: Memory, segment: Segment, own_minute: int, gained: Gained, by: Yardstick
    ) -> tuple[Part, ...]:
        """What each place brought into a rollup, to be judged by that place's own usual."""
        if by.usual is None:
            return ()
        parts, hour = [], own_minute // MINUTES_PER_HOUR
        for leaf, (n, all_bad, first) in gained.places:
            key = (segment, leaf, hour)
            share = memory.shares.get(key)
            if share is None:
                usual = memory.usuals.baselines.get(leaf)
                to = by.usual
                share = to.tolerated_at(own_minute) if usual is None else to.tolerated_like(usual, own_minute)
                if len(memory.shares) >= SHARES_MAX:
                    memory.shares.clear()
                memory.shares[key] = share
            bad = max(0, first)
            parts.append(Part(max(bad, n - all_bad + first), bad, share, memory.seats[leaf].catching_up))
        return tuple(parts)

    def _yardstick(self, memory: Memory, segment: Segment) -> Yardstick:
        found = memory.yardsticks.get(segment)
        if found is None:
            usual = memory.usuals.baselines.get(segment)
            found = Yardstick(self._settings, memory.usuals.budget, usual, self._weighs, self._kind)
            memory.yardsticks[segment] = found
        return found

    def _learn(self, run: _Run, minute: int) -> None:
        """Enter a new period of baselines."""
        run.changed |= enter_period(run.tx, run.memory, self._hours, self._settings, self._kind, minute)
