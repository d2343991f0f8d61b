"""What the journey's page, the overview and the wall read about all customers: dear, so read now and then only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from dashboards.readings import Desk
from streams.clock import DAY_MS, HOUR_MS, minute_of
from streams.journeys import Journeys, journeys_of
from streams.records import WindowSnapshot
from streams.store.customers import all_customers
from streams.store.times import PlaceTimes, Traffic, read_times, read_traffic
from streams.store.windows import read_window

WINDOW_DAYS = 7
EFFORT = "ces"
Place = tuple[str, str]  # channel, stage


@dataclass(frozen=True, slots=True)
class JourneyBoard:
    """The journey over some UTC days, today's included. `effort_ok` is the answers' score by stage."""

    days: int
    journeys: Journeys
    effort_ok: Mapping[str, WindowSnapshot]
    times: Mapping[Place, PlaceTimes]
    traffic: Mapping[Place, Traffic]


async def read_journey(desk: Desk, days: int = WINDOW_DAYS) -> JourneyBoard:
    """One pass over the customers of the window, shared by everybody who looks."""
    context = desk.context

    def read(conn: Connection) -> JourneyBoard:
        now_ms, min_n = context.clock.now_ms(), context.measure.min_n
        from_ms = (now_ms // DAY_MS + 1 - days) * DAY_MS
        to_ms = (now_ms // HOUR_MS + 1) * HOUR_MS
        asked = read_window(conn, "7d", from_ms, to_ms, min_n=min_n, metric=EFFORT)
        return JourneyBoard(
            days,
            journeys_of(all_customers(conn, from_ms), now_ms, days, min_n),
            {
                row.segment.stage: row
                for row in asked
                if row.survey_kind == "hot" and row.segment.channel is None and row.segment.stage is not None
            },
            read_times(conn, minute_of(from_ms), minute_of(to_ms)),
            read_traffic(conn, minute_of(from_ms), minute_of(to_ms)),
        )

    return await desk.seldom(("journey", days), read)
