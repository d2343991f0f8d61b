"""Waiting, abandonment and broken promises wake somebody, from events to the incident."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cxwatch.backtest import Rules, Timed, run_stream
from detectors.settings import DetectionSettings
from streams.clock import HOUR_MS, MINUTE_MS, rfc3339
from streams.settings import Framework, Grade, MeasureSettings, Wait
from tests.deciding.rig import ALERTS, T0
from tests.measure import oracle

FRAMEWORK = Framework(
    {"call:abandoned": Grade(-3), "call": Grade(1)}, waits={"chat": Wait(90)}, promises={"delivery": -3}
)
DAYS = 2
ONSET = T0 + DAYS * 24 * HOUR_MS
OVER = ONSET + 90 * MINUTE_MS


def waiting(bad: bool, _: int) -> dict[str, Any]:
    return {"interaction": "chat", "wait_seconds": 400 if bad else 20}


def abandoned(bad: bool, _: int) -> dict[str, Any]:
    return {"interaction": "call", "outcome": "abandoned" if bad else "solved"}


def promised(bad: bool, at_ms: int) -> dict[str, Any]:
    promised_ms = at_ms - HOUR_MS if bad else at_ms + HOUR_MS
    return {"interaction": "delivery", "promised_at": rfc3339(promised_ms), "actual_at": rfc3339(at_ms)}


def stream(of: Any, days: int = DAYS, during: int = 36) -> list[Timed]:
    """Six interactions an hour, one in ten bad; then for an hour and a half `during`, nearly all of them bad."""
    draw, found = random.Random(of.__name__), []
    before = ONSET - days * 24 * HOUR_MS
    for start, end, count, share in ((before, ONSET, days * 144, 0.1), (ONSET, OVER, during, 0.85)):
        for at in sorted(draw.randrange(start, end) for _ in range(count)):
            number = len(found)
            fields = {"type": "interaction", "channel": "phone", "stage": "support", "customer": f"c{number}"}
            fields |= of(draw.random() < share, at)
            event = {"id": f"e{number}", "source": "desk", **fields, "time_ms": at}
            found.append(Timed(at, oracle.raw(event)))
    return found


@pytest.mark.parametrize("of", [waiting, abandoned, promised])
async def test_what_took_too_long_was_given_up_or_came_late_opens_an_incident(of: Any) -> None:
    rules = Rules(MeasureSettings(framework=FRAMEWORK), DetectionSettings(), ALERTS)
    (incident,) = await run_stream(stream(of), rules)
    assert ONSET < incident.naming.detected_ms < OVER
    assert (incident.page, incident.naming.metric) == (True, "interaction")
    assert "bad interactions since" in incident.naming.reason


async def test_without_rules_they_are_contacts_whose_number_is_watched() -> None:
    events = stream(waiting, days=5, during=80)
    incidents = await run_stream(events, Rules(MeasureSettings(), DetectionSettings(), ALERTS))
    assert {incident.naming.metric for incident in incidents} == {"contact"}
