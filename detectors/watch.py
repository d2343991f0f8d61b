"""Detection over all segments: takes in the minutes that DECIDE closes, gives back what it found.

A pure function of (what is stored, the closing, the hour totals): however minutes are grouped into closings, whatever
was cached and wherever it was restarted, the findings are the same. It costs what changed, not what exists.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from detectors import store
from detectors.baseline import HourTotal
from detectors.budget import MAJOR, Budget
from detectors.contents import Contents, causes_since
from detectors.corroborate import agreeing, character_of
from detectors.evidence import ShareAndVolume
from detectors.gate import spam_in
from detectors.lifecycle import follow
from detectors.protocol import Detector, Part
from detectors.records import Anomaly, Findings, Recovery, Update
from detectors.river_hourly import Drift
from detectors.river_models import DETECTORS
from detectors.segments import Gained, Places, by_segment, sort_key
from detectors.settings import DetectionSettings
from detectors.state import SegmentState
from detectors.usuals import WARM_DAYS, Usuals, hours_of, learn_all, past_steps, span
from detectors.watching import Seat, Yardstick, anomaly_of, drift_of, take
from streams.clock import MINUTE_MS, MINUTES_PER_DAY, MINUTES_PER_HOUR, hour_start
from streams.records import LeafMinute, Segment
from streams.store.minutes import Kind

Hours = Callable[[Connection, int, int], Sequence[LeafMinute]]
LOOK_AGAIN_MINUTES = 30
NO_USUALS = Usuals(0, 0, Budget(0.0))


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
class _Memory:
    """What is stored, unpacked."""

    seats: dict[Segment, Seat]
    places: Places
    usuals: Usuals
    open: set[Segment]
    noticed: set[Segment] = field(default_factory=set)


@dataclass(slots=True)
class _Run:
    """One closing in progress."""

    tx: Connection
    memory: _Memory
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
        self._contents = contents
        self._memory: _Memory | None = None

    def open_segments(self, tx: Connection) -> frozenset[Segment]:
        """Where something is open that has not recovered."""
        self._memory = self._memory or self._load(tx)
        return frozenset(self._memory.open)

    def forget_cache(self) -> None:
        """Read everything again next time: after a transaction that failed."""
        self._memory = None

    def advance(self, tx: Connection, closing: Closing) -> Findings:
        """Take in a closing within the caller's transaction; nothing is committed here."""
        memory = self._memory or self._load(tx)
        self._memory = None  # only kept if all goes well
        run = _Run(tx, memory)
        late = store.consume(tx, closing.minutes, closing.late, self._kind)
        self._take_late(run, closing.from_minute, late)
        self._take_minutes(run, closing)
        self._save(run)
        if closing.from_minute // MINUTES_PER_HOUR != closing.to_minute // MINUTES_PER_HOUR:
            store.forget_consumed(tx, closing.to_minute, self._kind)
        self._memory = memory
        return Findings(tuple(run.anomalies), tuple(run.updates), tuple(run.recoveries))

    def _take_minutes(self, run: _Run, closing: Closing) -> None:
        """Every minute that holds events; the empty ones too while something is open, for silence is evidence."""
        due: defaultdict[int, list[LeafMinute]] = defaultdict(list)
        for row in closing.minutes:
            due[row.minute].append(row)
        busy = sorted(due)
        minute = closing.from_minute
        while minute < closing.to_minute:
            if not run.memory.open:
                place = bisect_left(busy, minute)
                if place == len(busy):
                    break
                minute = busy[place]
            self._take_minute(run, minute, minute, due.get(minute, ()))
            self._follow_open(run, minute)
            self._let_go_of_notices(run, minute)
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
            seat = memory.seats.get(segment) or self._seat(memory, segment, SegmentState())
            by = self._yardstick(memory, segment)
            parts = self._parts(memory, own_minute, gained, by) if gained.places else ()
            anomaly = take(seat, minute, own_minute, gained.total, by, parts)
            run.changed.add(segment)
            if anomaly is not None:
                run.anomalies.append(self._gated(run, seat, self._explained(run, seat, anomaly, by)))
                memory.open.add(segment)
                seat.state.noticed = -1
                memory.noticed.discard(segment)
            elif seat.drifting and seat.state.open is None and seat.state.noticed < 0:
                self._notice_drift(run, seat, minute, by)

    def _notice_drift(self, run: _Run, seat: Seat, minute: int, by: Yardstick) -> None:
        """Tell of a slow rise, once; the next one is measured from here."""
        end = hour_start(minute)
        rows = self._hours(run.tx, end - WARM_DAYS * MINUTES_PER_DAY, end)
        notice = drift_of(seat.segment, minute, hours_of(rows, seat.segment), by)
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

    def _gated(self, run: _Run, seat: Seat, anomaly: Anomaly) -> Anomaly:
        """The anomaly with what stands out among its bad answers; held back when they look like spam."""
        opened = seat.state.open
        if self._contents is None or opened is None:
            return anomaly
        answers = self._contents(run.tx, seat.segment, anomaly.since_ms, anomaly.detected_ms)
        if self._kind == "answers":
            reason = spam_in(answers, opened.usual_bad)
            opened.spam = reason is not None
            if reason is not None:
                return replace(anomaly, page=False, spam=reason)
        causes = causes_since(self._contents, run.tx, seat.segment, anomaly.since_ms, answers)
        return replace(anomaly, causes=causes)

    def _retold(self, run: _Run, seat: Seat, told: Update) -> Update:
        """The update with the causes of all bad answers so far: the first few say little."""
        opened = seat.state.open
        if self._contents is None or opened is None or opened.spam:
            return told
        since_ms = opened.since * MINUTE_MS
        answers = self._contents(run.tx, seat.segment, since_ms, told.at_ms)
        return replace(told, causes=causes_since(self._contents, run.tx, seat.segment, since_ms, answers))

    def _look_again(self, run: _Run, seat: Seat, minute: int, by: Yardstick) -> None:
        """Every half hour: what was held back as spam pages once its words look like customers'."""
        opened = seat.state.open
        if opened is None or not opened.spam or (minute - opened.since) % LOOK_AGAIN_MINUTES:
            return
        anomaly = self._gated(run, seat, anomaly_of(seat.segment, opened, minute, (), by))
        if anomaly.page:
            run.anomalies.append(anomaly)

    def _explained(self, run: _Run, seat: Seat, anomaly: Anomaly, by: Yardstick) -> Anomaly:
        """The anomaly with what River's detectors see in it; a critical one that none of them sees is major."""
        if by.usual is None or not by.weighs:
            return anomaly
        end = anomaly.detected_ms // MINUTE_MS - 1
        start = hour_start(end) - MINUTES_PER_DAY
        rows = self._hours(run.tx, start - WARM_DAYS * MINUTES_PER_DAY, start)
        past = past_steps(hours_of(rows, seat.segment), by.usual, start)
        since = anomaly.since_ms // MINUTE_MS
        names = agreeing(past, seat.state.bins, by.usual, since)
        severity = anomaly.severity
        if severity == "critical" and not names:
            severity = "major"
            if seat.state.open is not None:
                seat.state.open.severity = MAJOR
        character = character_of(names, by_volume=anomaly.signal == "volume")
        return replace(anomaly, detectors=(*anomaly.detectors, *names), character=character, severity=severity)

    def _follow_open(self, run: _Run, minute: int) -> None:
        memory = run.memory
        for segment in sorted(memory.open, key=sort_key):
            if not memory.usuals.holds(minute):
                self._learn(run, minute)
            run.changed.add(segment)
            found = follow(memory.seats[segment], minute, self._yardstick(memory, segment))
            if isinstance(found, Update):
                run.updates.append(self._retold(run, memory.seats[segment], found))
            elif found is not None:
                run.recoveries.append(found)
                memory.open.discard(segment)
            self._look_again(run, memory.seats[segment], minute, self._yardstick(memory, segment))

    def _parts(self, memory: _Memory, own_minute: int, gained: Gained, by: Yardstick) -> tuple[Part, ...]:
        """What each place brought into a rollup, to be judged by that place's own usual."""
        if by.usual is None:
            return ()
        parts = []
        for leaf, counts in gained.places:
            usual = memory.usuals.baselines.get(leaf)
            bad = max(0, counts.bad_first)
            share = by.usual.tolerated_at(own_minute) if usual is None else by.usual.tolerated_like(usual, own_minute)
            answers = max(bad, counts.n - counts.bad + counts.bad_first)
            parts.append(Part(answers, bad, share, memory.seats[leaf].catching_up))
        return tuple(parts)

    def _yardstick(self, memory: _Memory, segment: Segment) -> Yardstick:
        usual = memory.usuals.baselines.get(segment)
        return Yardstick(self._settings, memory.usuals.budget, usual, self._weighs, self._kind)

    def _learn(self, run: _Run, minute: int) -> None:
        """Enter a new period of baselines; segments that have a usual for the first time are shown their past."""
        memory = run.memory
        start, end = span(minute)
        frozen = {
            segment: stretches for segment, seat in memory.seats.items() if (stretches := seat.state.stretches(minute))
        }
        memory.usuals, hours = learn_all(self._hours(run.tx, start, end), minute, self._settings, frozen)
        store.save_usuals(run.tx, memory.usuals, self._kind)
        for segment in memory.usuals.baselines:
            seat = memory.seats.get(segment) or self._seat(memory, segment, SegmentState())
            if not seat.state.warmed:
                self._warm_up(seat, hours[segment], memory.usuals, minute)
                run.changed.add(segment)

    def _warm_up(self, seat: Seat, hours: Sequence[HourTotal], usuals: Usuals, minute: int) -> None:
        usual = usuals.baselines[seat.segment]
        seat.detectors = [DETECTORS[name]() for name in self._settings.detectors]
        for detector in seat.detectors:
            if not isinstance(detector, ShareAndVolume):
                detector.warm_up(past_steps(hours, usual, minute))
        seat.state.warmed = True

    def _load(self, tx: Connection) -> _Memory:
        memory = _Memory({}, Places(), store.load_usuals(tx, self._kind) or NO_USUALS, set())
        for segment, state in store.load_states(tx, self._kind).items():
            self._seat(memory, segment, state)
            if state.open is not None:
                memory.open.add(segment)
            if state.noticed >= 0:
                memory.noticed.add(segment)
        return memory

    def _seat(self, memory: _Memory, segment: Segment, state: SegmentState) -> Seat:
        detectors: list[Detector] = []
        for name in self._settings.detectors:
            version, numbers = state.detectors.get(name, (0, {}))
            detectors.append(DETECTORS[name].load(version, numbers))
        seat = memory.seats[segment] = Seat(segment, state, detectors)
        if segment.channel is not None and segment.stage is not None:
            memory.places.see(segment)
        return seat

    def _save(self, run: _Run) -> None:
        states = {}
        for segment in sorted(run.changed, key=sort_key):
            seat = run.memory.seats[segment]
            seat.state.detectors = {d.name: (d.version, d.dump()) for d in seat.detectors}
            states[segment] = seat.state
        store.save_states(run.tx, states, self._kind)
