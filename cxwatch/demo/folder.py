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


def prepare(settings: Settings, subject: Subject) -> None:
    """Make the data folder ready for this demo. Raises OtherSubject where it holds another one, and CannotStart."""
    data = settings.data_dir
    make(data, 0o700)
    known = statefile.load(data / SUBJECT, Subject)
    if known is None:
        statefile.save(data / SUBJECT, subject)
    elif known != subject:
        raise OtherSubject(
            f"{data} holds a demo of {known.of}, not of {subject.of}: add --fresh to start over (its data is deleted), "
            "or run this one in another folder"
        )


def clear(settings: Settings) -> None:
    """Delete the demo's data, and only that: while the lock is held nobody else uses it. Raises CannotStart."""
    make(settings.data_dir, 0o700)
    lock = MeasuringLock(settings.lock_path)
    try:
        lock.take(SystemClock().now_ms())
    except LogHeld as error:
        raise CannotStart(str(error)) from error
    with lock:
        for name in (CLOCK, PROGRESS, SUBJECT, *(base + end for base in _DATABASES for end in _BESIDE)):
            (settings.data_dir / name).unlink(missing_ok=True)


def make(folder: Path, mode: int = 0o777) -> None:
    """Make a folder unless it is there. Raises CannotStart."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise CannotStart(
            f"{folder} cannot be made ({why}): run the demo in a folder that this user can write to"
        ) from error
