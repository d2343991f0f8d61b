"""`cxwatch ingest` into the embedded log: what becomes of every row, however often the command is run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cxwatch.database import open_state
from cxwatch.errors import CannotStart
from cxwatch.importing import Summary, import_files, read_timed
from cxwatch.importing.waiting import Measurer
from cxwatch.settings import Settings
from streams.clock import HOUR_MS, ManualClock, rfc3339
from streams.decode import Decoder
from streams.files.mapping import Mapping
from streams.logs.lock import MeasuringLock
from streams.logs.sqlite import SqliteLog
from streams.settings import MeasureSettings
from streams.store import deadletters
from tests.importing.conftest import MAPPING, NOW_MS, Heard, row, stored, write


async def test_rows_are_measured_when_it_returns(
    settings: Settings, clock: ManualClock, heard: Heard, tmp_path: Path
) -> None:
    recent = rfc3339(NOW_MS - HOUR_MS)
    path = write(
        tmp_path / "a.csv",
        [row(1, 5), row(2, 1, time=recent), row(1, 5), row(3, 9), row(4, 4, '"two\nlines"')],
    )
    summary = await import_files(settings, [path], MAPPING, heard.listener, clock, wait=True)
    assert summary == Summary(accepted=3, duplicate=1, refused=1, history=2, ambiguous=0)
    assert stored(settings) == {"r1": 5, "r2": 1, "r4": 4}
    (refused,) = heard.refused
    assert (refused.file, refused.row, refused.field, refused.value) == (str(path), 4, "score", "9")
    assert "from 1 to 5" in refused.rule
    assert {progress.phase for progress in heard.told} == {"reading", "measuring"}
    reading = [progress for progress in heard.told if progress.phase == "reading"]
    assert reading[-1].bytes_done == reading[-1].bytes_all == path.stat().st_size


async def test_what_was_refused_is_kept_and_can_be_tried_again(
    settings: Settings, clock: ManualClock, heard: Heard, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [row(1, 9), "short\n"])
    await import_files(settings, [path], MAPPING, heard.listener, clock, wait=False)
    engine = open_state(settings)
    with engine.connect() as conn:
        letters = {letter.field: letter for letter in deadletters.read(conn)}
    engine.dispose()
    assert letters.keys() == {"score", "row"}
    assert all(letter.origin == "file a.csv" for letter in letters.values())
    assert b'"id":"r1"' in letters["score"].raw


async def test_a_second_run_takes_nothing_and_says_so(
    settings: Settings, clock: ManualClock, heard: Heard, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [row(n) for n in range(50)])
    await import_files(settings, [path], MAPPING, heard.listener, clock, wait=True)
    before = _log_ends(settings, clock)
    again = await import_files(settings, [path], MAPPING, heard.listener, clock, wait=True)
    assert again == Summary(duplicate=50)
    assert _log_ends(settings, clock) == before
    renamed = path.rename(tmp_path / "b.csv")
    assert await import_files(settings, [renamed], MAPPING, heard.listener, clock, wait=True) == Summary(duplicate=50)


async def test_another_mapping_is_another_import(
    settings: Settings, clock: ManualClock, heard: Heard, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [row(1)])
    await import_files(settings, [path], MAPPING, heard.listener, clock, wait=True)
    other = Mapping(MAPPING.columns, {**MAPPING.constants, "source": "other"}, MAPPING.timezone)
    summary = await import_files(settings, [path], other, heard.listener, clock, wait=True)
    assert (summary.accepted, summary.duplicate) == (1, 0)


async def test_several_files_are_one_import(
    settings: Settings, clock: ManualClock, heard: Heard, tmp_path: Path
) -> None:
    paths = [write(tmp_path / "a.csv", [row(1), row(2)]), write(tmp_path / "b.csv", [row(2), row(3)])]
    summary = await import_files(settings, paths, MAPPING, heard.listener, clock, wait=True)
    assert (summary.accepted, summary.duplicate) == (3, 1)


async def test_without_waiting_rows_are_in_the_log_and_the_next_run_measures_them(
    settings: Settings, clock: ManualClock, heard: Heard, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [row(n) for n in range(7)])
    summary = await import_files(settings, [path], MAPPING, heard.listener, clock, wait=False)
    assert summary == Summary(accepted=7)
    assert stored(settings) == {}
    again = await import_files(settings, [path], MAPPING, heard.listener, clock, wait=True)
    assert again == Summary(duplicate=7)
    assert len(stored(settings)) == 7


async def test_where_another_process_measures_it_waits_for_that_one(
    settings: Settings, clock: ManualClock, heard: Heard, tmp_path: Path
) -> None:
    """And takes over when the other one ends: here it holds the lock and never measures."""
    path = write(tmp_path / "a.csv", [row(1)])
    settings.data_dir.mkdir()
    other = MeasuringLock(settings.lock_path)
    other.take(NOW_MS)
    is_waiting = asyncio.Event()
    heard.on_progress = lambda progress: is_waiting.set() if progress.phase == "measuring" else None
    running = asyncio.create_task(import_files(settings, [path], MAPPING, heard.listener, clock, wait=True))
    await asyncio.wait_for(is_waiting.wait(), 10)
    await asyncio.sleep(0.3)
    assert not running.done()
    other.release()
    assert (await asyncio.wait_for(running, 10)).accepted == 1


async def test_while_a_server_measures_its_numbers_are_the_answer(
    settings: Settings, clock: ManualClock, heard: Heard, tmp_path: Path
) -> None:
    settings.data_dir.mkdir()
    log = SqliteLog(settings.log_path, clock)
    server = Measurer(settings, log)
    assert await server.try_start()
    try:
        path = write(tmp_path / "a.csv", [row(1), row(1)])
        summary = await import_files(settings, [path], MAPPING, heard.listener, clock, wait=True)
    finally:
        await server.stop()
        await log.close()
    assert (summary.accepted, summary.duplicate) == (1, 1)


async def test_ambiguous_local_times_are_counted(
    settings: Settings, clock: ManualClock, heard: Heard, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [row(1, time="2025-10-26 02:30:00"), row(2, time="2025-10-26 04:30:00")])
    berlin = Mapping(MAPPING.columns, MAPPING.constants, "Europe/Berlin")
    summary = await import_files(settings, [path], berlin, heard.listener, clock, wait=False)
    assert (summary.accepted, summary.ambiguous) == (2, 1)


async def test_a_file_that_cannot_be_read_stops_with_the_way_out(
    settings: Settings, clock: ManualClock, heard: Heard, tmp_path: Path
) -> None:
    with pytest.raises(CannotStart, match="no such file"):
        await import_files(settings, [tmp_path / "none.csv"], MAPPING, heard.listener, clock, wait=True)
    (tmp_path / "b.csv").write_text("")
    with pytest.raises(CannotStart, match="has no header"):
        await import_files(settings, [tmp_path / "b.csv"], MAPPING, heard.listener, clock, wait=True)
    MeasuringLock(settings.lock_path).take(NOW_MS)  # it was let go of


def test_a_backtest_gets_all_files_in_order_of_time(clock: ManualClock, tmp_path: Path) -> None:
    a = write(tmp_path / "a.csv", [row(1, time="2026-09-03 10:00"), row(2, time="2026-09-01 10:00"), row(3, 9)])
    b = write(tmp_path / "b.csv", [row(4, time="2026-09-02 10:00"), row(1, time="2026-09-03 10:00")])
    events, refused = read_timed([a, b], MAPPING, Decoder(MeasureSettings()), clock)
    assert [event.raw.split(b'"')[3] for event in events] == [b"r2", b"r4", b"r1", b"r1"]
    assert [event.time_ms for event in events] == sorted(event.time_ms for event in events)
    assert [(why.file, why.row, why.field) for why in refused] == [(str(a), 3, "score")]


def _log_ends(settings: Settings, clock: ManualClock) -> dict[int, int]:
    log = SqliteLog(settings.log_path, clock)
    ends = log.ends()
    asyncio.get_running_loop().create_task(log.close())
    return ends
