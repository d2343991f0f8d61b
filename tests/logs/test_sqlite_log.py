"""The embedded log: what every log does, and what is its own."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from pathlib import Path

import pytest

from streams.clock import ManualClock
from streams.logs.errors import LogBehind, LogError
from streams.logs.protocol import Record
from streams.logs.sqlite import SqliteLog
from streams.logs.sqlite_file import errors_explained
from streams.logs.sqlite_rows import BATCH_BYTES_MAX, BATCH_RECORDS_MAX
from streams.logs.sqlite_writer import RECORD_BYTES_MAX
from tests.logs.conformance import OwnLogConformance
from tests.logs.support import NOW, appender, records, values_of


class TestSqliteLog(OwnLogConformance):
    """The conformance suite on SQLite."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def open_log(path: Path) -> SqliteLog:
    return SqliteLog(path, ManualClock(NOW))


async def test_only_its_user_may_read_it(path: Path) -> None:
    log = open_log(path)
    await log.append(records("1"))
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    await log.close()


async def test_a_file_keeps_its_number_of_partitions(path: Path) -> None:
    await SqliteLog(path, ManualClock(NOW), partitions=7).close()
    log = open_log(path)
    assert log.partitions == 7
    assert list(log.ends()) == list(range(7))
    await log.close()


async def test_appends_that_wait_together_share_rows(path: Path) -> None:
    log = open_log(path)
    await asyncio.gather(*(log.append(records(str(i))) for i in range(500)))
    await log.close()
    with sqlite3.connect(path) as conn:
        (rows,) = conn.execute("SELECT count(*) FROM batches").fetchone()
    conn.close()
    assert rows < 250


async def test_no_batch_is_larger_than_the_bounds(path: Path) -> None:
    log = open_log(path)
    big = b"x" * 700_000
    await log.append([Record(b"k", big) for _ in range(14)] + [Record(b"k", b"y") for _ in range(11_000)])
    (partition,) = {p for p, end in log.ends().items() if end}
    at, end = 0, log.ends()[partition]
    while at < end:
        batch = log.read(partition, at, BATCH_RECORDS_MAX)
        assert len(batch.values) <= BATCH_RECORDS_MAX
        assert sum(map(len, batch.values)) <= BATCH_BYTES_MAX
        at = batch.end
    await log.close()


async def test_when_too_much_waits_it_takes_nothing_more_and_says_when_to_come_back(path: Path) -> None:
    log = open_log(path)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")  # the writer waits for this
        batch = [Record(b"k", b"x" * 1_000_000) for _ in range(30)]
        waiting = [asyncio.ensure_future(log.append(batch)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(LogBehind) as refused:
            await log.append(batch)
        assert refused.value.retry_after_s >= 1
        other.execute("COMMIT")
    other.close()
    await asyncio.gather(*waiting)
    assert len(values_of(log)) == 60
    await log.append(batch)
    await log.close()


async def test_a_record_that_is_too_large_is_refused_with_its_size(path: Path) -> None:
    log = open_log(path)
    with pytest.raises(LogError, match="1,048,577 bytes"):
        await log.append([Record(b"k", b"x" * (RECORD_BYTES_MAX + 1))])
    await log.close()


async def test_a_full_disk_is_named_loses_nothing_and_is_over_when_there_is_space(path: Path) -> None:
    child = appender("sqlite", str(path), "limited:200000")
    out, _ = await asyncio.to_thread(child.communicate, timeout=20)
    lines = out.splitlines()
    assert lines[-2].startswith("error the disk")
    assert lines[-1] == "recovered"
    log = open_log(path)
    kept = values_of(log)
    assert kept.count(b"after") == 1
    assert len(kept) == out.count("ack") + 1
    await log.close()


def test_a_read_only_file_is_named(path: Path) -> None:
    open_log(path)
    conn = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with pytest.raises(LogError, match=r"read-only.*make the file"), errors_explained(path):
        conn.execute("DELETE FROM batches")
    conn.close()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="check that its folder exists"):
        open_log(tmp_path / "nowhere" / "log.db")


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    path.write_bytes(b"my holiday pictures" * 100)
    with pytest.raises(LogError, match="not a log"):
        open_log(path)
    assert path.read_bytes().startswith(b"my holiday")


def test_another_programs_database_is_left_alone(path: Path) -> None:
    conn = sqlite3.connect(path)
    conn.execute("CREATE TABLE accounts (name)")
    conn.close()
    with pytest.raises(LogError, match="another program"):
        open_log(path)


async def test_a_log_of_a_newer_version_is_left_alone(path: Path) -> None:
    await open_log(path).close()
    conn = sqlite3.connect(path)
    conn.execute("PRAGMA user_version = 99")
    conn.close()
    with pytest.raises(LogError, match="newer cxwatch"):
        open_log(path)


async def test_after_erasure_the_text_is_in_no_file(path: Path) -> None:
    log = open_log(path)
    secret = b"my secret complaint"
    for n in range(40):
        (partition,) = (await log.append([Record(b"anna", b"%d %s" % (n, secret * (n + 1)))])).spans
    assert log.redact(partition, lambda v: b"blank" if secret in v else None) == 40
    assert all(secret not in file.read_bytes() for file in path.parent.iterdir())
    await log.close()
