"""Cells of a table as JSON values: text that stands for a number becomes one, what does not stays text.

Text that is no number is left as it is, so that the decoder refuses it with the same rule as over HTTP.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import fields

from streams.events import Refused, refused
from streams.wire import BY_TYPE

KNOWN_FIELDS = frozenset({"type"} | {info.encode_name for kind in BY_TYPE.values() for info in fields(kind)})
ATTRIBUTE_PREFIX = "attributes."

_WHOLE = re.compile(r"([+-]?[0-9]{1,15})(?:\.0*)?")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{0,25})?(?:[eE][+-]?[0-9]{1,3})?")
_WHOLE_FIELDS = frozenset({"score", "revision"})
_NUMBER_FIELDS = frozenset({"wait_seconds", "duration_seconds", "value"})
_REASON_ENDS = re.compile(r"[;|]")


def is_field(name: str) -> bool:
    """Whether an event can hold it: one of our fields, or attributes.NAME."""
    return name in KNOWN_FIELDS or (name.startswith(ATTRIBUTE_PREFIX) and len(name) > len(ATTRIBUTE_PREFIX))


def cell(name: str, text: str) -> Any:
    """What the text of a cell means in a field: "5.0" in score is 5, "a; b" in reasons a list."""
    if name in _WHOLE_FIELDS:
        whole = _WHOLE.fullmatch(text.strip())
        return int(whole[1]) if whole else text
    if name in _NUMBER_FIELDS:
        return float(text) if _NUMBER.fullmatch(text.strip()) else text
    if name == "reasons":
        listed = _parsed(text, list)
        return listed if listed is not None else [code.strip() for code in _REASON_ENDS.split(text) if code.strip()]
    if name == "attributes":
        found = _parsed(text, dict)
        return text if found is None else found
    if name == "consent":
        return {"true": True, "false": False}.get(text.strip().lower(), text)
    return text


def json_of(row: Mapping[str, Any]) -> bytes | Refused:
    """A row, its columns named like our fields, as the JSON of one event. Empty cells and unknown names go."""
    event: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    for name, value in row.items():
        if value is None or value == "" or not is_field(name):
            continue
        read = cell(name, value) if isinstance(value, str) else value
        if name.startswith(ATTRIBUTE_PREFIX):
            attributes[name.removeprefix(ATTRIBUTE_PREFIX)] = read
        else:
            event[name] = read
    if attributes:
        whole = event.get("attributes", {})
        event["attributes"] = {**whole, **attributes} if isinstance(whole, Mapping) else whole
    try:
        return msgspec.json.encode({name: _finite(value) for name, value in event.items()})
    except (TypeError, ValueError, OverflowError, RecursionError):
        return _unwritable(event)


def _parsed(text: str, kind: type) -> Any:
    try:
        return msgspec.json.decode(text.encode(), type=kind) if text.lstrip()[:1] in ("[", "{") else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _finite(value: Any) -> Any:
    """JSON has no infinite numbers, and would turn them into null, as if nothing had been given."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _unwritable(event: Mapping[str, Any]) -> Refused:
    for name, value in event.items():
        try:
            msgspec.json.encode(value)
        except UnicodeError:
            return refused(name, value, "must be valid UTF-8")
        except (TypeError, ValueError, OverflowError, RecursionError):
            return refused(name, type(value).__name__, "must be text, a number, true, false, a list or an object")
    return refused("event", "", "must be an event that can be read")
