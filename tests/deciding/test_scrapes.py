"""What a scrape keeps for the next one changes no number: each is equal to the first of a process that just started."""

from __future__ import annotations

import json
import random
from collections.abc import Collection
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dashboards.collector import CxMetrics
from dashboards.context import DashboardContext
from dashboards.outcomes import by_outcome, outcome_label
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS
from streams.scales import scale_named
from streams.settings import MeasureSettings
from streams.signal import Signal
from streams.store.windows import read_windows
from tests.deciding.rig import T0, Shop
from tests.measure import oracle

SMALL = MeasureSettings(channels=("web", "app"), stages=("buy", "deliver"))
pytestmark = pytest.mark.slow_on_postgresql
Numbers = dict[tuple[Any, ...], float]


def metrics(shop: Shop, owned: Collection[int] | None = None) -> CxMetrics:
    context = DashboardContext(
        engine=shop.database, clock=shop.clock, measure=SMALL, signal=Signal(), owned=lambda: owned
    )
    return CxMetrics(context)


def numbers(scraped: CxMetrics) -> Numbers:
    """Everything that is counted from panes."""
    text, _ = scraped.scrape()
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if sample.name in ("cx_window_responses", "cx_place_standing", "cx_stale_after_seconds")
    }


def windows(found: Numbers) -> Numbers:
    return {key: n for key, n in found.items() if key[0] == "cx_window_responses" and n}


def plainly(shop: Shop, owned: Collection[int] | None = None) -> Numbers:
    """The same windows as the API reads them."""
    found: Numbers = {}
    with shop.database.connect() as conn:
        for row in read_windows(conn, shop.clock.now_ms(), min_n=1, partitions=owned):
            if None in row.segment:
                continue
            for outcome, n in by_outcome(scale_named(row.metric), row.counts).items():
                labels = {
                    "channel": row.segment.channel,
                    "stage": row.segment.stage,
                    "metric": row.metric,
                    "survey_kind": row.survey_kind,
                    "window": row.window,
                    "outcome": outcome_label(row.metric, outcome),
                }
                if n:
                    found["cx_window_responses", *sorted(labels.items())] = n
    return found


def events(draw: random.Random, start_ms: int, first: int, now_ms: int) -> list[dict[str, Any]]:
    """Mostly of the last hour, some late by days, some corrections of what came before."""
    found = []
    for number in range(first, first + 12):
        late = draw.choice((MINUTE_MS, HOUR_MS, HOUR_MS, 2 * DAY_MS, 12 * DAY_MS))
        event = oracle.event(
            number, max(start_ms, now_ms - draw.randrange(late)), score=draw.randrange(1, 6),
            metric=draw.choice(("nps", "csat", "ces")), customer=f"c{number % 30}",
            channel=draw.choice(("web", "app")), stage=draw.choice(("buy", "deliver")),
        )  # fmt: skip
        found.append(event)
        if draw.random() < 0.3:
            found.append({**event, "revision": 1, "score": draw.randrange(1, 6)})
    return found


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
async def test_a_scrape_equals_the_first_of_a_new_process_and_the_apis_windows(shop: Shop, seed: int) -> None:
    draw, kept, of_one = random.Random(seed), metrics(shop), metrics(shop, {1})
    now_ms = T0 + 20 * DAY_MS
    for step in range(12):
        before_ms = now_ms
        now_ms += draw.choice((10_000, MINUTE_MS, 20 * MINUTE_MS, HOUR_MS, DAY_MS))
        shop.clock.set(now_ms)
        if draw.random() < 0.8:
            await shop.append(events(draw, T0, 100 * step, now_ms))
            await shop.measure()
        found = numbers(kept)
        fresh = numbers(metrics(shop))
        assert windows(found) == windows(fresh)
        if before_ms // HOUR_MS < now_ms // HOUR_MS or not step:  # what is usual is worked out once an hour
            assert found == fresh
        assert windows(found) == plainly(shop)
        assert windows(numbers(of_one)) == plainly(shop, {1})


async def test_a_database_in_the_place_of_another_is_read_anew(shop: Shop) -> None:
    kept = metrics(shop)
    await shop.step(T0 + HOUR_MS, [oracle.event(n, T0 + HOUR_MS - MINUTE_MS, score=9) for n in range(5)])
    assert sum(windows(numbers(kept)).values()) == 20
    with shop.database.begin() as conn:  # as a restored backup: fewer commits, other counts
        conn.exec_driver_sql("UPDATE partitions SET commits = 0")
        for table in ("panes", "hour_panes"):
            conn.exec_driver_sql(f"UPDATE {table} SET counts = '{json.dumps({'9': 1})}'")
    assert windows(numbers(kept)) == plainly(shop)


async def test_names_of_places_may_hold_anything_and_what_is_not_configured_is_other(shop: Shop) -> None:
    odd = 'a "quoted\\ %d'
    kept = metrics(shop)
    await shop.step(T0 + HOUR_MS, [oracle.event(1, T0 + HOUR_MS - MINUTE_MS, score=9)])
    with shop.database.begin() as conn:
        conn.exec_driver_sql("UPDATE panes SET channel = 'gone'")
        conn.exec_driver_sql("UPDATE hour_panes SET channel = 'gone'")
    (at_other, *_) = [dict(key[1:]) for key in windows(numbers(kept))]
    assert (at_other["channel"], at_other["stage"]) == ("other", "buy")
    context = DashboardContext(
        engine=shop.database, clock=shop.clock, signal=Signal(),
        measure=MeasureSettings(channels=(odd,), stages=("b\nc",)),
    )  # fmt: skip
    found = numbers(CxMetrics(context))
    assert {dict(key[1:])["channel"] for key in found if key[0] == "cx_window_responses"} == {odd, "other"}
    assert {dict(key[1:])["stage"] for key in found if key[0] == "cx_window_responses"} == {"b\nc", "other"}
