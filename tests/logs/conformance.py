"""What every log does, whatever it is made of. A test module names its storage by a fixture `new_storage`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.clock import Clock, ManualClock
from streams.logs.errors import LogClosed
from streams.logs.protocol import Appended, Log, Record
from tests.logs.support import NOW, appender, everything, records, until, values_of


class Storage(Protocol):
    """A place that a log is kept in; `kind` and `place` are for appender.py."""

    @property
    def kind(self) -> str: ...
    @property
    def place(self) -> str: ...
    def open(self, clock: Clock) -> Log: ...


NewStorage = Callable[[], Storage]
keys = st.lists(st.sampled_from([b"a", b"b", b"c", b"d", b"e"]), max_size=6)
# One suite over every log, and a fixture that makes a new log whenever it is called.
SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 1), keys),
        st.tuples(st.just("both"), keys, keys),
        st.tuples(st.just("read"), st.integers(0, 1), st.integers(1, 4)),
    ),
    max_size=12,
)


class Interleaving:
    """Two handles on one log and a reader that goes along."""

    def __init__(self, storage: Storage) -> None:
        self.handles = [storage.open(ManualClock(NOW)), storage.open(ManualClock(NOW + 5))]
        self.count = 0
        self.expected: dict[int, dict[int, bytes]] = {p: {} for p in range(self.handles[0].partitions)}
        self.read: dict[int, list[tuple[int, bytes]]] = {p: [] for p in self.expected}
        self.cursor = dict.fromkeys(self.expected, 0)

    async def append(self, handle: int, of: list[bytes]) -> None:
        batch = [Record(key, b"%d" % (self.count + i)) for i, key in enumerate(of)]
        self.count += len(batch)
        appended = await self.handles[handle].append(batch)
        found = [
            await asyncio.to_thread(self.handles[handle].read, p, a, b - a) for p, (a, b) in appended.spans.items()
        ]
        assert sorted(v for f in found for v in f.values) == sorted(r.value for r in batch)
        for f in found:
            for offset, value in zip(f.offsets, f.values, strict=True):
                assert offset not in self.expected[f.partition]
                self.expected[f.partition][offset] = value

    async def step(self, name: str, first: object, second: object) -> None:
        match name, first, second:
            case "append", int(handle), list(of):
                await self.append(handle, of)
            case "both", list(one), list(other):
                await asyncio.gather(self.append(0, one), self.append(1, other))
            case "read", int(handle), int(limit):
                for p, at in self.cursor.items():
                    batch = self.handles[handle].read(p, at, limit)
                    assert len(batch.values) <= limit
                    self.read[p] += zip(batch.offsets, batch.values, strict=True)
                    self.cursor[p] = batch.end

    async def check(self) -> None:
        await self.step("read", 0, 1_000)
        for p, rows in self.read.items():
            assert rows == sorted(self.expected[p].items())
            assert [offset for offset, _ in rows] == list(range(self.handles[1].ends()[p]))
            own = [int(value) for _, value in rows]
            assert len(own) == len(set(own))
        assert sum(map(len, self.read.values())) == self.count
        for handle in self.handles:
            await handle.close()


async def interleave(storage: Storage, steps: list[tuple[str, object, object]]) -> None:
    """Take the steps, then look at the whole."""
    interleaving = Interleaving(storage)
    for step in steps:
        await interleaving.step(*step)
    await interleaving.check()


class LogConformance:
    @pytest.fixture
    def storage(self, new_storage: NewStorage) -> Storage:
        return new_storage()

    @settings(max_examples=25, deadline=None, suppress_health_check=SHARED)
    @given(steps=steps)
    def test_any_interleaving_gives_every_record_once_in_order_without_gaps(
        self, new_storage: NewStorage, steps: list[tuple[str, object, object]]
    ) -> None:
        asyncio.run(interleave(new_storage(), steps))

    async def test_records_of_one_append_and_partition_lie_together_in_their_order(self, storage: Storage) -> None:
        log = storage.open(ManualClock(NOW))
        await log.append(records("before"))
        appended = await log.append(records("1", "2", "3"))
        ((partition, (first, end)),) = appended.spans.items()
        assert (first, end) == (1, 4)
        assert log.read(partition, first, 10).values == [b"1", b"2", b"3"]
        await log.close()

    async def test_appends_that_are_made_at_once_do_not_mix(self, storage: Storage) -> None:
        log = storage.open(ManualClock(NOW))
        batches = [[Record(b"%d" % k, b"%d.%d" % (n, k)) for k in range(20)] for n in range(30)]
        done = await asyncio.gather(*(log.append(batch) for batch in batches))
        for batch, appended in zip(batches, done, strict=True):
            kept = [v for p, (a, b) in appended.spans.items() for v in log.read(p, a, b - a).values]
            assert sorted(kept) == sorted(r.value for r in batch)
        assert sum(log.ends().values()) == 600
        await log.close()

    async def test_an_append_of_nothing_is_taken_and_changes_nothing(self, storage: Storage) -> None:
        log = storage.open(ManualClock(NOW))
        assert await log.append([]) == Appended({})
        assert set(log.ends().values()) == {0}
        await log.close()

    async def test_reads_no_more_than_asked_for_and_goes_on_where_it_ended(self, storage: Storage) -> None:
        log = storage.open(ManualClock(NOW))
        appended = await log.append(records(*map(str, range(10))))
        (partition,) = appended.spans
        first = log.read(partition, 3, 4)
        assert (first.start, first.end, list(first.offsets)) == (3, 7, [3, 4, 5, 6])
        assert log.read(partition, first.end, 100).values == [b"7", b"8", b"9"]
        await log.close()

    async def test_reading_at_the_end_gives_nothing_and_stays_there(self, storage: Storage) -> None:
        log = storage.open(ManualClock(NOW))
        (partition,) = (await log.append(records("1"))).spans
        batch = log.read(partition, 1, 10)
        assert (batch.start, batch.end, list(batch.values)) == (1, 1, [])
        await log.close()

    async def test_an_append_larger_than_a_batch_comes_back_whole(self, storage: Storage) -> None:
        log = storage.open(ManualClock(NOW))
        sent = records(*map(str, range(12_345)))
        await log.append(sent)
        assert values_of(log) == [r.value for r in sent]
        await log.close()

    async def test_opened_again_it_is_the_same_log(self, storage: Storage, new_storage: NewStorage) -> None:
        log = storage.open(ManualClock(NOW))
        await log.append(records("1", "2"))
        await log.close()
        again, other = storage.open(ManualClock(NOW)), new_storage().open(ManualClock(NOW))
        assert again.identity == log.identity != other.identity
        assert again.partitions == log.partitions
        (span,) = (await again.append(records("3"))).spans.values()
        assert span == (2, 3)
        assert values_of(again) == [b"1", b"2", b"3"]
        await again.close()
        await other.close()

    async def test_every_record_keeps_the_name_of_its_import(self, storage: Storage) -> None:
        log = storage.open(ManualClock(NOW))
        appends = [
            log.append(records("1")),
            log.append(records("2", "3"), "file-a"),
            log.append(records("4"), "file-b"),
        ]
        await asyncio.gather(*appends)
        (partition,) = {p for p, end in log.ends().items() if end}
        batch = log.read(partition, 0, 10)
        assert dict(zip(batch.values, batch.origins, strict=True)) == {
            b"1": None,
            b"2": "file-a",
            b"3": "file-a",
            b"4": "file-b",
        }
        await log.close()

    async def test_a_closed_log_takes_nothing(self, storage: Storage) -> None:
        log = storage.open(ManualClock(NOW))
        pending = asyncio.ensure_future(log.append(records("1")))
        await asyncio.sleep(0)
        await log.close()
        await log.close()
        assert (await pending).spans
        with pytest.raises(LogClosed):
            await log.append(records("2"))

    async def test_appends_of_two_other_processes_and_our_own_are_all_there(self, storage: Storage) -> None:
        log = storage.open(ManualClock(NOW))
        children = [appender(storage.kind, storage.place, "count:40") for _ in range(2)]
        for i in range(40):
            await log.append(records(str(i)))
        await until(lambda: sum(log.ends().values()) >= 120)
        for child in children:
            out, _ = await asyncio.to_thread(child.communicate, timeout=20)
            assert out.count("ack") == 40
        found = everything(log)
        assert all([offset for offset, _ in rows] == list(range(len(rows))) for rows in found.values())
        assert sorted(values_of(log)) == sorted(b"%d" % i for i in range(40) for _ in range(3))
        await log.close()

    async def test_killed_in_the_middle_it_has_everything_it_acknowledged(self, storage: Storage) -> None:
        child = appender(storage.kind, storage.place, "forever")
        assert child.stdout is not None
        for _ in range(60):
            await asyncio.to_thread(child.stdout.readline)
        child.kill()
        out, _ = await asyncio.to_thread(child.communicate)
        acknowledged = 60 + out.count("ack")
        log = storage.open(ManualClock(NOW))
        kept = sorted(map(int, values_of(log)))
        assert kept == list(range(len(kept)))
        assert len(kept) >= acknowledged
        await log.append(records("it works"))
        await log.close()


class OwnLogConformance(LogConformance):
    """What a log of ours does as well: its clock, erasure and retention. A Kafka topic's are its owner's business."""

    async def test_append_time_is_the_clocks_and_never_runs_backwards(self, storage: Storage) -> None:
        ahead, behind = storage.open(ManualClock(NOW + 1_000)), storage.open(ManualClock(NOW))
        await ahead.append(records("1"))
        (partition,) = (await behind.append(records("2"))).spans
        assert list(ahead.read(partition, 0, 10).append_ms) == [NOW + 1_000, NOW + 1_000]
        await ahead.close()
        await behind.close()

    async def test_redacted_values_are_gone_and_offsets_stay(self, storage: Storage) -> None:
        log = storage.open(ManualClock(NOW))
        (partition,) = (await log.append(records("anna: hi", "ben: hi", "anna: bye"))).spans
        await log.append(records("ben: bye"))
        assert log.redact(partition, lambda v: b"token-7" if v.startswith(b"anna") else None) == 2
        batch = log.read(partition, 0, 10)
        assert list(batch.offsets) == [0, 1, 2, 3]
        assert list(batch.values) == [b"token-7", b"ben: hi", b"token-7", b"ben: bye"]
        assert log.redact(partition, lambda v: b"token-7" if v.startswith(b"anna") else None) == 0
        await log.close()

    async def test_retention_drops_what_is_old_and_measured_and_nothing_else(self, storage: Storage) -> None:
        clock = ManualClock(NOW)
        log = storage.open(clock)
        (partition,) = (await log.append(records("old"))).spans
        await log.append(records("old, not measured"))
        clock.set(NOW + 60_000)
        await log.append(records("new"))
        assert log.expire(NOW + 1, {}) == 0
        assert log.expire(NOW + 1, {partition: 1}) == 1
        assert everything(log)[partition] == [(1, b"old, not measured"), (2, b"new")]
        assert log.read(partition, 0, 10).start == 0
        assert log.expire(NOW + 1, {partition: 3}) == 1
        assert everything(log)[partition] == [(2, b"new")]
        await log.close()

    async def test_offsets_go_on_after_everything_was_dropped(self, storage: Storage) -> None:
        log = storage.open(ManualClock(NOW))
        (partition,) = (await log.append(records("1", "2"))).spans
        log.expire(NOW + 1, {partition: 2})
        await log.close()
        log = storage.open(ManualClock(NOW))
        batch = log.read(partition, 0, 10)
        assert (batch.start, batch.end, list(batch.values)) == (0, 2, [])
        assert (await log.append(records("3"))).spans == {partition: (2, 3)}
        assert everything(log)[partition] == [(2, b"3")]
        await log.close()
