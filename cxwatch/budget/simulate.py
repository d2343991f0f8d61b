"""`cxwatch budget`: what the promise would be worth on this company's own streams, before anything is switched on.

Runs of simulated weeks (`detectors.bootstrap`) go through the same watching and reacting as DECIDE's rounds and a
backtest; only what minutes hold comes from the draw instead of from panes. Half of the runs are left as they are, so
that every page in them is a false alert; the other half get spikes, one a week and place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from alerting.settings import AlertSettings
from cxwatch.budget.run import Run
from detectors.bootstrap import Place, QuietDay, Spike
from detectors.opened import METRICS
from detectors.records import Anomaly
from detectors.settings import DetectionSettings
from streams.clock import MINUTE_MS, MINUTES_PER_DAY, MINUTES_PER_HOUR
from streams.records import LeafMinute, Segment

RUN_DAYS = 28  # simulated after what is learned from, before a new run begins
SPIKE_MINUTES = MINUTES_PER_DAY


@dataclass(frozen=True, slots=True)
class Size:
    """How big a spike is: share of bad ones up by `delta` (0..1), `times` as many of all."""

    delta: float
    times: float

    @property
    def label(self) -> str:
        """As people read it."""
        more = "" if self.times == 1 else f"x{self.times:g} "
        return f"{more}+{self.delta * 100:.0f} pp" if self.delta else f"x{self.times:g}"


SIZES = (Size(0.2, 1.0), Size(0.4, 1.0), Size(0.1, 2.0), Size(0.0, 3.0))


@dataclass(slots=True)
class Power:
    """How many spikes of one size at one place were noticed within a day, and after how long."""

    spikes: int = 0
    hours: list[float] = field(default_factory=list)
    events: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Simulated:
    """What was simulated: calm days with the pages in them, days with spikes, and what became of these."""

    calm_days: int = 0
    false: list[Segment] = field(default_factory=list)  # named by each false alert
    spike_days: int = 0
    power: defaultdict[tuple[Place, int], Power] = field(
        default_factory=lambda: defaultdict(Power)
    )  # by place in SIZES


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate: at most so many weeks of each half; `go_on(done)` is asked before every day."""

    weeks: int
    seed: int
    go_on: Callable[[float], bool]


def simulate(
    days: Sequence[QuietDay],
    usual: Mapping[Place, float],
    settings: DetectionSettings,
    alerts: AlertSettings,
    plan: Plan,
) -> Simulated:
    """Simulate in turn a calm run and one with spikes, until the plan is done or stopped.

    `usual` are the bad shares of the places that spikes are put into. Both halves get the same number of days, a day
    more or less.
    """
    result = Simulated()
    for number, calm in enumerate(_turns(plan, result)):
        run = Run(days, settings, alerts, [plan.seed, number])
        try:
            if calm:
                _calm(run, result, plan)
            else:
                _with_spikes(run, usual, result, plan, np.random.default_rng([plan.seed, number, 1]))
        finally:
            run.close()
    return result


def _turns(plan: Plan, result: Simulated) -> Iterator[bool]:
    while _left(plan, result.calm_days) or _left(plan, result.spike_days):
        if not plan.go_on(_done(plan, result)):
            return
        yield result.calm_days <= result.spike_days


def _left(plan: Plan, days: int) -> bool:
    return days < plan.weeks * 7


def _done(plan: Plan, result: Simulated) -> float:
    return (result.calm_days + result.spike_days) / (plan.weeks * 14)


def _calm(run: Run, result: Simulated, plan: Plan) -> None:
    for _ in range(RUN_DAYS):
        if not _left(plan, result.calm_days) or not plan.go_on(_done(plan, result)):
            break
        run.day((), {})
        result.calm_days += 1
    result.false += run.paged()


@dataclass(slots=True)
class _Placed:
    """A spike in a run, and what became of it so far."""

    spike: Spike
    size: int  # its place in SIZES
    events: int = 0  # at its place, until it was noticed
    caught: int | None = None  # minute

    @property
    def segment(self) -> Segment:
        return Segment(*self.spike.place[1:])


def _with_spikes(
    run: Run, usual: Mapping[Place, float], result: Simulated, plan: Plan, draw: np.random.Generator
) -> None:
    """A spike a week and place, of a size that changes from week to week, at a time drawn at random.

    One that begins while something is still open at its place is no test, and one that has not ended is none yet.
    """
    placed: list[_Placed] = []
    story: defaultdict[Segment, list[tuple[int, bool]]] = defaultdict(list)  # minute, whether something opened
    for day in range(RUN_DAYS):
        if not _left(plan, result.spike_days) or not plan.go_on(_done(plan, result)):
            break
        if day % 7 == 0:
            placed += _week(run.minute, usual, day // 7, draw)
        start = run.minute
        today = [p for p in placed if p.spike.start < start + MINUTES_PER_DAY and p.spike.end > start]
        anomalies, recoveries, rows = run.day([p.spike for p in today], usual)
        result.spike_days += 1
        for one in today:
            _follow(one, anomalies, rows[one.spike.place[0]])
        for anomaly in anomalies:
            story[anomaly.segment].append((anomaly.detected_ms // MINUTE_MS, True))
        for recovery in recoveries:
            story[recovery.segment].append((recovery.at_ms // MINUTE_MS, False))
    for one in placed:
        if one.spike.end <= run.minute and not _open_at(story[one.segment], one.spike.start):
            power = result.power[one.spike.place, one.size]
            power.spikes += 1
            if one.caught is not None:
                power.hours.append((one.caught - one.spike.start) / MINUTES_PER_HOUR)
                power.events.append(one.events)


def _follow(one: _Placed, anomalies: Iterable[Anomaly], rows: Sequence[LeafMinute]) -> None:
    """Look for the spike in what one day brought."""
    if one.caught is not None:
        return
    spike, metric = one.spike, METRICS[one.spike.place[0]]
    for anomaly in anomalies:
        at = anomaly.detected_ms // MINUTE_MS
        if (
            anomaly.segment == one.segment
            and anomaly.metric == metric
            and anomaly.page
            and spike.start < at <= spike.end
        ):
            one.caught = at
            break
    until = spike.end if one.caught is None else one.caught
    place = spike.place[1:]
    one.events += sum(row.n for row in rows if (row.channel, row.stage) == place and spike.start <= row.minute < until)


def _open_at(story: Sequence[tuple[int, bool]], minute: int) -> bool:
    before = [opened for at, opened in sorted(story) if at <= minute]
    return bool(before) and before[-1]


def _week(start: int, usual: Mapping[Place, float], turn: int, draw: np.random.Generator) -> list[_Placed]:
    """The spikes of a week; each begins in its first six days, so that it ends in time."""
    found = []
    for at, place in enumerate(sorted(usual)):
        size = (turn + at) % len(SIZES)
        if place[0] == "contacts":  # a contact has no share
            size = len(SIZES) - 1
        begin = start + int(draw.integers(6 * MINUTES_PER_DAY))
        found.append(_Placed(Spike(place, begin, begin + SPIKE_MINUTES, SIZES[size].delta, SIZES[size].times), size))
    return found
