"""Live = backtest: the same events bring the same incidents, however they came in and however rounds fell."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from cxwatch.backtest import Rules, Timed, run_stream
from detectors.settings import DetectionSettings
from streams.clock import HOUR_MS, MINUTE_MS
from tests.deciding.rig import ALERTS, SETTINGS, T0, Shop, answers, spike, told
from tests.measure import oracle

pytestmark = pytest.mark.slow_on_postgresql

RULES = Rules(SETTINGS, DetectionSettings(), ALERTS)


def timed(events: list[dict[str, Any]]) -> list[Timed]:
    return [Timed(e["time_ms"], oracle.raw(e)) for e in events]


async def live(shop: Shop, events: list[dict[str, Any]], seed: int, batch_max: int, delay_s: int) -> None:
    """Each event is appended up to `delay_s` after it happened, some together, and decided upon at once."""
    draw = random.Random(seed)
    arriving = sorted((e["time_ms"] + draw.randint(0, delay_s * 1_000), e["id"], e) for e in events)
    while arriving:
        size = draw.randint(1, batch_max)
        together, arriving = arriving[:size], arriving[size:]
        by_time = [a for a in together if a[0] <= together[0][0] + 5_000]  # nothing waits for the rest of a batch
        arriving = together[len(by_time) :] + arriving
        await shop.step(by_time[-1][0], [e for _, _, e in by_time])
    last = max(e["time_ms"] for e in events)
    await shop.step(last + SETTINGS.lateness_seconds * 1_000 + MINUTE_MS)


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return spike()


async def test_a_backtest_finds_the_marked_hours_and_resolves_them(events: list[dict[str, Any]]) -> None:
    (incident,) = await run_stream(timed(events), RULES)
    onset = T0 + 24 * HOUR_MS
    assert onset < incident.opened_ms < onset + HOUR_MS
    assert incident.state == "resolved"
    assert incident.resolved_ms is not None
    assert incident.resolved_ms > onset + 90 * MINUTE_MS


@pytest.mark.parametrize(("seed", "batch_max", "delay_s"), [(1, 1, 0), (2, 8, 55)])
async def test_live_opens_the_incidents_of_the_backtest(
    shop: Shop, events: list[dict[str, Any]], seed: int, batch_max: int, delay_s: int
) -> None:
    await live(shop, events, seed, batch_max, delay_s)
    assert told(shop.incidents()) == told(await run_stream(timed(events), RULES))


async def test_the_first_minutes_of_a_stream_are_like_any_other(shop: Shop) -> None:
    """Who comes first to an empty product must not make late what is within the lateness."""
    events = answers(T0, T0 + 30 * MINUTE_MS, 120, 0.9)
    await live(shop, events, seed=4, batch_max=1, delay_s=58)
    expected = await run_stream(timed(events), RULES)
    assert expected
    assert told(shop.incidents()) == told(expected)


async def test_how_minutes_are_grouped_into_rounds_changes_no_incident(
    tmp_path: Path, events: list[dict[str, Any]]
) -> None:
    """The processes differ in when they decide, and one starts anew every time."""
    found = []
    for number, every in enumerate((7, 40, 10_000)):
        (tmp_path / str(number)).mkdir()
        shop = Shop(tmp_path / str(number))
        for start in range(0, len(events), every):
            some = events[start : start + every]
            for one in some:
                shop.clock.set(one["time_ms"])
                await shop.append([one])
            await shop.measure()
            if every == 40:
                with shop.database.begin() as conn:
                    shop.decider.lease.give_up(conn)
                shop.decider = shop.new_decider()
            shop.decide()
        await shop.step(events[-1]["time_ms"] + 3 * MINUTE_MS)
        found.append(told(shop.incidents()))
        await shop.close()
    assert len(found[0]) == 1
    assert found[0] == found[1] == found[2]
