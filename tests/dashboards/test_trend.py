"""The main score over two weeks: every point is the score of the 24 hours before it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient

from dashboards.pages.trend_chart import BOTTOM, TOP, trend_chart
from dashboards.trend_readings import TREND_DAYS, Counts, trend
from streams.clock import HOUR_MS, MINUTE_MS
from streams.scales import score_of
from tests.support.dashboards import NOW_MS, World, build_world, busy_day

END = NOW_MS // HOUR_MS * 60
HOURS = st.dictionaries(
    st.integers(1, (TREND_DAYS + 1) * 24),
    st.dictionaries(st.integers(0, 10), st.integers(1, 9), min_size=1, max_size=4),
    max_size=40,
)


@given(ago=HOURS)
def test_every_point_is_the_score_of_the_day_before_it(ago: dict[int, Counts]) -> None:
    hours = {END - back * 60: counts for back, counts in ago.items()}
    points = trend(hours, "nps", END, 10)
    assert [point.at_ms for point in points] == [
        (END - back * 60) * MINUTE_MS for back in range(TREND_DAYS * 24, -1, -3)
    ]
    for point in points[-12:]:
        until = point.at_ms // MINUTE_MS
        total: Counts = {}
        for minute, counts in hours.items():
            if until - 24 * 60 <= minute < until:
                for score, n in counts.items():
                    total[score] = total.get(score, 0) + n
        assert point.score == score_of("nps", total, 10)


def test_a_stretch_without_answers_is_a_gap_and_everything_stays_on_the_paper() -> None:
    full: Counts = {10: 12, 8: 4, 3: 4}
    hours = {END - back * 60: full for back in (*range(1, 60), *range(200, 300))}  # three days without any
    chart = trend_chart(trend(hours, "nps", END, 10), None, None, 60.0, [((END - 100) * MINUTE_MS, 7)])
    assert chart is not None
    assert len(chart.lines) == 2
    assert chart.target_y is not None
    for path in (*chart.lines, *chart.ribbons):
        heights = [float(pair.split()[1]) for pair in path.strip("MZ").split("L")]
        assert all(TOP <= height <= BOTTOM for height in heights)
    assert [number for _, number in chart.marks] == [7]
    assert trend_chart(trend({}, "nps", END, 10), None, None, None, []) is None


def test_the_overview_draws_it_and_says_it_as_a_table(tmp_path: Path) -> None:
    world: World = build_world(tmp_path)
    busy_day(world)
    for back in range(1, 100):
        world.answers("chat", "use", {10: 6, 5: 4}, at_ms=world.clock.now_ms() - back * HOUR_MS)
    with TestClient(world.app(target=60.0)) as client:
        page = client.get("/").text
        assert "NPS over two weeks" in page
        assert "target +60" in page
        assert '<text class="began-label end"' in page
        assert "NPS über zwei Wochen" in client.get("/?lang=de").text
