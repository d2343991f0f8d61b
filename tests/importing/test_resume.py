"""Cut short anywhere and run again: the measured rows are those of the file, each once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from cxwatch.importing import batches, import_files, local
from cxwatch.importing.records import Progress
from cxwatch.settings import Settings
from streams.clock import ManualClock
from streams.logs.lock import MeasuringLock
from tests.importing.conftest import MAPPING, NOW_MS, Heard, row, stored, write

ROWS = 40


class Cut(Exception):
    """The import ends here."""


@examples(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.lists(st.tuples(st.booleans(), st.integers(0, 8)), max_size=3), batch=st.integers(1, 15))
async def test_wherever_it_was_cut_the_next_run_goes_on(cuts: list[tuple[bool, int]], batch: int) -> None:
    """Cut after the n-th batch was appended: before the ledger says so, or after."""
    with tempfile.TemporaryDirectory() as folder:
        settings, clock = Settings(data_dir=Path(folder) / "data"), ManualClock(NOW_MS)
        path = write(Path(folder) / "a.csv", [row(n, 9 if n % 10 == 9 else n % 5 + 1) for n in range(ROWS)])
        with patch.object(batches, "ROWS", batch):
            for before_ledger, number in cuts:
                await _cut(settings, clock, path, before_ledger=before_ledger, number=number)
            heard = Heard()
            summary = await import_files(settings, [path], MAPPING, heard.listener, clock, wait=True)
        assert stored(settings) == {f"r{n}": n % 5 + 1 for n in range(ROWS) if n % 10 != 9}
        assert summary.accepted + summary.duplicate + summary.refused == ROWS
        if not cuts:
            assert (summary.accepted, summary.refused) == (36, 4)


async def _cut(settings: Settings, clock: ManualClock, path: Path, *, before_ledger: bool, number: int) -> None:
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen > number:
            raise Cut

    heard = Heard(on_progress=lambda _: None if before_ledger else count())
    note = local.ledger.advance

    def advance(*args: object) -> None:
        if before_ledger:
            count()
        note(*args)  # type: ignore[arg-type]

    with patch.object(local.ledger, "advance", advance), contextlib.suppress(Cut):
        await import_files(settings, [path], MAPPING, heard.listener, clock, wait=False)


@pytest.mark.parametrize("wait", [True, False])
async def test_a_cancelled_import_lets_go_of_everything_at_once(settings: Settings, tmp_path: Path, wait: bool) -> None:
    path = write(tmp_path / "a.csv", [row(n) for n in range(20_000)])
    clock = ManualClock(NOW_MS)
    for delay_s in (0.05, 0.1, 0.2, 0.3, 0.4):
        running = asyncio.create_task(import_files(settings, [path], MAPPING, Heard().listener, clock, wait=wait))
        await asyncio.wait([running], timeout=delay_s)
        was_running = running.cancel()
        with pytest.raises(asyncio.CancelledError) if was_running else contextlib.nullcontext():
            await running
        lock = MeasuringLock(settings.lock_path)
        lock.take(NOW_MS)
        lock.release()
    await import_files(settings, [path], MAPPING, Heard().listener, clock, wait=True)
    assert len(stored(settings)) == 20_000


async def test_cut_while_measuring_the_next_run_measures_the_rest(settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [row(n) for n in range(5_000)])
    clock = ManualClock(NOW_MS)

    def stop(progress: Progress) -> None:
        if progress.phase == "measuring":
            raise Cut

    with pytest.raises(Cut):
        await import_files(settings, [path], MAPPING, Heard(on_progress=stop).listener, clock, wait=True)
    summary = await import_files(settings, [path], MAPPING, Heard().listener, clock, wait=True)
    assert summary.duplicate == 5_000
    assert len(stored(settings)) == 5_000


def test_killed_outright_the_next_run_goes_on(settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [row(n) for n in range(20_000)])
    script = textwrap.dedent(
        """
        import asyncio, sys
        from pathlib import Path
        from cxwatch.importing import import_files
        from cxwatch.settings import Settings
        from streams.clock import ManualClock
        from tests.importing.conftest import MAPPING, NOW_MS, Heard
        told = Heard(on_progress=lambda p: print(p.phase, p.rows, flush=True))
        asyncio.run(import_files(Settings(data_dir=Path(sys.argv[1])), [Path(sys.argv[2])], MAPPING, told.listener,
                                 ManualClock(NOW_MS), wait=True))
        """
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for lines in (1, 6):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(settings.data_dir), str(path)],
            stdout=subprocess.PIPE,
            env=environment,
        )
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    summary = asyncio.run(import_files(settings, [path], MAPPING, Heard().listener, ManualClock(NOW_MS), wait=True))
    assert summary.accepted + summary.duplicate == 20_000
    assert len(stored(settings)) == 20_000
