"""The log through Faust: what an agent sees, from where, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path

import pytest
from faust.types import TP

from streams.logs.errors import LogError
from streams.logs.faust_app import BUFFERED_BATCHES, seek
from streams.logs.protocol import TOPIC, Packed, Record
from tests.logs.support import RecordingOwner, Rig, Seen, appender, records, until


async def test_an_agent_sees_every_record_once_those_from_before_and_those_that_come(rig: Rig) -> None:
    seen = Seen()
    await rig.log.append([Record(b"%d" % i, b"%d" % i) for i in range(100)])
    await rig.run(seen)
    for i in range(100, 130):
        await rig.log.append([Record(b"%d" % i, b"%d" % i)])
    await until(lambda: len(seen.values()) >= 130)
    assert sorted(map(int, seen.values())) == list(range(130))
    assert all(seen.at(p) == list(range(end)) for p, end in rig.log.ends().items())
    assert rig.fatal == []


async def test_partitions_are_claimed_before_anything_is_read_and_released_at_the_end(rig: Rig) -> None:
    seen = Seen()
    app = await rig.run(seen)
    assert rig.owner.claimed == [{0, 1, 2, 3}]
    assert rig.owner.released == []
    await rig.stop(app)
    assert rig.owner.released == [{0, 1, 2, 3}]


async def test_it_starts_where_the_owner_says_and_not_where_the_last_app_ended(rig: Rig) -> None:
    seen, again = Seen(), Seen()
    (partition,) = (await rig.log.append(records(*"abcdefgh"))).spans
    app = await rig.run(seen)
    await until(lambda: len(seen.values()) == 8)
    await rig.stop(app)
    rig.owner.offsets[partition] = 3  # the database took no more than this
    await rig.run(again)
    await until(lambda: len(again.values()) == 5)
    assert again.batches[0].start == 3
    assert again.values() == [b"d", b"e", b"f", b"g", b"h"]


async def test_what_another_process_appends_is_seen(rig: Rig) -> None:
    seen = Seen()
    await rig.run(seen)
    child = appender("sqlite", str(rig.path), "count:20")
    await until(lambda: len(seen.values()) >= 20)
    await asyncio.to_thread(child.communicate)
    assert sorted(map(int, seen.values())) == list(range(20))


async def test_a_slow_agent_holds_the_reading_up(rig: Rig) -> None:
    go, seen = asyncio.Event(), Seen()

    async def wait(_: Packed) -> None:
        await go.wait()

    (partition,) = (await rig.log.append(records(*map(str, range(100_000))))).spans
    app = await rig.run(seen, wait)
    at = -1
    while at != (at := await app.consumer.position(TP(TOPIC, partition))):  # noqa: ASYNC110 - until it stands still
        await asyncio.sleep(0.1)
    assert len(seen.batches) == 1
    assert at <= (BUFFERED_BATCHES + 3) * 5_000  # in the agent, in the queue, on the way into it
    go.set()
    await until(lambda: len(seen.values()) == 100_000)
    assert seen.at(partition) == list(range(100_000))


async def test_it_stops_while_the_agent_works_and_its_buffer_is_full(rig: Rig) -> None:
    seen = Seen()

    async def for_ever(_: Packed) -> None:
        await asyncio.get_running_loop().create_future()

    await rig.log.append(records(*map(str, range(60_000))))
    app = await rig.run(seen, for_ever)
    await until(lambda: len(seen.batches) == 1)
    await asyncio.sleep(0.1)
    await rig.stop(app)
    assert rig.owner.released == [{0, 1, 2, 3}]
    assert rig.fatal == []


async def test_after_a_seek_back_everything_from_there_comes_again(rig: Rig) -> None:
    seen, go = Seen(), asyncio.Event()

    async def wait(_: Packed) -> None:
        await go.wait()

    (partition,) = (await rig.log.append(records(*map(str, range(60_000))))).spans
    app = await rig.run(seen, wait)
    await until(lambda: len(seen.batches) == 1)
    await asyncio.sleep(0.1)  # a full buffer, and a batch that waits to get into it
    await seek(app, partition, 7)
    go.set()
    await until(lambda: sum(b.start == 7 for b in seen.batches) == 1 and seen.batches[-1].end == 60_000)
    again = next(i for i, b in enumerate(seen.batches) if b.start == 7)
    after = [offset for b in seen.batches[again:] for offset in b.offsets]
    assert after == list(range(7, 60_000))


async def test_a_seek_of_one_partition_leaves_the_others_alone(rig: Rig) -> None:
    seen = Seen()
    await rig.log.append([Record(b"%d" % i, b"%d" % i) for i in range(40)])
    app = await rig.run(seen)
    await until(lambda: len(seen.values()) == 40)
    await seek(app, 2, 1)
    ends = rig.log.ends()
    await until(lambda: len(seen.at(2)) == 2 * ends[2] - 1)
    assert all(seen.at(p) == list(range(ends[p])) for p in (0, 1, 3))


async def test_a_paused_partition_goes_on_when_it_is_resumed(rig: Rig) -> None:
    seen = Seen()
    app = await rig.run(seen)
    tps = app.consumer.assignment()
    app.consumer.pause_partitions(tps)
    await rig.log.append(records("1"))
    await asyncio.sleep(0.15)
    assert seen.batches == []
    app.consumer.resume_partitions(tps)
    await until(lambda: seen.values() == [b"1"])


async def test_faust_never_reports_more_than_the_database_has(rig: Rig) -> None:
    seen = Seen()
    (partition,) = (await rig.log.append(records(*"abcdefgh"))).spans
    app = await rig.run(seen)
    await until(lambda: len(seen.values()) == 8)
    rig.owner.offsets[partition] = 5
    await app.consumer.commit()
    assert app.monitor.tp_committed_offsets[TP(TOPIC, partition)] == 5


async def test_a_claim_that_fails_ends_the_start_with_its_reason(rig: Rig) -> None:
    class Broken(RecordingOwner):
        async def claim(self, partitions: object) -> dict[int, int]:
            raise RuntimeError("no database")

    rig.owner = Broken()
    with pytest.raises(LogError) as refused:
        await rig.run(Seen())
    assert str(refused.value.__cause__) == "no database"
    assert [str(f) for f in rig.fatal] == ["no database"]


async def test_a_database_that_is_ahead_of_its_log_is_named(rig: Rig) -> None:
    rig.owner.offsets = {0: 17}
    with pytest.raises(LogError) as refused:
        await rig.run(Seen())
    assert "partition 0 to 17, the log ends at 0" in str(refused.value.__cause__)


async def test_it_leaves_signals_logging_and_the_folder_alone(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), list(logging.root.handlers))
    await rig.stop(await rig.run(Seen()))
    after = (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), list(logging.root.handlers))
    assert after == before
    assert {name.split(".")[0] for name in os.listdir(tmp_path)} == {"log"}  # noqa: PTH208  # a coroutine


async def test_agents_may_produce_to_the_log(rig: Rig) -> None:
    seen = Seen()
    app = await rig.run(seen)
    sent = await app.producer.send_and_wait(TOPIC, b"anna", b"hello", None, None, None)
    assert (sent.topic, sent.offset) == (TOPIC, 0)
    await until(lambda: seen.values() == [b"hello"])
