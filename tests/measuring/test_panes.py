from __future__ import annotations

import math

import pytest
from ddsketch import DDSketch
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.panes import Pane, PaneKey, Sketch, decode_counts

SECONDS = st.floats(0, 1e6, allow_nan=False)
EVENTS = st.lists(st.tuples(st.integers(-5, 10), st.booleans(), st.booleans()), max_size=40)


def told(pane: Pane) -> tuple[object, ...]:
    return (
        pane.encode_counts(), pane.n, pane.bad, pane.bad_first, pane.live_n, pane.live_bad, pane.live_bad_first,
        pane.waits and pane.waits.to_bytes(), pane.durations and pane.durations.to_bytes(),
        pane.overruns and pane.overruns.to_bytes(),
    )  # fmt: skip


def filled(events: list[tuple[int, bool, bool]]) -> Pane:
    pane = Pane()
    for point, bad, live in events:
        pane.add(point, bad=bad, live=live)
        pane.add_times(abs(point) / 3, None, max(0, point))
    return pane


@given(events=EVENTS)
def test_a_pane_counts_points_bad_ones_and_live_ones(events):
    pane = filled(events)
    assert pane.n == len(events)
    assert decode_counts(pane.encode_counts()) == {
        point: [p for p, _, _ in events].count(point) for point, _, _ in events
    }
    assert (pane.bad, pane.live_n) == (sum(b for _, b, _ in events), sum(live for _, _, live in events))
    assert pane.live_bad == sum(b and live for _, b, live in events)


@given(events=EVENTS, cut=st.integers(0, 40), data=st.data())
def test_panes_merged_from_parts_in_any_order_are_the_same(events, cut, data):
    shuffled = data.draw(st.permutations(events))
    merged = Pane()
    for part in (shuffled[cut:], shuffled[:cut], []):
        merged.merge(filled(part))
    assert told(merged) == told(filled(events))


@given(events=EVENTS, gone=EVENTS)
def test_what_is_taken_out_again_leaves_no_trace(events, gone):
    pane, change = filled(events), Pane()
    pane.waits = None
    before = told(pane)
    for point, bad, live in gone:
        pane.add(point, bad=bad, live=live)
        pane.add_first(live, 1)
        change.add(point, bad=bad, live=live, sign=-1)
        change.add_first(live, -1)
    pane.merge(change)
    assert told(pane) == before


def test_counts_are_stored_with_points_rising():
    pane = Pane(counts={10: 1, -2: 3, 0: 2})
    assert pane.encode_counts() == '{"-2":3,"0":2,"10":1}'
    assert decode_counts(pane.encode_counts()) == {-2: 3, 0: 2, 10: 1}


def test_first_bad_ones_are_counted_apart_for_history():
    pane = Pane()
    pane.add_first(True, 1)
    pane.add_first(False, 1)
    assert (pane.bad_first, pane.live_bad_first) == (2, 1)


def test_a_pane_key_says_where_and_on_what():
    key = PaneKey(1, "web", "buy", "nps", "hot")
    assert key._replace(minute=0) == (0, "web", "buy", "nps", "hot")


@given(values=st.lists(SECONDS, min_size=1, max_size=60), share=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))
@settings(deadline=None)
def test_quantiles_are_within_one_per_cent_and_those_of_the_library(values, share):
    sketch, library = Sketch(), DDSketch(Sketch.RELATIVE_ACCURACY)
    for value in values:
        sketch.add(value)
        library.add(value if value >= Sketch.SECONDS_MIN else 0.0)
    found = sketch.quantile(share)
    assert found == pytest.approx(library.get_quantile_value(share), rel=1e-9)
    exact = sorted(values)[math.floor(share * (len(values) - 1))]
    assert found == pytest.approx(exact, rel=0.0101, abs=Sketch.SECONDS_MIN)


@given(values=st.lists(SECONDS, max_size=60), cut=st.integers(0, 60), data=st.data())
@settings(deadline=None)
def test_a_sketch_is_the_same_bytes_in_any_order_and_over_storage(values, cut, data):
    whole, merged = Sketch(), Sketch()
    for value in values:
        whole.add(value)
    shuffled = data.draw(st.permutations(values))
    for part in (shuffled[cut:], shuffled[:cut]):
        sketch = Sketch()
        for value in part:
            sketch.add(value)
        merged.merge(Sketch.from_bytes(sketch.to_bytes()))
    assert merged.to_bytes() == whole.to_bytes()
    assert merged.count == len(values)


def test_no_time_at_all_no_quantile_and_the_absurd_stays_bounded():
    sketch = Sketch()
    assert sketch.quantile(0.5) is None
    for value in (-1.0, 0.0, 1e300):
        sketch.add(value)
    assert sketch.quantile(0.0) == 0
    assert sketch.quantile(1.0) == pytest.approx(1e9, rel=0.0101)


def test_waits_and_durations_are_kept_apart_and_merge():
    one, other = Pane(), Pane()
    one.add_times(None, 60.0)
    other.add_times(5.0, 120.0)
    one.merge(other)
    one.merge(Pane())
    assert one.waits is not None
    assert one.durations is not None
    assert one.waits.quantile(0.5) == pytest.approx(5, rel=0.0101)
    assert (one.waits.count, one.durations.count) == (1, 2)
    assert other.durations is not None
    assert other.durations.count == 1
    assert one.overruns is None


def test_a_promise_is_kept_or_late_by_some_time():
    one, other = Pane(), Pane()
    one.add_times(None, None, 0.0)
    other.add_times(None, None, 7_200.0)
    one.merge(other)
    assert one.overruns is not None
    assert (one.overruns.count, one.overruns.zeros) == (2, 1)
    assert one.overruns.quantile(1.0) == pytest.approx(7_200, rel=0.0101)
