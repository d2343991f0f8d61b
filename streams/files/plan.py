"""Which column of a table fills which field, worked out once from its header."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import fields

from streams.cells import is_field
from streams.events import Refused
from streams.files.errors import UnreadableFile
from streams.files.mapping import Mapping
from streams.files.times import TIME_FIELDS, LocalTimes
from streams.wire import BY_TYPE

COLUMNS_SHOWN_MAX = 30

_REQUIRED = {kind: [info.encode_name for info in fields(wire) if info.required] for kind, wire in BY_TYPE.items()}
_ALWAYS = [name for name in _REQUIRED["feedback"] if all(name in names for names in _REQUIRED.values())]


@dataclass(frozen=True, slots=True)
class Plan:
    """How the cells of each row become fields."""

    width: int
    columns: tuple[tuple[int, str], ...]  # index of a cell, field
    constants: dict[str, str]
    times: LocalTimes

    def fields_of(self, cells: Sequence[str]) -> dict[str, str]:
        """The fields that one row fills, as text."""
        return {name: cells[index] for index, name in self.columns} | self.constants

    def set_times(self, found: dict[str, str]) -> bool | Refused:
        """Give local times their offset, in place; whether one of them occurs twice or never."""
        ambiguous = False
        for name in TIME_FIELDS:
            if name not in found:
                continue
            moment = self.times.read(name, found[name])
            if isinstance(moment, Refused):
                return moment
            found[name] = moment.text
            ambiguous = ambiguous or moment.ambiguous
        return ambiguous


def plan(path: Path, header: Sequence[str], mapping: Mapping) -> Plan:
    """What a header and a mapping make. Raises UnreadableFile when rows of that kind can hold no event."""
    names = [cell.strip() for cell in header]
    _all_there(path, names, mapping)
    mapped = set(mapping.columns.values())
    columns = []
    for index, name in enumerate(names):
        target = mapping.columns.get(name, name if is_field(name) and name not in mapped else None)
        if target is not None and target not in mapping.constants:
            columns.append((index, target))
    filled = {target for _, target in columns} | {name for name, value in mapping.constants.items() if value}
    kind = mapping.constants.get("type", "")
    missing = [name for name in ["type", *_REQUIRED.get(kind, _ALWAYS)] if name not in filled]
    if missing:
        raise UnreadableFile(
            path,
            f"has nothing that gives {', '.join(missing)}",
            f"name the column with --map COLUMN={missing[0]}, or one value for all rows with --set {missing[0]}=VALUE; "
            f"its columns are {_shown(names)}",
        )
    times = LocalTimes(mapping.timezone, mapping.date_only)
    return Plan(len(names), tuple(columns), dict(mapping.constants), times)


def _all_there(path: Path, names: Sequence[str], mapping: Mapping) -> None:
    filled_by_another = set(mapping.columns.values()) | mapping.constants.keys()
    absent = [column for column in mapping.columns if column not in names]
    if absent:
        problem = f"has no column {', '.join(map(repr, absent))}, which --map names"
        raise UnreadableFile(path, problem, f"its columns are {_shown(names)}")
    twice = [
        name
        for name, times in Counter(names).items()
        if times > 1 and (name in mapping.columns or (is_field(name) and name not in filled_by_another))
    ]
    if twice:
        raise UnreadableFile(path, f"has two columns named {twice[0]!r}", "give one of them another name")


def _shown(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:64]) for name in names[:COLUMNS_SHOWN_MAX])
    return shown if len(names) <= COLUMNS_SHOWN_MAX else f"{shown} and {len(names) - COLUMNS_SHOWN_MAX} more"
