from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from streams.decode import Decoder
from streams.files.mapping import Mapping
from streams.files.reader import Row, read_rows
from streams.settings import MeasureSettings

NOW_MS = 1_772_366_400_000  # 2026-03-01T12:00:00Z
SETS = ["type=feedback", "metric=stars", "source=shop", "channel=web", "stage=buy"]

Reads = Callable[..., list[Row]]


@pytest.fixture
def read(tmp_path: Path) -> Reads:
    """Write a file and read its rows; `maps`, `sets`, `timezone` and `date_only` as on the command line."""

    def rows(
        content: str | bytes,
        *,
        name: str = "reviews.csv",
        maps: list[str] | None = None,
        sets: list[str] | None = None,
        timezone: str | None = None,
        date_only: bool = False,
    ) -> list[Row]:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        mapping = Mapping.parse(maps or [], SETS if sets is None else sets, timezone, date_only)
        return list(read_rows(path, mapping, Decoder(MeasureSettings(), lambda _: None), NOW_MS))

    return rows
