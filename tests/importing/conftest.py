from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from cxwatch.database import open_state
from cxwatch.importing.records import Listener, Progress, RefusedRow
from cxwatch.settings import Settings
from streams.clock import DAY_MS, ManualClock
from streams.files.mapping import Mapping
from streams.store.tables import feedback

NOW_MS = 1_790_000_000_000 // DAY_MS * DAY_MS
HEADER = "id,time,score,comment\n"
MAPPING = Mapping.parse([], ["type=feedback", "metric=stars", "source=shop", "channel=web", "stage=buy"], "UTC", False)


@dataclass
class Heard:
    """Who listens to an import and remembers all of it."""

    told: list[Progress] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    on_progress: Callable[[Progress], None] = lambda _: None

    @property
    def listener(self) -> Listener:
        return Listener(self._progress, self.refused.append)

    def _progress(self, progress: Progress) -> None:
        self.told.append(progress)
        self.on_progress(progress)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_MS)


@pytest.fixture
def heard() -> Heard:
    return Heard()


def row(number: int, score: int = 4, comment: str = "fine", time: str = "2026-09-01 10:00:00") -> str:
    return f"r{number},{time},{score},{comment}\n"


def write(path: Path, rows: list[str]) -> Path:
    path.write_text(HEADER + "".join(rows))
    return path


def stored(settings: Settings) -> dict[str, int]:
    """Id -> score of all answers that are measured."""
    engine = open_state(settings)
    try:
        with engine.connect() as conn:
            return {row.id: row.score for row in conn.execute(select(feedback.c.id, feedback.c.score))}
    finally:
        engine.dispose()
