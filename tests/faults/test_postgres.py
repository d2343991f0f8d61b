"""PostgreSQL killed, restarted and cut off while events come in: nothing is lost, doubled, or waits for a person."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres import Server
from tests.support.postgres import running as running_server
from tests.support.shop import (
    COMMAND,
    SETTINGS,
    UP_S,
    Shop,
    check_answers,
    check_replay,
    free_port,
    told,
    wait_until_settled,
)
from tests.support.tools import need

pytestmark = pytest.mark.long

NAME = "cx_faults"


class House:
    """`cxwatch run` under a supervisor that starts it again, over a server of its own, with customers who send."""

    def __init__(self, folder: Path, server: Server, wrapper: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.server = server
        self.port = free_port()
        self.shop = Shop(f"http://127.0.0.1:{self.port}", random.randrange(10**6))
        self.restarts: list[int] = []
        self.tell = partial(told, folder)
        self._wrapper = wrapper
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._supervise), threading.Thread(target=self._send)]
        self._process: subprocess.Popen[bytes] | None = None
        self._sending = threading.Event()
        self._on_its_way = threading.Lock()
        self._failures: list[BaseException] = []
        (folder / "cxwatch.toml").write_text(
            f'database = "{server.url(NAME)}"\n{SETTINGS}[alerts]\nhold_off_seconds = 1\n'
        )
        server.sql(f"CREATE DATABASE {NAME}")
        self.migrate()

    def migrate(self) -> None:
        done = subprocess.run([*COMMAND, "migrate"], check=False, cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def __enter__(self) -> House:
        self._sending.set()
        for thread in self._threads:
            thread.start()
        self.wait_for_events(3 * 40)
        return self

    def __exit__(self, *_: object) -> None:
        self._sending.clear()
        self._stopping.set()
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        for thread in self._threads:
            thread.join(UP_S)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def _supervise(self) -> None:
        environ = {**os.environ, "CXWATCH_WEB_PORT": str(self.port)}
        with (self.folder / "output").open("ab") as output:
            while not self._stopping.is_set():
                self._process = subprocess.Popen(
                    [*self._wrapper, *COMMAND, "run"], cwd=self.folder, env=environ, stdout=output, stderr=output
                )
                code = self._process.wait()
                if not self._stopping.is_set():
                    self.restarts.append(code)
                    time.sleep(1)

    def _send(self) -> None:
        try:
            while not self._stopping.is_set():
                with self._on_its_way:
                    if self._sending.is_set():
                        self.shop.send(self.shop.batch(), 90)
                time.sleep(0.05)
        except AssertionError as error:
            self._failures.append(error)

    def wait_for_events(self, more: int) -> float:
        """Wait until so many more events were accepted and measured; how many seconds that took."""
        began, goal = time.monotonic(), self.measured() + more
        while self.measured() < goal:
            assert time.monotonic() < began + 90, self.output()
            time.sleep(0.05)
        return time.monotonic() - began

    def measured(self) -> int:
        (row,) = self.server.sql("SELECT coalesce(sum(next_offset), 0) FROM partitions", database=NAME)
        return int(row[0])

    def output(self) -> str:
        return (self.folder / "output").read_text()[-3_000:]

    def stop_sending(self) -> None:
        """Let the batch that is on its way arrive, and send no more."""
        self._sending.clear()
        with self._on_its_way:
            pass

    def check(self) -> None:
        """Stop sending, and recount everything."""
        self.stop_sending()
        wait_until_settled(self.tell)
        assert self._failures == []
        check_answers(self.tell, self.shop)
        check_replay(self.tell)
        sql = partial(self.server.sql, database=NAME)
        assert sql("SELECT customer FROM cases WHERE closed_ms IS NULL GROUP BY customer HAVING count(*) > 1") == []
        flagged = "SELECT count(*) FROM flags WHERE flag_id NOT IN (SELECT flag_id FROM case_flags)"
        waiting = "SELECT count(*) FROM outbox WHERE state <> 'sent'"
        until = time.monotonic() + UP_S
        while (left := sql(f"SELECT ({flagged}), ({waiting})")) != [(0, 0)]:
            assert time.monotonic() < until, left
            time.sleep(0.2)
        (told_once,) = sql("SELECT count(DISTINCT outbox_id), count(ts), count(DISTINCT ts) FROM outbox")
        assert told_once[0] == told_once[1] == told_once[2]
        (shown,) = sql("SELECT count(*) FROM previews WHERE thread IS NULL")
        assert shown[0] == told_once[0]
        assert "Traceback" not in (self.folder / "output").read_text()


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


def crash_the_server(house: House) -> None:
    house.server.kill()
    time.sleep(3)
    house.server.start()


def restart_the_server(house: House) -> None:
    house.server.stop()
    house.server.start()


def cut_every_connection(house: House) -> None:
    for _ in range(15):
        house.server.cut(NAME)
        time.sleep(random.random() * 0.3)


def kill_the_process(house: House) -> None:
    house.process.kill()


def freeze_the_process(house: House) -> None:
    house.process.send_signal(signal.SIGSTOP)
    time.sleep(8)
    house.process.send_signal(signal.SIGCONT)


def keep_the_server_away_for_long(house: House) -> None:
    house.server.stop()
    time.sleep(40)  # longer than it tries: the process ends, and comes back with the server
    house.server.start()


FAULTS: list[Callable[[House], Any]] = [
    crash_the_server,
    restart_the_server,
    cut_every_connection,
    kill_the_process,
    freeze_the_process,
    keep_the_server_away_for_long,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_afterwards_every_number_is_right(fault: Callable[[House], Any], tmp_path: Path, server: Server) -> None:
    with House(tmp_path, server) as house:
        fault(house)
        pause_s = house.wait_for_events(40)
        print(f"{fault.__name__}: measured again {pause_s:.1f} s after it, exits {house.restarts}")
        house.wait_for_events(200)
        house.check()
        assert set(house.restarts) <= {1, 75, -9}


def test_a_worker_whose_clock_is_an_hour_slow_changes_nothing(tmp_path: Path, server: Server) -> None:
    wrapper = (need("faketime"), "--exclude-monotonic", "-f", "-1h")
    with House(tmp_path, server, wrapper) as house:
        house.wait_for_events(200)
        house.check()  # by its own clock every event would be of the future, and refused
    (refused,) = server.sql("SELECT sum(refused) FROM partitions", database=NAME)
    assert refused == (0,)


def test_a_backup_made_while_it_runs_is_restored_and_catches_up(tmp_path: Path, server: Server) -> None:
    """The drill of docs/operations.md."""
    with House(tmp_path, server) as house:
        server.program("pg_dump", "-Fc", "-f", str(server.folder / "backup"), "-d", server.conninfo(NAME))
        house.wait_for_events(400)  # the log goes on
    server.sql(f"DROP DATABASE {NAME}")
    house = House(tmp_path, server)  # an empty database of that name
    server.program("pg_restore", "--clean", "--if-exists", "-d", server.conninfo(NAME), str(server.folder / "backup"))
    behind, end = house.measured(), log_end(tmp_path)
    assert 0 < behind < end
    began = time.monotonic()
    with house:
        while house.measured() < end:
            assert time.monotonic() < began + 90, house.output()
            time.sleep(0.05)
        print(f"restored: {end - behind} records caught up, {time.monotonic() - began:.1f} s after the start")
        house.stop_sending()
        wait_until_settled(house.tell)
        check_replay(house.tell)


def log_end(folder: Path) -> int:
    """How many records the log has got."""
    conn = sqlite3.connect(folder / "cxwatch-data" / "log.db")
    (count,) = conn.execute("SELECT sum(next_offset) FROM heads").fetchone()
    conn.close()
    return int(count)
