"""What the consumer is handed next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from streams.logs.protocol import Record
from streams.logs.sqlite_feed import Feed
from tests.logs.support import WAIT_S, Rig, records


@pytest.fixture
async def feed(rig: Rig) -> AsyncIterator[Feed]:
    feed = Feed(rig.log)
    feed.start(dict.fromkeys(range(rig.log.partitions), 0))
    yield feed
    feed.stop()


async def test_partitions_take_turns(rig: Rig, feed: Feed) -> None:
    await rig.log.append([Record(b"%d" % i, b"x") for i in range(60_000)])
    batches = [await feed.next(range(4), WAIT_S) for _ in range(12)]
    assert [b.partition for b in batches if b] == [0, 1, 2, 3] * 3


async def test_a_read_that_a_seek_overtook_is_done_again_from_there(rig: Rig, feed: Feed) -> None:
    (partition,) = (await rig.log.append(records(*"abcdef"))).spans
    reading = asyncio.ensure_future(feed.next([partition], WAIT_S))
    await asyncio.sleep(0)  # it is under way, from 0
    feed.seek(partition, 4)
    batch = await reading
    assert batch is not None
    assert (batch.start, batch.values) == (4, [b"e", b"f"])
    assert feed.position(partition) == 6


async def test_what_nobody_wanted_is_there_when_somebody_does(rig: Rig, feed: Feed) -> None:
    (partition,) = (await rig.log.append(records("a"))).spans
    assert await feed.next([], 0) is None
    batch = await feed.next([partition], WAIT_S)
    assert batch is not None
    assert batch.values == [b"a"]


async def test_it_waits_for_the_next_append(rig: Rig, feed: Feed) -> None:
    assert await feed.next(range(4), 0) is None
    waiting = asyncio.ensure_future(feed.next(range(4), WAIT_S))
    await asyncio.sleep(0)
    await rig.log.append(records("a"))
    batch = await waiting
    assert batch is not None
    assert batch.values == [b"a"]
