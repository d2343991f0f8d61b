"""JSON lines as rows: one event a line, as it is, or with its names mapped to our fields."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import msgspec
from msgspec import Raw

from streams.cells import ATTRIBUTE_PREFIX, cell, is_field
from streams.decode import Decoder
from streams.events import Refused
from streams.explain import EVENT_BYTES_MAX, UNREADABLE
from streams.files.mapping import Mapping
from streams.files.opening import Opened
from streams.files.rows import Row
from streams.files.times import TIME_FIELDS, LocalTimes

_BOM = b"\xef\xbb\xbf"
_KEYS = frozenset({"id", "customer", "contact_id"})  # text here, often numbers where they come from
_AS_CELL = frozenset(
    {"score", "revision", "wait_seconds", "duration_seconds", "value", "reasons", "consent", "attributes"}
)
_objects = msgspec.json.Decoder(dict[str, Raw])
_texts = msgspec.json.Decoder(str)


def read_lines(file: Opened, mapping: Mapping, decoder: Decoder, now_ms: int) -> Iterator[Row]:
    """The lines of a file; blank ones are passed over, and counted."""
    shape = None if mapping.changes_nothing else _Shape(mapping)
    number = 0
    while line := file.body.readline(EVENT_BYTES_MAX + 2):
        number += 1
        is_cut = not line.endswith(b"\n") and _skip_rest(file)
        if not is_cut:
            line = (line.removeprefix(_BOM) if number == 1 else line).strip()  # the mark is not part of it
        if not line:
            continue
        raw, ambiguous = (line, False) if shape is None or is_cut else shape.reshape(line)
        event = ambiguous if isinstance(ambiguous, Refused) else decoder.decode(raw, now_ms)
        yield Row(number, event, raw, file.position, ambiguous is True and not isinstance(event, Refused))


def _skip_rest(file: Opened) -> bool:
    """Whether there was more of a line: it is too long, and what has been read of it will be refused for its size."""
    piece = rest = file.body.readline(EVENT_BYTES_MAX)
    while piece and not piece.endswith(b"\n"):
        piece = file.body.readline(EVENT_BYTES_MAX)
    return bool(rest)


class _Shape:
    """Turns the names of one object into our fields. Values stay as they are written, except that times get their
    offset, and text that stands for a number, a list or a truth value is read as in a table.
    """

    def __init__(self, mapping: Mapping) -> None:
        self._columns = mapping.columns
        self._mapped = frozenset(mapping.columns.values())
        self._constants = mapping.constants
        self._fixed = [(name, Raw(msgspec.json.encode(value))) for name, value in mapping.constants.items() if value]
        self._times = LocalTimes(mapping.timezone, mapping.date_only)

    def reshape(self, line: bytes) -> tuple[bytes, bool | Refused]:
        """The line with our names, and whether a local time in it occurs twice or never; or why it cannot be read."""
        try:
            found = _objects.decode(line)
        except UNREADABLE:
            return line, False  # the decoder says what is wrong with it
        event: dict[str, object] = {}
        attributes: dict[str, object] = {}
        ambiguous = False
        problem: Refused | None = None
        for name, part in [*self._targets(found), *self._fixed]:
            value: object = part
            if name in TIME_FIELDS and (text := _text(part)) is not None:
                moment = self._times.read(name, text)
                if isinstance(moment, Refused):
                    problem = problem or moment
                else:
                    value, ambiguous = moment.text, ambiguous or moment.ambiguous
            if name.startswith(ATTRIBUTE_PREFIX):
                attributes[name.removeprefix(ATTRIBUTE_PREFIX)] = part
            else:
                event[name] = value if value is not part else _value(name, part)
        if attributes:
            event["attributes"] = _joined(event.get("attributes"), attributes)
        return msgspec.json.encode(event), problem or ambiguous

    def _targets(self, found: dict[str, Raw]) -> Iterator[tuple[str, Raw]]:
        for name, part in found.items():
            target = self._columns.get(name, name if is_field(name) and name not in self._mapped else None)
            if target is not None and target not in self._constants:
                yield target, part


def _text(part: Raw) -> str | None:
    """The text that a JSON value is, None if it is none that can be read."""
    try:
        return _texts.decode(part)
    except UNREADABLE:
        return None


def _value(name: str, part: Raw) -> object:
    if name in _KEYS and bytes(part)[:1] in b"-0123456789":
        return Raw(b'"' + bytes(part) + b'"')
    if name in _AS_CELL and (text := _text(part)) is not None:
        value = cell(name, text)
        return part if value in (inf, -inf) else value  # JSON has none: it would become null
    return part


def _joined(whole: object, attributes: dict[str, object]) -> object:
    """Attributes that were mapped one by one beside those that came as an object; one that is none is refused later."""
    if isinstance(whole, dict):
        return {**whole, **attributes}
    if not isinstance(whole, Raw) or bytes(whole) in (b"null", b'""'):
        return attributes
    try:
        return {**_objects.decode(whole), **attributes}
    except UNREADABLE:
        return whole
