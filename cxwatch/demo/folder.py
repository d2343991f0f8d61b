"""The demo's folder: its settings, its data, and what it is a demo of. Nothing else is ever deleted from it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from cxwatch.demo import statefile
from cxwatch.errors import CannotStart, CxwatchError
from cxwatch.settings import Settings
from streams.clock import SystemClock
from streams.logs.errors import LogHeld
from streams.logs.lock import MeasuringLock

HOME = Path("cxwatch-demo")
SHOP = "the simulated shop"
CLOCK, PROGRESS, SUBJECT = "demo-clock.json", "demo-feed.json", "demo.json"
_DATABASES = ("log.db", "state.db")
_BESIDE = ("", "-wal", "-shm")


class Subject(msgspec.Struct, frozen=True):
    """What the folder holds a demo of: the shop, or a file by name and digest of content and mapping."""

    of: str
    digest: str = ""


class OtherSubject(CxwatchError):
    """The folder holds another demo."""

    exit_code = 2


def clock_path(settings: Settings) -> Path:
    """Where the demo's clock keeps its time."""
    return settings.data_dir / CLOCK


def progress_path(settings: Settings) -> Path:
    """Where the feeder keeps how far it is."""
    return settings.data_dir / PROGRESS


def prepare(settings: Settings, subject: Subject, *, fresh: bool) -> None:
    """Make the data folder ready for this demo: empty it when asked to, refuse to mix two demos.

    Raises OtherSubject, and CannotStart while another process uses it.
    """
    data = settings.data_dir
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if fresh:
        _clear(settings)
    known = statefile.load(data / SUBJECT, Subject)
    if known is None:
        statefile.save(data / SUBJECT, subject)
    elif known != subject:
        raise OtherSubject(
            f"{data} holds a demo of {known.of}, not of {subject.of}: add --fresh to start over (its data is deleted), "
            "or run this one in another folder"
        )


def _clear(settings: Settings) -> None:
    """Delete the demo's data, and only that: while the lock is held nobody else uses it."""
    lock = MeasuringLock(settings.lock_path)
    try:
        lock.take(SystemClock().now_ms())
    except LogHeld as error:
        raise CannotStart(str(error)) from error
    with lock:
        for name in (CLOCK, PROGRESS, SUBJECT, *(base + end for base in _DATABASES for end in _BESIDE)):
            (settings.data_dir / name).unlink(missing_ok=True)
