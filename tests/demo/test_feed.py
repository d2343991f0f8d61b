"""The feeder: nothing lost over kills, what is sent twice has the same ids, history before the live day."""

import asyncio
from pathlib import Path

import msgspec
import numpy as np
import pytest

from cxwatch.demo.feed import BATCH, DELAY_MS, HISTORY_GAP_MS, Feeder, record_of
from cxwatch.demo.volume import at_full_volume
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS, ManualClock, minute_of
from streams.logs.errors import LogBehind, LogError
from streams.logs.sqlite import SqliteLog
from streams.records import LeafMinute


class KeptLog:
    """A log in memory that outlives the feeder, and can be full."""

    def __init__(self):
        self.batches = []
        self.room = 10**9
        self.behind = 0
        self.grew = asyncio.Event()

    async def append(self, records, origin=None):
        if self.behind:
            self.behind -= 1
            raise LogBehind(1, retry_after_s=0)
        if len(self.batches) >= self.room:
            raise LogError("the disk is full", "free some space")
        self.batches.append((origin, list(records)))
        self.grew.set()

    @property
    def ids(self):
        return [msgspec.json.decode(record.value)["id"] for _, batch in self.batches for record in batch]


@pytest.fixture
def log():
    return KeptLog()


def told_ids(shop, begin, end):
    return [event["id"] for _, event in shop.events(begin, end)]


async def test_what_is_due_by_the_clock_is_fed_once_and_in_order_of_time(log, shop, tmp_path: Path):
    clock = ManualClock(shop.live_ms)
    feeder = Feeder(log, clock, shop, tmp_path / "feed.json", days=0)
    await feeder.feed_history()
    before = len(log.ids)
    for _ in range(20):
        clock.set(clock.now_ms() + 30_000)
        await feeder.feed_due()
    first = told_ids(shop, shop.live_ms, shop.live_ms + 10 * MINUTE_MS - DELAY_MS)
    assert log.ids[before:] == first
    assert await feeder.feed_due() == 0


async def test_after_a_kill_it_sends_the_last_minutes_again_and_loses_none(log, thin_shop, tmp_path: Path):
    clock = ManualClock(thin_shop.live_ms)
    end = thin_shop.live_ms + 6 * HOUR_MS
    feeder = Feeder(log, clock, thin_shop, tmp_path / "feed.json", days=0)
    await feeder.feed_history()
    fed_before = len(log.ids)
    while clock.now_ms() < end:
        clock.set(clock.now_ms() + 40 * MINUTE_MS)
        feeder = Feeder(log, clock, thin_shop, tmp_path / "feed.json", days=0)  # as after kill -9: nothing was stored
        await feeder.feed_due()
    fed = log.ids[fed_before:]
    assert set(fed) == set(told_ids(thin_shop, thin_shop.live_ms, clock.now_ms() - DELAY_MS))
    assert len(fed) > len(set(fed))


async def test_an_orderly_stop_stores_how_far_it_fed(log, thin_shop, tmp_path: Path):
    clock = ManualClock(thin_shop.live_ms + HOUR_MS)
    feeder = Feeder(log, clock, thin_shop, tmp_path / "feed.json", days=0)
    await feeder.feed_history()
    stop = asyncio.Event()
    running = asyncio.create_task(feeder.run(stop))
    log.grew.clear()
    await asyncio.wait_for(log.grew.wait(), 10)
    stop.set()
    await running
    assert Feeder(log, clock, thin_shop, tmp_path / "feed.json").fed_to_ms == clock.now_ms() - DELAY_MS


async def test_what_a_full_log_refused_is_sent_when_there_is_room(log, thin_shop, tmp_path: Path):
    clock = ManualClock(thin_shop.live_ms + 3 * HOUR_MS)
    feeder = Feeder(log, clock, thin_shop, tmp_path / "feed.json", days=0)
    await feeder.feed_history()
    log.room = len(log.batches)
    with pytest.raises(LogError, match="space"):
        await feeder.feed_due()
    log.room += 10
    await feeder.feed_due()
    live = set(told_ids(thin_shop, thin_shop.live_ms, clock.now_ms() - DELAY_MS))
    assert live
    assert live <= set(log.ids)


async def test_a_log_that_is_behind_is_waited_for(log, thin_shop, tmp_path: Path):
    log.behind = 3
    feeder = Feeder(log, ManualClock(thin_shop.live_ms), thin_shop, tmp_path / "feed.json", days=0)
    assert await feeder.feed_history() == len(log.ids) > 0


async def test_the_embedded_log_takes_it_and_keeps_a_customers_events_in_one_partition(thin_shop, tmp_path: Path):
    clock = ManualClock(thin_shop.live_ms + HOUR_MS)
    log = SqliteLog(tmp_path / "log.db", clock)
    feeder = Feeder(log, clock, thin_shop, tmp_path / "feed.json", days=0)
    fed = await feeder.feed_history() + await feeder.feed_due()
    homes = {}
    for partition in range(log.partitions):
        for raw in log.read(partition, 0, 5_000).values:
            event = msgspec.json.decode(raw)
            homes.setdefault(event.get("customer", event["id"]), set()).add(partition)
    assert sum(log.ends().values()) == fed
    assert all(len(partitions) == 1 for partitions in homes.values())
    await log.close()


async def test_the_history_ends_a_day_before_the_live_start_so_that_none_of_it_counts_as_late(
    log, shop, tmp_path: Path
):
    heard = []
    feeder = Feeder(log, ManualClock(shop.live_ms), shop, tmp_path / "feed.json", days=1, history_events=6_000)
    fed = await feeder.feed_history(heard.append)
    assert fed == len(log.ids) == len(set(log.ids))
    assert all(len(batch) <= BATCH for _, batch in log.batches)
    assert {origin for origin, _ in log.batches} == {"demo-history"}
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    times = sorted(msgspec.json.decode(record.value)["time"] for _, batch in log.batches for record in batch)
    (last,) = [at for at, _ in list(shop.history(shop.live_ms - HISTORY_GAP_MS, 1, 6_000))[-1:]]
    assert last < shop.live_ms - DAY_MS
    assert times[-1] < "2026-02-28T03:00"


async def test_a_history_that_was_cut_short_is_finished_without_a_second_start(log, shop, tmp_path: Path):
    log.room = 3
    feeder = Feeder(log, ManualClock(shop.live_ms), shop, tmp_path / "feed.json", days=1, history_events=6_000)
    with pytest.raises(LogError, match="space"):
        await feeder.feed_history()
    log.room = 1_000
    again = Feeder(log, ManualClock(shop.live_ms), shop, tmp_path / "feed.json", days=1, history_events=6_000)
    await again.feed_history()
    whole = [event["id"] for _, event in shop.history(shop.live_ms - HISTORY_GAP_MS, 1, 6_000)]
    assert set(log.ids) == set(whole)
    assert len(log.ids) <= len(whole) + 1
    assert await again.feed_history() == 0


def test_a_record_is_keyed_by_its_customer_or_else_by_its_id():
    assert record_of({"id": "1", "customer": "c"}).key == b"c"
    assert record_of({"id": "1"}).key == b"1"


def test_a_thinned_history_is_brought_to_full_volume_and_the_live_day_is_left_alone():
    live_ms = 100 * DAY_MS
    live = minute_of(live_ms)
    draw = np.random.default_rng(1)
    told = [
        LeafMinute(live - 60 * hour, "web", "buy", int(n), int(n) // 2, int(n) // 4)
        for hour, n in enumerate(draw.poisson(4.0, 14 * 24), start=1)
        if n
    ]
    today = [LeafMinute(live, "web", "buy", 4, 2, 1)]

    def hours(conn, begin, end, kind):
        return [row for row in [*told, *today] if begin <= row.minute < end]

    full = at_full_volume(hours, live_ms, 0.1)
    assert full(None, live, live + 60) == today
    past = full(None, 0, live)
    counts = np.array([row.n for row in past])
    assert abs(counts.mean() - 40) < 3
    assert abs(np.array([row.bad for row in past]).mean() - 20) < 4
    assert counts.var() / counts.mean() < 2  # ten times the counts would scatter ten times as much
    assert full(None, live - 120, live - 60) == [row for row in past if row.minute == live - 120]
    assert at_full_volume(hours, live_ms, 0.1)(None, 0, live) == past
