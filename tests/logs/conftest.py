"""Storages that logs are tested on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from streams.clock import Clock
from streams.logs.sqlite import SqliteLog
from tests.logs.conformance import NewStorage
from tests.logs.support import Rig


@dataclass
class SqliteStorage:
    path: Path
    kind: str = "sqlite"

    @property
    def place(self) -> str:
        return str(self.path)

    def open(self, clock: Clock) -> SqliteLog:
        return SqliteLog(self.path, clock)


@pytest.fixture
def new_storage(tmp_path: Path) -> NewStorage:
    number = count()
    return lambda: SqliteStorage(tmp_path / f"log-{next(number)}.db")


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(tmp_path / "log.db")
    yield rig
    await rig.close()
