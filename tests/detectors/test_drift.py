"""Slow drift: a notice for the morning, never a page."""

import pytest

from detectors.settings import DetectionSettings
from streams.clock import MINUTE_MS
from streams.records import Segment
from tests.detectors.conftest import DAY

BUY = ("web", "buy")
DAYS = 32
pytestmark = pytest.mark.slow_on_postgresql


def rising(world):
    """Eight tenths of a point a day from the tenth day on."""
    world.past(leaves=(BUY,))
    for day in range(DAYS):
        world.answers(BUY, day * DAY, (day + 1) * DAY, 3, 0.15 + 0.008 * max(0, day - 10))
    return world


def test_a_rise_over_weeks_is_noticed_once_in_numbers_and_pages_nobody(world, new_engine):
    edges = [*range(0, DAYS * DAY, 8 * DAY), DAYS * DAY]
    found = rising(world).run(new_engine(), edges)
    (notice,) = [a for a in found.anomalies if a.signal == "drift"]
    assert not notice.page
    assert (notice.segment, notice.character) == (Segment(*BUY), "drift")
    assert notice.reason.startswith("slowly rising: ")
    assert notice.expected < notice.observed
    assert world.run(new_engine(), edges, lambda _: world.watch()) == found
    ended = [r for r in found.recoveries if "slow drift" in r.reason]
    assert all(r.at_ms - notice.detected_ms >= DAY * MINUTE_MS for r in ended)


def test_who_does_not_choose_it_hears_nothing_of_it(world, engine):
    world.settings = DetectionSettings(detectors=("evidence",))
    assert not [a for a in rising(world).run(engine, [0, DAYS * DAY]).anomalies if a.signal == "drift"]
