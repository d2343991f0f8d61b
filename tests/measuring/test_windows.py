from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.records import Segment, WindowName
from streams.scales import ScaleError
from streams.windows import WINDOWS, bounds, snapshots

MIN_N = 10


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("window", "now", "start", "end"),
    [
        ("15m", "2026-11-17T15:42:30.500", "2026-11-17T15:28", "2026-11-17T15:43"),
        ("1h", "2026-11-17T15:42:30.500", "2026-11-17T14:43", "2026-11-17T15:43"),
        ("24h", "2026-11-17T15:42:30.500", "2026-11-16T16:00", "2026-11-17T16:00"),
        ("7d", "2026-11-17T15:42:30.500", "2026-11-10T16:00", "2026-11-17T16:00"),
        ("15m", "2026-11-17T15:42:00.000", "2026-11-17T15:28", "2026-11-17T15:43"),
        ("24h", "2026-11-17T15:59:59.999", "2026-11-16T16:00", "2026-11-17T16:00"),
        ("24h", "2026-11-17T16:00:00.000", "2026-11-16T17:00", "2026-11-17T17:00"),
    ],
)
def test_a_window_ends_with_the_minute_or_hour_in_progress(window: WindowName, now, start, end):
    assert bounds(window, at(now)) == (at(start), at(end))


@given(now=st.integers(-(10**13), 10**13), window=st.sampled_from(list(WINDOWS)))
def test_now_is_always_inside_and_panes_fit_the_bounds(now: int, window: WindowName):
    start, end = bounds(window, now)
    assert start < end - WINDOWS[window].step_ms <= now < end
    assert end - start == WINDOWS[window].length_ms
    assert start % WINDOWS[window].step_ms == end % WINDOWS[window].step_ms == 0


ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(["web", "app"]),
        st.sampled_from(["buy", "use"]),
        st.sampled_from(["nps", "csat", "interaction", "contact"]),
        st.sampled_from(["hot", "cold"]),
        st.integers(1, 5),
    ),
    max_size=60,
)


@given(answers=ANSWERS, data=st.data())
@settings(deadline=None)
def test_every_place_and_rollup_counts_what_a_plain_recompute_counts(answers, data):
    panes = Counter(data.draw(st.permutations(answers)))
    leaves = [(Segment(c, s), m, k, {point: n}) for (c, s, m, k, point), n in panes.items()]
    found = snapshots(leaves, "1h", 0, 3_600_000, False, MIN_N)
    expected: dict[tuple[object, ...], list[int]] = {}
    for channel in ("web", "app", None):
        for stage in ("buy", "use", None):
            for metric in ("nps", "csat"):
                for kind in ("hot", "cold"):
                    points = [
                        point
                        for c, s, m, k, point in answers
                        if channel in (c, None) and stage in (s, None) and (m, k) == (metric, kind)
                    ]
                    if points:
                        expected[channel, stage, metric, kind] = points
    assert {(*s.segment, s.metric, s.survey_kind): s.counts for s in found} == {
        key: dict(Counter(points)) for key, points in expected.items()
    }
    for snapshot in found:
        points = expected[(*snapshot.segment, snapshot.metric, snapshot.survey_kind)]
        assert snapshot.n == len(points)
        if snapshot.n < MIN_N:
            assert snapshot.score is None
        elif snapshot.metric == "csat":
            assert snapshot.score == pytest.approx(100 * sum(p >= 4 for p in points) / len(points))
        else:
            assert snapshot.score == -100  # 1-5 are all detractors
    assert snapshots(leaves[::-1], "1h", 0, 3_600_000, False, MIN_N) == found


def test_quiet_is_no_data_not_zero():
    assert snapshots([], "15m", 0, 900_000, True, MIN_N) == []
    assert snapshots([(Segment("web", "buy"), "nps", "hot", {})], "15m", 0, 900_000, True, MIN_N) == []
    assert snapshots([(Segment("web", "buy"), "nps", "hot", {9: 0})], "15m", 0, 900_000, True, MIN_N) == []


def test_everything_comes_first_then_rollups_then_places():
    leaves = [(Segment(c, "buy"), "nps", "hot", {9: 1}) for c in ("web", "app")]
    segments = [tuple(s.segment) for s in snapshots(leaves, "15m", 0, 900_000, True, MIN_N)]
    assert segments == [(None, None), (None, "buy"), ("app", None), ("app", "buy"), ("web", None), ("web", "buy")]


def test_a_snapshot_carries_its_bounds_and_whether_it_can_still_change():
    (first, *_) = snapshots([(Segment("web", "buy"), "stars", "cold", {5: 10})], "24h", 7, 8, True, MIN_N)
    assert (first.window, first.start_ms, first.end_ms, first.final, first.survey_kind) == ("24h", 7, 8, True, "cold")
    assert (first.score, first.high) == (100.0, 100.0)


def test_a_pane_of_a_scale_that_nobody_knows_is_an_error_not_a_number():
    with pytest.raises(ScaleError):
        snapshots([(Segment("web", "buy"), "mood", "hot", {1: 1})], "15m", 0, 1, True, MIN_N)
