"""One measuring process a log: a lock that the kernel drops when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

import msgspec

from streams.clock import rfc3339
from streams.logs.errors import LogHeld


class _Holder(msgspec.Struct, frozen=True):
    """What the lock file says about who holds it; true only while the lock is held."""

    pid: int
    since: str


class MeasuringLock:
    """Held from `take` until `release` or the end of the process, kill -9 included.

    The file stays where it is: removing it would let two processes lock two files of the same name. On a network
    file system locks may mean nothing; `data_dir` belongs on a local disk.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._file: int | None = None

    def take(self, now_ms: int) -> None:
        """Become the measuring process. Raises LogHeld (who and since when) if there is one already."""
        if self._file is not None:
            return
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held = _read(file)
            os.close(file)
            raise LogHeld(str(self.path), held.pid if held else None, held.since if held else None) from None
        os.ftruncate(file, 0)
        os.pwrite(file, msgspec.json.encode(_Holder(os.getpid(), rfc3339(now_ms))), 0)
        self._file = file

    def release(self) -> None:
        """Let the next one in."""
        if self._file is not None:
            file, self._file = self._file, None
            os.ftruncate(file, 0)
            os.close(file)

    def __enter__(self) -> MeasuringLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _read(file: int) -> _Holder | None:
    """Empty for a moment while the holder starts or ends."""
    try:
        return msgspec.json.decode(os.pread(file, 4096, 0), type=_Holder)
    except msgspec.DecodeError:
        return None
