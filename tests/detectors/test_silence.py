"""A place that normally speaks and stopped: a notice about what feeds us, at no time of quiet that is usual."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.baseline import HourTotal
from detectors.learning import learn
from detectors.silence import LOOK_MINUTES, WEEK, due_minute, evidence, quietest
from streams.clock import MINUTE_MS
from streams.records import LeafMinute, Segment
from tests.detectors.conftest import DAY, START

BUY, USE = ("web", "buy"), ("web", "use")
WEB_BUY = Segment(*BUY)
NOON = 12 * 60
pytestmark = pytest.mark.slow_on_postgresql


def is_open(minute: int) -> bool:
    """A shop that opens at 8 and closes at 20, on Saturdays at 14, and not at all on Sundays."""
    day, of_day = (START + minute) // DAY, minute % DAY
    weekday = (day + 3) % 7
    return 480 <= of_day < (1_200 if weekday < 5 else 840 if weekday == 5 else 0)


def opened(world, leaves=(BUY,), days=28, live_days=3, per_hour=20, silent=()):
    """Answers while the shop is open, but for `silent` stretches of (leaf, from, to) in live minutes."""
    draw = random.Random(11)
    for hour in range(-days * DAY, 0, 60):
        for leaf in leaves:
            n = sum(draw.random() < 0.5 for _ in range(2 * per_hour)) if is_open(hour) else 0
            if n:
                world.history.append(LeafMinute(START + hour, *leaf, n, n // 7, n // 7))
    for minute in range(live_days * DAY):
        for leaf in leaves:
            mute = any(one == leaf and a <= minute < b for one, a, b in silent)
            if is_open(minute) and not mute and draw.random() < per_hour / 60:
                world.add(leaf, minute, 1, int(draw.random() < 0.14))
    return world


def silences(found):
    return [a for a in found.anomalies if a.signal == "silence"]


def test_a_place_that_stopped_is_noticed_in_numbers_pages_nobody_and_is_over_when_it_speaks(world, engine):
    opened(world, live_days=1, silent=[(BUY, NOON, NOON + 300)])
    found = world.run(engine, [0, DAY])
    (notice,) = silences(found)
    assert (notice.segment, notice.page, notice.operations) == (WEB_BUY, False, True)
    assert notice.since_ms <= (START + NOON) * MINUTE_MS < notice.detected_ms <= (START + NOON + 180) * MINUTE_MS
    assert (notice.observed, notice.n, notice.bad) == (0.0, 0, 0)
    assert notice.expected_low < notice.expected < notice.expected_high
    assert notice.reason.startswith("no answers since 1")
    assert "in earlier weeks at least" in notice.reason
    (again,) = [r for r in found.recoveries if r.operations]
    assert 0 <= again.at_ms - (START + NOON + 300) * MINUTE_MS <= 20 * MINUTE_MS
    assert "answers again since 17:" in again.reason


def test_nights_sundays_and_short_saturdays_are_no_silence(world, new_engine):
    assert not silences(opened(world, live_days=7, per_hour=20).run(new_engine(), [0, 7 * DAY]))


def test_a_young_stream_is_not_judged(world, engine):
    opened(world, days=9, live_days=1, silent=[(BUY, NOON, DAY)])
    assert not silences(world.run(engine, [0, DAY]))


def test_hours_that_were_silent_last_week_too_are_odd_but_no_notice(world, engine):
    opened(world, live_days=1, silent=[(BUY, NOON, DAY)])
    gone = [START + NOON - back * WEEK for back in (1, 2)]
    world.history = [row for row in world.history if not any(at <= row.minute < at + 8 * 60 for at in gone)]
    world.history += [LeafMinute(at, *USE, 1, 0, 0) for at in gone]  # something else came in, so that it is known
    world.history.sort(key=lambda row: row.minute)
    assert not silences(world.run(engine, [0, DAY]))


def test_a_wide_silence_is_told_once_and_what_speaks_a_little_later_is_not_told_at_all(world, new_engine):
    leaves = [(channel, stage) for channel in ("app", "web") for stage in ("buy", "use")]
    gap = [(leaf, NOON, NOON + 200 + 20 * at) for at, leaf in enumerate(leaves)]
    found = opened(world, leaves, live_days=1, per_hour=8, silent=gap).run(new_engine(), [0, DAY])
    (notice,) = silences(found)
    assert notice.segment == Segment(None, None)
    assert len([r for r in found.recoveries if r.operations]) == 1


def test_who_sends_in_batches_is_not_silent_between_them(world, engine):
    """What comes in at six in the evening for the whole day before is late, not lost."""
    opened(world, live_days=3)
    minutes, world.live = world.rows(0, 3 * DAY), {}
    watch, found = world.watch(), []
    for start, end in pairwise(range(0, 3 * DAY + 1, 6 * 60)):
        late = [r for r in minutes if start - 18 * 60 <= r.minute - START < start] if start % DAY == 18 * 60 else []
        with engine.begin() as tx:
            found += watch.advance(tx, world.closing(start, end, late)).anomalies
    assert not [a for a in found if a.signal == "silence"]


@pytest.mark.parametrize("step", [7, 160])
def test_how_minutes_are_grouped_and_where_it_starts_anew_changes_no_silence(world, new_world, new_engine, step):
    gap = [(BUY, NOON, NOON + 300), (USE, NOON + 100, 2 * NOON + 600)]
    opened(world, (BUY, USE), live_days=2, silent=gap)
    whole = world.run(new_engine(), [0, 2 * DAY])
    assert [a.segment for a in silences(whole)] == [WEB_BUY, Segment("web", None), Segment(*USE)]
    edges = [*range(0, 2 * DAY, step), 2 * DAY]
    assert world.run(new_engine(), edges, lambda _: world.watch()) == whole


@settings(max_examples=25)
@given(st.lists(st.integers(0, 40), min_size=40 * 24, max_size=40 * 24), st.integers(0, 3 * DAY), st.floats(5, 60))
def test_the_minute_at_which_it_is_evidence_is_that_of_counting_minute_by_minute(counts, spoke, need):
    hours = [HourTotal(START + at * 60, n, 0) for at, n in enumerate(counts) if n]
    usual = learn(hours, START + 41 * DAY, "UTC", 30)
    if usual is None or usual.answers_between(START, START + WEEK) < 4 * need:
        return
    start = START + 41 * DAY + spoke
    due = due_minute(start, usual, need)
    assert due % LOOK_MINUTES == 0
    wanted = need * (1 + 1e-6)
    assert evidence(usual.answers_between(start + 1, due + 1), usual.answers_dispersion) >= wanted - need * 2e-6
    before = due - LOOK_MINUTES
    assert evidence(usual.answers_between(start + 1, before), usual.answers_dispersion) <= wanted


@given(st.lists(st.lists(st.integers(0, 30), min_size=6, max_size=6), min_size=4, max_size=4), st.integers(0, 359))
def test_the_quietest_week_is_that_of_a_plain_recount(weeks, offset):
    start, end = START + offset, START + 360
    hours = [
        [HourTotal(START - back * WEEK + 60 * at, n, 0) for at, n in enumerate(week)]
        for back, week in enumerate(weeks, start=1)
    ]
    counts = sorted(sum(week[minute // 60] / 60 for minute in range(offset, 360)) for week in weeks)
    assert quietest(hours, start, end) == pytest.approx(counts[1])
    assert quietest([hours[0], None, None, None], start, end) is None
