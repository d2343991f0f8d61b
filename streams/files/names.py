"""Which channels and stages a file speaks of, for settings that nobody has written yet."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import msgspec

from streams.decode import Decoder
from streams.events import Refused
from streams.files.mapping import Mapping
from streams.files.reader import read_rows
from streams.settings import OTHER, MeasureSettings

NAMES_MAX = 100
COUNTED_MAX = 10_000  # names told apart; a column that is no channel at all has a new one in every row


class _Place(msgspec.Struct):
    channel: str | None = None
    stage: str | None = None


_places = msgspec.json.Decoder(_Place)


def found_names(path: Path, mapping: Mapping) -> tuple[list[str], list[str]]:
    """Channels and stages of the file's valid rows, the most frequent first, at most 100 of each.

    Raises UnreadableFile.
    """
    channels: Counter[str] = Counter()
    stages: Counter[str] = Counter()
    decoder = Decoder(MeasureSettings(channels=(), stages=()), lambda _: None)
    for row in read_rows(path, mapping, decoder, sys.maxsize):  # no time is too far ahead: names have none
        if isinstance(row.event, Refused):
            continue
        place = _places.decode(row.raw)
        _count(channels, place.channel)
        _count(stages, place.stage)
    return _frequent(channels), _frequent(stages)


def _count(names: Counter[str], name: str | None) -> None:
    if name and name != OTHER and (name in names or len(names) < COUNTED_MAX):
        names[name] += 1


def _frequent(names: Counter[str]) -> list[str]:
    return [name for name, _ in names.most_common(NAMES_MAX)]
