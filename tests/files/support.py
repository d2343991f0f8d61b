"""What tests of files share: a file written, and read with the command line's options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from streams.decode import Decoder
from streams.events import Event, Refused
from streams.files.mapping import Mapping
from streams.files.reader import Row, read_rows
from streams.settings import MeasureSettings

NOW_MS = 1_772_366_400_000  # 2026-03-01T12:00:00Z
COMMON = ("type=feedback", "metric=nps", "source=shop", "channel=web", "stage=buy")
HEADER = "id,time,score"
TIME = "2026-02-01T10:00:00Z"


def rows_of(
    path: Path,
    content: bytes | str,
    *,
    maps: Sequence[str] = (),
    sets: Sequence[str] = COMMON,
    timezone: str | None = None,
    date_only: bool = False,
) -> list[Row]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    mapping = Mapping.parse(maps, sets, timezone, date_only)
    return list(read_rows(path, mapping, Decoder(MeasureSettings(), lambda _: None), NOW_MS))


def accepted(row: Row) -> Event:
    assert not isinstance(row.event, Refused), row
    return row.event


def refused(row: Row) -> Refused:
    assert isinstance(row.event, Refused), row
    return row.event


def json_line(**fields: Any) -> bytes:
    """A complete event as one line; a field that is ... is left out."""
    base = {
        "id": "e1",
        "source": "shop",
        "time": TIME,
        "type": "feedback",
        "channel": "web",
        "stage": "buy",
        "metric": "nps",
        "score": 3,
    }
    return msgspec.json.encode({k: v for k, v in {**base, **fields}.items() if v is not ...}) + b"\n"
