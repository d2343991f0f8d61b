"""Simulated runs go through the code that watches live, and stop when they are told to."""

from __future__ import annotations

import random

from alerting.settings import AlertSettings
from cxwatch.budget.run import A_MONDAY, Run
from cxwatch.budget.simulate import SIZES, Plan, simulate
from detectors.bootstrap import QuietDay, Spike, quiet_days
from detectors.settings import DetectionSettings
from streams.clock import MINUTES_PER_DAY
from streams.records import LeafMinute, Segment

PLACE = ("answers", "web", "buy")
ALERTS = AlertSettings(mode="shadow")


def days() -> list[QuietDay]:
    """Two weeks of eight answers an hour, one in ten bad."""
    draw, hours = random.Random(2), []
    for at in range(14 * 24):
        bad = sum(draw.random() < 0.1 for _ in range(8))
        hours.append(LeafMinute(A_MONDAY + 60 * at, *PLACE[1:], 8, bad, bad))
    return quiet_days({"answers": hours}, {}, [A_MONDAY + day * MINUTES_PER_DAY for day in range(14)])


def test_a_spike_opens_an_incident_at_its_place_and_calm_days_open_none() -> None:
    run = Run(days(), DetectionSettings(), ALERTS, [1, 0])
    start = run.minute
    assert run.day((), {})[0] == []
    found, _, rows = run.day([Spike(PLACE, start + 1_500, start + 4_000, 0.7, 2.0)], {PLACE: 0.1})
    (anomaly,) = found
    assert anomaly.segment == Segment("web", "buy")
    assert sum(row.n for row in rows["answers"]) > 1.5 * 8 * 24
    assert run.paged() == [Segment("web", "buy")]
    run.close()


def test_it_stops_when_it_is_told_to_and_counts_only_whole_days() -> None:
    asked: list[float] = []

    def go_on(done: float) -> bool:
        asked.append(done)
        return len(asked) < 6

    result = simulate(days(), {PLACE: 0.1}, DetectionSettings(), ALERTS, Plan(4, 1, go_on))
    assert result.calm_days + result.spike_days == 4
    assert asked == sorted(asked)


def test_both_halves_get_what_was_planned_and_big_spikes_are_noticed() -> None:
    result = simulate(days(), {PLACE: 0.1}, DetectionSettings(), ALERTS, Plan(2, 1, lambda _: True))
    assert (result.calm_days, result.spike_days) == (14, 14)
    assert sum(power.spikes for power in result.power.values()) == 2
    big = result.power[PLACE, [size.delta for size in SIZES].index(0.4)]
    assert len(big.hours) == big.spikes == 1
    assert 0 < big.hours[0] <= 24
    assert big.events[0] > 5
