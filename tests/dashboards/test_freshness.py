from __future__ import annotations

import asyncio
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from dashboards.freshness import Gap, GapMemory, judge, usual_gap_ms
from dashboards.readings import Desk
from streams.clock import HOUR_MS, MINUTE_MS
from streams.records import LeafMinute
from tests.support.dashboards import build_world

NOON_MS = 20_000 * 24 * HOUR_MS + 12 * HOUR_MS + 30 * MINUTE_MS


def hour(days_ago: int, at: int, n: int) -> LeafMinute:
    minute = (NOON_MS // MINUTE_MS) // 1440 * 1440 - days_ago * 1440 + at * 60
    return LeafMinute(minute, "web", "buy", n, 0, 0)


def test_before_the_first_event_the_page_waits() -> None:
    assert judge(NOON_MS, None, None, 1.0).state == "waiting"


def test_two_minutes_of_silence_are_live_and_a_little_more_is_stale() -> None:
    assert judge(NOON_MS, NOON_MS - 2 * MINUTE_MS, 3_000, 1.0).state == "live"
    assert judge(NOON_MS, NOON_MS - 2 * MINUTE_MS - 1, 3_000, 1.0).state == "stale"


def test_where_events_are_rare_twenty_usual_gaps_may_pass() -> None:
    assert judge(NOON_MS, NOON_MS - 19 * MINUTE_MS, MINUTE_MS, 1.0).state == "live"
    assert judge(NOON_MS, NOON_MS - 21 * MINUTE_MS, MINUTE_MS, 1.0).state == "stale"


def test_a_demo_at_sixty_times_is_not_stale_between_two_commits() -> None:
    assert judge(NOON_MS, NOON_MS - 14 * MINUTE_MS, 2_000, 60.0).state == "live"
    assert judge(NOON_MS, NOON_MS - 16 * MINUTE_MS, 2_000, 60.0).state == "stale"


def test_an_event_ahead_of_the_clock_has_no_negative_age() -> None:
    assert judge(NOON_MS, NOON_MS + MINUTE_MS, None, 1.0).age_ms == 0


def test_the_usual_gap_is_that_of_this_time_of_day() -> None:
    hours = [hour(d, 12, 3600) for d in (1, 2)] + [hour(d, 11, 3600) for d in (1, 2)] + [hour(1, 3, 1)]
    assert usual_gap_ms(hours, NOON_MS) == 1_000


def test_of_this_hour_and_the_one_before_the_quieter_counts() -> None:
    assert usual_gap_ms([hour(1, 12, 60), hour(1, 11, 3600)], NOON_MS) == 60_000


def test_the_hour_in_progress_says_nothing_about_the_usual() -> None:
    assert usual_gap_ms([hour(0, 12, 1)], NOON_MS) is None


def test_when_data_is_back_one_line_says_so_for_a_while() -> None:
    memory = GapMemory()
    memory.observe(judge(NOON_MS, NOON_MS - 16 * MINUTE_MS, None, 1.0))
    back_ms = NOON_MS + MINUTE_MS
    seen = memory.observe(judge(back_ms, back_ms - 1_000, None, 1.0))
    assert seen.back == Gap(NOON_MS - 16 * MINUTE_MS, back_ms)
    later = back_ms + 16 * MINUTE_MS
    assert memory.observe(judge(later, later - 1_000, None, 1.0)).back is None


@given(st.integers(0, 10**13), st.integers(0, 10**13), st.none() | st.integers(0, 10**8), st.floats(0.1, 1000))
def test_what_is_older_is_never_fresher(now: int, newest: int, usual: int | None, speed: float) -> None:
    if judge(now, newest, usual, speed).state == "stale":
        assert judge(now, newest - 1, usual, speed).state == "stale"
        assert judge(now + 1, newest, usual, speed).state == "stale"


def test_a_dear_reading_rests_twenty_times_as_long_as_it_took_and_nothing_pushes_it_out(tmp_path: Path) -> None:
    world = build_world(tmp_path)
    seconds, reads = [0.0], [0]
    desk = Desk(world.context(monotonic=lambda: seconds[0]))

    def dear(_: Connection) -> int:
        reads[0] += 1
        seconds[0] += 5
        return reads[0]

    async def look() -> list[int]:
        first = await desk.seldom("journey", dear)
        for number in range(100):
            await desk.shared(number, lambda _: None)
        seconds[0] += 99
        again = await desk.seldom("journey", dear)
        seconds[0] += 2
        return [first, again, await desk.seldom("journey", dear)]

    assert asyncio.run(look()) == [1, 1, 2]
