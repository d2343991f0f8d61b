"""A real PostgreSQL from Debian's package: in a temporary folder, on a port of its own, with fsync on.

Tests that know nothing of servers come in by its Unix socket, which asks for no password; those that try what a user
has come in by TCP on loopback, with one.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.support.tools import need

PASSWORD = "correct horse"
USER = "cxwatch"
UP_S = 30.0
SETTINGS = {
    "max_connections": "60",
    "shared_buffers": "64MB",
    "autovacuum_naptime": "10s",
    "log_min_messages": "fatal",
}


class Server:
    """One PostgreSQL that can be stopped, killed and started again."""

    def __init__(self) -> None:
        self.programs = Path(need("initdb")).resolve().parent  # where all the others are, too
        self.folder = Path(tempfile.mkdtemp(prefix="cxwatch-pg-"))
        self.port = _free_port()
        self._account = _account()
        self._process: subprocess.Popen[bytes] | None = None
        if self._account:
            os.chown(self.folder, pwd.getpwnam(self._account).pw_uid, -1)
        (self.folder / "password").write_text(PASSWORD)
        (self.folder / "password").chmod(0o644)
        self._run(
            *("initdb", "--pgdata", self.folder / "data", "--username", USER, "--pwfile", self.folder / "password"),
            *("--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = {**SETTINGS, "port": str(self.port), "listen_addresses": "127.0.0.1"}
        settings["unix_socket_directories"] = str(self.folder)
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as output:
            self._process = subprocess.Popen(
                [str(self.programs / "postgres"), "-D", str(self.folder / "data"), *words],
                stdout=output,
                stderr=output,
                cwd=self.folder,
                **self._as_who(),
            )
        until = time.monotonic() + UP_S
        while True:
            try:
                psycopg.connect(self.conninfo("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise AssertionError((self.folder / "log").read_text()[-2_000:]) from None
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Shut it down in order, cutting every connection."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """As a crash does: nothing is written any more, and the next start recovers from its log."""
        self._end(signal.SIGQUIT)

    def close(self) -> None:
        """Stop it and remove its files."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def conninfo(self, database: str) -> str:
        """For psycopg and libpq's programs, as the superuser."""
        return f"host={self.folder} port={self.port} user={USER} dbname={database}"

    def url(self, database: str) -> str:
        """By the socket, without a password."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}&port={self.port}"

    def tcp_url(self, database: str, user: str = USER) -> str:
        """By TCP, as users have it: asks for PASSWORD."""
        return f"postgresql+psycopg://{user}@127.0.0.1:{self.port}/{database}"

    def sql(self, *statements: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run statements one by one as the superuser; the rows of the last one."""
        with psycopg.connect(self.conninfo(database), autocommit=True) as conn:
            for statement in statements:
                cursor = conn.execute(statement)
            return [] if cursor.description is None else cursor.fetchall()

    def cut(self, database: str) -> int:
        """Cut every connection to a database; how many there were."""
        mine = f"datname = '{database}' AND pid <> pg_backend_pid()"
        return len(self.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}"))

    def program(self, name: str, *words: str) -> bytes:
        """Run one of its client programs, such as pg_dump; what it wrote."""
        return self._run(name, *words)

    def _run(self, name: str, *words: str | Path) -> bytes:
        command = [str(self.programs / name), *map(str, words)]
        done = subprocess.run(command, check=False, capture_output=True, cwd=self.folder, **self._as_who())
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(timeout=UP_S)

    def _as_who(self) -> dict[str, Any]:
        if self._account is None:
            return {}
        return {"user": self._account, "group": pwd.getpwnam(self._account).pw_gid, "extra_groups": []}


@contextmanager
def running() -> Iterator[Server]:
    """A server of one's own, for tests that stop or kill it."""
    server = Server()
    try:
        server.start()
        yield server
    finally:
        server.close()


def _account() -> str | None:
    """Whom it runs as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
