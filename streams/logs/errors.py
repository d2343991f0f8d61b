"""What a log can refuse or fail at; every message ends with the way out."""

from __future__ import annotations

import sqlite3


class LogError(Exception):
    """The log could not do what it was asked. `problem` says what stands in the way, `way_out` what to do."""

    def __init__(self, problem: str, way_out: str) -> None:
        super().__init__(f"{problem}: {way_out}")
        self.problem = problem
        self.way_out = way_out


class LogBehind(LogError):
    """More waits to be written than the log lets wait. Nothing of this append was taken; over HTTP this is a 503."""

    def __init__(self, waiting_bytes: int, retry_after_s: int = 1) -> None:
        super().__init__(
            f"{waiting_bytes:,} bytes already wait to be written to the log", f"send again after {retry_after_s} s"
        )
        self.retry_after_s = retry_after_s


class LogClosed(LogError):
    """The log was closed by this process."""

    def __init__(self) -> None:
        super().__init__("the log is closed", "open it again")


class LogHeld(LogError):
    """Another process measures this log already."""

    def __init__(self, path: str, pid: int | None, since: str | None) -> None:
        who = f"process {pid}" if pid is not None else "another process"
        started = f" since {since}" if since is not None else ""
        super().__init__(f"{who} measures this log{started} ({path})", "stop it first, or use another data_dir")
        self.pid = pid
        self.since = since


_WAYS_OUT = {
    sqlite3.SQLITE_FULL: ("the disk is full", "free some space; nothing that was accepted is lost"),
    sqlite3.SQLITE_READONLY: ("the log is read-only", "make the file and its folder writable for this user"),
    sqlite3.SQLITE_PERM: ("this user may not open the log", "check who owns the file and its folder"),
    sqlite3.SQLITE_CANTOPEN: ("the log cannot be opened", "check that its folder exists and is writable"),
    sqlite3.SQLITE_CORRUPT: ("the log is damaged", "stop, put the file aside and restore it from a backup"),
    sqlite3.SQLITE_NOTADB: ("the file is not a log", "name another data_dir or move the file away"),
    sqlite3.SQLITE_BUSY: ("another process keeps the log locked", "look for a stuck process with it open; try again"),
    sqlite3.SQLITE_IOERR: ("the disk failed", "look at the machine's disk before anything else"),
}
_UNKNOWN = ("the log failed", "look at the cause below")


def explained(failure: sqlite3.Error, path: str) -> LogError:
    """SQLite's failure in words for people. Low 8 bits of its code name the kind (sqlite.org/rescode.html)."""
    code = getattr(failure, "sqlite_errorcode", None)
    problem, way_out = _WAYS_OUT.get(code & 0xFF, _UNKNOWN) if isinstance(code, int) else _UNKNOWN
    return LogError(f"{problem} ({path}; {failure})", way_out)
