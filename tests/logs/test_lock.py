"""One measuring process a log."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import streams
from streams.logs.errors import LogHeld
from streams.logs.lock import MeasuringLock

NOW = 1_800_000_000_000
HOLD = """
import sys
from streams.logs.lock import MeasuringLock
lock = MeasuringLock(sys.argv[1])
lock.take(0)
print("held", flush=True)
input()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "measure.lock"


def test_a_second_one_is_told_who_holds_it_and_since_when(path: Path) -> None:
    with MeasuringLock(path) as first:
        first.take(NOW)
        with pytest.raises(LogHeld) as refused:
            MeasuringLock(path).take(NOW)
    assert (refused.value.pid, refused.value.since) == (os.getpid(), "2027-01-15T08:00:00Z")
    assert f"process {os.getpid()} measures this log since 2027-01-15T08:00:00Z" in str(refused.value)


def test_it_is_free_after_its_release(path: Path) -> None:
    with MeasuringLock(path) as first:
        first.take(NOW)
        first.take(NOW)
    with MeasuringLock(path) as second:
        second.take(NOW)


def test_it_is_free_after_its_holder_was_killed(path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(streams.__file__).parents[1])},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    lock = MeasuringLock(path)
    with pytest.raises(LogHeld) as refused:
        lock.take(NOW)
    assert refused.value.pid == child.pid
    child.kill()
    child.communicate()
    lock.take(NOW)
    lock.release()


def test_a_holder_that_wrote_nothing_yet_is_still_a_holder(path: Path) -> None:
    with MeasuringLock(path) as first:
        first.take(NOW)
        path.write_bytes(b"")
        with pytest.raises(LogHeld, match="another process measures this log"):
            MeasuringLock(path).take(NOW)
