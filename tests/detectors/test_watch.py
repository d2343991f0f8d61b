"""What wakes somebody, what does not, and when it is over."""

from itertools import pairwise

import pytest
from sqlalchemy import event, select

from detectors import store
from detectors.settings import DetectionSettings
from detectors.state import SEVERITIES
from detectors.watch import Closing, DetectorError, Watch
from streams.clock import MINUTE_MS
from streams.records import LeafMinute, Segment

pytestmark = pytest.mark.slow_on_postgresql

BUY, USE = ("web", "buy"), ("app", "use")
WEB_BUY = Segment(*BUY)


@pytest.fixture
def spiking(world):
    """Usual 15 % of 4 an hour; from minute 600 on 75 % of 20."""
    return world.past().answers(BUY, 0, 600, 4, 0.15).answers(BUY, 600, 1_000, 20, 0.75)


def of(findings, segment=WEB_BUY):
    return [a for a in findings.anomalies if a.segment == segment]


def test_a_spike_fires_once_within_an_hour_and_says_why_in_numbers(spiking, engine):
    (anomaly,) = of(spiking.run(engine, [0, 1_000]))
    onset = (spiking.start + 600) * MINUTE_MS
    assert onset < anomaly.detected_ms < onset + 60 * MINUTE_MS
    assert abs(anomaly.since_ms - onset) <= 30 * MINUTE_MS
    assert anomaly.page
    assert anomaly.bad >= 5
    assert "usual 1" in anomaly.reason
    assert "as rare as once in" in anomaly.reason
    assert f"{anomaly.bad}" in anomaly.reason
    assert anomaly.detectors[0] == "evidence"
    assert {"share_jump", "bad_volume"} <= set(anomaly.detectors)
    assert anomaly.curve[-1].at_ms == anomaly.detected_ms
    assert anomaly.curve[-1].weeks == pytest.approx(anomaly.evidence, rel=0.01)
    assert anomaly.evidence >= anomaly.needed > 0
    assert anomaly.character in ("jump", "volume")


@pytest.mark.long
def test_the_calm_fires_no_more_often_than_promised(new_world, new_engine):
    minutes, found = 4_000, 0
    for seed in range(12):
        world = new_world().past(seed=seed)
        for leaf in (BUY, USE, ("web", "use"), ("app", "buy")):
            world.answers(leaf, 0, minutes, 4, 0.15, seed=100 + seed)
        found += len(world.run(new_engine(), range(0, minutes + 1, 100)).anomalies)
    weeks = 12 * minutes / (7 * 1_440)
    assert found <= world.settings.false_alerts_per_week * weeks


def test_a_tenfold_volume_of_bad_answers_fires_though_the_share_stays(world, engine):
    world.past().answers(BUY, 0, 600, 4, 0.15).answers(BUY, 600, 900, 40, 0.15)
    (anomaly,) = of(world.run(engine, [0, 900]))
    assert anomaly.signal == "volume"
    assert anomaly.observed == anomaly.bad
    assert anomaly.expected_low <= anomaly.expected <= anomaly.expected_high < anomaly.observed
    assert "times the usual" in anomaly.reason


def test_ten_complaints_of_one_customer_are_one(world, engine):
    world.past()
    for minute in range(30):
        world.add(BUY, 600 + minute, n=1, bad=1, bad_first=int(minute == 0))
    assert not world.run(engine, [0, 700])


def test_it_is_over_on_evidence_of_return_and_may_then_fire_again(spiking, engine):
    spiking.answers(BUY, 1_000, 2_400, 6, 0.1).answers(BUY, 2_400, 2_600, 20, 0.8)
    found = spiking.run(engine, [0, 2_600])
    first, second = of(found)
    (recovery,) = [r for r in found.recoveries if r.segment == WEB_BUY and r.at_ms < second.detected_ms]
    assert first.detected_ms < recovery.at_ms < second.since_ms + 60 * MINUTE_MS
    assert "back to the usual" in recovery.reason


def test_silence_after_a_surge_is_evidence_of_return_too(spiking, engine):
    found = spiking.run(engine, [0, 1_000 + 24 * 60])
    assert [r.segment for r in found.recoveries if r.segment == WEB_BUY]


def test_it_is_not_over_while_it_lasts(spiking, engine):
    spiking.answers(BUY, 1_000, 4_000, 10, 0.6)
    assert WEB_BUY not in [r.segment for r in spiking.run(engine, [0, 4_000]).recoveries]


def test_updates_come_at_most_each_half_hour_and_only_get_worse(spiking, engine):
    spiking.answers(BUY, 1_000, 3_000, 30, 0.9)
    found = spiking.run(engine, [0, 3_000])
    told = [u for u in found.updates if u.segment == WEB_BUY]
    times = [of(found)[0].detected_ms, *(u.at_ms for u in told)]
    assert told
    assert all(b - a >= 30 * MINUTE_MS for a, b in pairwise(times))
    ranks = [SEVERITIES.index(u.severity) for u in told]
    assert ranks == sorted(ranks)
    assert told[-1].severity == "critical"


def test_a_rollup_that_shows_its_only_child_is_not_watched_apart(world, engine):
    world.past(leaves=(BUY,)).answers(BUY, 0, 600, 4, 0.15).answers(BUY, 600, 800, 20, 0.8)
    found = world.run(engine, [0, 800])
    assert {a.segment for a in found.anomalies} == {WEB_BUY}
    with engine.connect() as conn:
        assert WEB_BUY in store.load_states(conn)


def test_rollups_of_several_children_are_watched(world, engine):
    world.past()
    for leaf in (BUY, ("web", "use")):
        world.answers(leaf, 600, 900, 20, 0.8)
    assert Segment("web", None) in {a.segment for a in world.run(engine, [0, 900]).anomalies}


class TestColdStart:
    def test_a_guardrail_holds_where_nothing_usual_is_known(self, world, engine):
        for minute in range(0, 24, 2):
            world.add(BUY, minute, 1, 1)
        (anomaly,) = of(world.run(engine, [0, 60]))
        assert anomaly.signal == "guardrail"
        assert anomaly.expected == 0.20
        assert "assumed, no usual yet" in anomaly.reason

    def test_four_bad_of_five_wake_nobody(self, world, engine):
        for minute in range(5):
            world.add(BUY, minute, 1, int(minute > 0))
        assert not world.run(engine, [0, 60])

    def test_a_stream_that_is_simply_worse_than_assumed_is_left_alone_after_its_least_evidence(self, world, engine):
        for minute in range(0, 90):
            world.add(BUY, minute, 1, int(minute % 5 < 2))
        assert not world.run(engine, range(0, 91, 5))


class TestLate:
    def test_late_answers_count_from_their_own_minute_and_are_named(self, world, engine):
        world.past().answers(BUY, 0, 300, 4, 0.15)
        late = [LeafMinute(world.start + m, *BUY, 3, 3, 3) for m in range(240, 270, 5)]
        watch = world.watch()
        with engine.begin() as tx:
            watch.advance(tx, world.closing(0, 300))
            found = watch.advance(tx, world.closing(300, 301, late))
        (anomaly,) = of(found)
        assert anomaly.detected_ms == (world.start + 301) * MINUTE_MS
        assert anomaly.since_ms <= (world.start + 245) * MINUTE_MS
        assert "came late" in anomaly.reason

    def test_only_what_is_new_in_a_late_minute_counts(self, world, engine):
        world.past().add(BUY, 10, 4, 1)
        watch = world.watch()
        with engine.begin() as tx:
            watch.advance(tx, world.closing(0, 20))
            watch.advance(tx, world.closing(20, 21, [LeafMinute(world.start + 10, *BUY, 5, 2, 2)]))
            watch.advance(tx, world.closing(21, 22, [LeafMinute(world.start + 10, *BUY, 5, 2, 2)]))
            state = store.load_states(tx)[WEB_BUY]
        assert (sum(b.n for b in state.bins), sum(b.bad for b in state.bins), state.seen) == (5, 2, 5)

    def test_a_correction_that_takes_answers_back_is_taken_back(self, world, engine):
        world.past().add(BUY, 10, 4, 3)
        watch = world.watch()
        with engine.begin() as tx:
            watch.advance(tx, world.closing(0, 20))
            watch.advance(tx, world.closing(20, 21, [LeafMinute(world.start + 10, *BUY, 3, 0, 0)]))
            state = store.load_states(tx)[WEB_BUY]
        assert (sum(b.n for b in state.bins), sum(b.bad for b in state.bins)) == (3, 0)


class TestCost:
    def test_only_changed_segments_are_written(self, world, engine):
        world.past().add(BUY, 0, 1, 0).add(USE, 0, 1, 0).add(BUY, 5, 1, 0)
        watch, written = world.watch(), []
        with engine.begin() as tx:
            watch.advance(tx, world.closing(0, 5))

        @event.listens_for(engine, "before_cursor_execute")
        def note(conn, cursor, statement, parameters, context, executemany):
            if "detector_states" in statement and statement.startswith("INSERT"):
                rows = parameters if executemany else [parameters]
                if isinstance(parameters[0], list):  # PostgreSQL: an array a column
                    rows = list(zip(*parameters, strict=True))
                written.extend((row[1], row[2]) for row in rows)

        with engine.begin() as tx:
            watch.advance(tx, world.closing(5, 6))
            watch.advance(tx, world.closing(6, 60))
        assert sorted(written) == [("", ""), ("", "buy"), ("web", ""), ("web", "buy")]

    def test_a_busy_segments_state_stays_under_its_bound(self, world, engine):
        for minute in range(0, 1_440):
            world.add(BUY, minute, 10_000, 1_500)
        world.past(per_hour=600_000 // 1_000).run(engine, range(0, 1_441, 120))
        with engine.connect() as conn:
            sizes = [len(data) for (data,) in conn.execute(select(store.states.c.state))]
        assert 0 < max(sizes) <= store.STATE_BYTES_MAX

    def test_consumed_minutes_are_forgotten_when_nothing_can_be_late_any_more(self, world, engine):
        world.past().answers(BUY, 0, 4_000, 6, 0.1).run(engine, range(0, 4_001, 50))
        with engine.connect() as conn:
            oldest = conn.execute(select(store.consumed.c.minute).order_by(store.consumed.c.minute)).scalar()
        assert oldest >= world.start + 4_000 - store.CONSUMED_MINUTES - 50


def test_an_unknown_detector_is_named_with_those_that_exist(world):
    with pytest.raises(DetectorError, match=r"'nonsense'.*bad_volume, drift, evidence"):
        Watch(DetectionSettings(detectors=("nonsense",)), world.hours)


def test_an_empty_closing_finds_nothing_and_writes_nothing(world, engine):
    with engine.begin() as tx:
        assert not world.watch().advance(tx, Closing(10, 10, ()))
        assert store.load_states(tx) == {}
