"""Why an event cannot be read: the slow path, which looks at one field after the other and names the rule.

The rules are those of streams/wire.py; here they are found one by one and put in words for who sent the event.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec
from msgspec import Raw
from msgspec.structs import FieldInfo, fields

from streams.events import Refused, refused
from streams.wire import ATTRIBUTES_MAX, BY_TYPE, REASONS_MAX, WHOLE_MAX, Wire

EVENT_BYTES_MAX = 256 * 1024  # the largest valid event, all text escaped, is well below
WHOLE_EVENT = "event"  # the field named where the event as a whole is wrong

UNREADABLE = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)

_TEXT_BOUNDS = {  # characters, as in streams/wire.py
    "id": (1, 256),
    "source": (1, 64),
    "channel": (1, 64),
    "stage": (1, 64),
    "interaction": (1, 64),
    "customer": (0, 128),
    "contact_id": (0, 128),
    "agent": (0, 128),
    "owner": (0, 128),
    "survey": (0, 64),
    "outcome": (0, 64),
    "tier": (0, 64),
    "locale": (0, 35),
    "comment": (0, 4_000),
}
_RULES = {
    "metric": "must be one of nps, csat, ces, stars, thumbs",
    "score": "must be a whole number",
    "revision": "must be a whole number from 0 to 2147483647",
    "wait_seconds": "must be a number of seconds from 0 to 1000000000",
    "duration_seconds": "must be a number of seconds from 0 to 1000000000",
    "value": "must be a number within +-1e15",
    "consent": "must be true, false or text of at most 64 characters",
    "reasons": f"must be a list of at most {REASONS_MAX} codes, each of 1 to 64 characters",
    "attributes": f"must be an object of at most {ATTRIBUTES_MAX} names",
}
# Looked up once: msgspec works a struct's fields out anew at every call.
_FIELDS = {kind: fields(kind) for kind in BY_TYPE.values()}
_NAMES = {kind: frozenset(info.encode_name for info in infos) | {"type"} for kind, infos in _FIELDS.items()}
_TIME = "must be a date with time and offset (RFC 3339), such as 2026-03-01T09:30:00+01:00"
_KINDS = ", ".join(BY_TYPE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_NO_OFFSET = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?")


def explain(raw: bytes, report: Callable[[str], None]) -> Refused | bytes:
    """The first reason to refuse an event, or the event again without its empty optional fields and unknown ones.

    `report` hears the name of each unknown field.
    """
    if len(raw) > EVENT_BYTES_MAX:
        return refused(WHOLE_EVENT, _shown(raw), f"must be smaller than {EVENT_BYTES_MAX // 1024} KiB")
    found = _object(raw)
    if isinstance(found, Refused):
        return found
    kind = _kind(found)
    if isinstance(kind, Refused):
        return kind
    for name in found.keys() - _NAMES[kind]:
        report(name)
    kept = {"type": bytes(found["type"])}
    for info in _FIELDS[kind]:
        part = bytes(found.get(info.encode_name, b"null"))
        problem = _absent(info, found) if part in (b"null", b'""') else _wrong(info, part)
        if isinstance(problem, Refused):
            return problem
        if problem is not None:
            kept[info.encode_name] = problem
    return msgspec.json.encode({name: Raw(part) for name, part in kept.items()})


def unknown_fields(raw: bytes, kind: type[Wire]) -> set[str]:
    """Names of the fields that were skipped; none if a name cannot be read."""
    try:
        found = msgspec.json.decode(raw, type=dict[str, Raw])
    except UNREADABLE:
        return set()
    return found.keys() - _NAMES[kind]


def _object(raw: bytes) -> dict[str, Raw] | Refused:
    try:
        return msgspec.json.decode(raw, type=dict[str, Raw])
    except msgspec.ValidationError:
        rule = "must be a JSON object"
    except msgspec.DecodeError as error:
        rule = f"must be valid JSON: {str(error).removeprefix('JSON is malformed: ')}"
    except RecursionError:
        rule = "must not be nested so deeply"
    except (ValueError, OverflowError):
        rule = "must have field names in valid UTF-8"
    return refused(WHOLE_EVENT, _shown(raw), rule)


def _kind(found: Mapping[str, Raw]) -> type[Wire] | Refused:
    if "type" not in found:
        return refused("type", "", f"must be given: {_KINDS}")
    try:
        kind = BY_TYPE[msgspec.json.decode(found["type"], type=str)]
    except (KeyError, *UNREADABLE):
        return refused("type", _shown(bytes(found["type"])), f"must be one of {_KINDS}")
    return kind


def _absent(info: FieldInfo, found: Mapping[str, Raw]) -> Refused | None:
    if not info.required:
        return None
    name = info.encode_name
    rule = rule_of(name, b"").removeprefix("must be ")
    return refused(name, _shown(bytes(found[name])) if name in found else "", f"must be given: {rule}")


def _wrong(info: FieldInfo, part: bytes) -> Refused | bytes | None:
    """The refusal of a field's value; or what of the value is kept."""
    name = info.encode_name
    if name == "attributes":
        return _attributes(part)
    try:
        value = msgspec.json.decode(part, type=info.type)
    except UNREADABLE as error:
        return refused(name, _shown(part), _utf8(part) or _json(error) or rule_of(name, part))
    if isinstance(value, str | tuple) and any(
        "\x00" in text for text in ([value] if isinstance(value, str) else value)
    ):
        return refused(name, _shown(part), "must not contain the character U+0000")
    return part


def _attributes(part: bytes) -> Refused | bytes | None:
    try:
        found = msgspec.json.decode(part, type=dict[str, Raw])
    except UNREADABLE as error:
        return refused("attributes", _shown(part), _utf8(part) or _json(error) or _RULES["attributes"])
    kept = {name: value for name, value in found.items() if bytes(value) not in (b"null", b'""')}
    if len(kept) > ATTRIBUTES_MAX:
        return refused("attributes", len(kept), f"must have at most {ATTRIBUTES_MAX} names")
    for name, value in kept.items():
        if not 1 <= len(name) <= 64 or "\x00" in name:
            return refused("attributes", name, "must have names of 1 to 64 characters")
        rule = _attribute(bytes(value))
        if rule is not None:
            return refused(f"attributes.{name}", _shown(bytes(value)), rule)
    return msgspec.json.encode(kept)


def _attribute(part: bytes) -> str | None:
    try:
        value = msgspec.json.decode(part)
    except UNREADABLE as error:
        return _utf8(part) or _json(error) or "must be a number that fits"
    if isinstance(value, dict | list):
        return "must be text, a number, true or false: nothing nested"
    if isinstance(value, str) and "\x00" in value:
        return "must not contain the character U+0000"
    if isinstance(value, str) and len(value) > 1_000:
        return "must be at most 1000 characters"
    if isinstance(value, int) and abs(value) > WHOLE_MAX:
        return f"must be within +-{WHOLE_MAX}, or be text"
    return None


def rule_of(name: str, part: bytes) -> str:
    """What a field must be, in words; a time's words depend on what it was."""
    if name in ("time", "promised_at", "actual_at"):
        return _time_rule(_shown(part))
    if name in _TEXT_BOUNDS:
        low, high = _TEXT_BOUNDS[name]
        return f"must be text of {low} to {high} characters" if low else f"must be text of at most {high} characters"
    return _RULES.get(name, "cannot be read")


def _time_rule(text: str) -> str:
    if _DATE.fullmatch(text):
        return f"{_TIME}; a date alone is read from files only, with --date-only"
    if _NO_OFFSET.fullmatch(text):
        return f"{_TIME}; for files whose times have no offset name their --timezone"
    return _TIME


def _utf8(part: bytes) -> str | None:
    try:
        part.decode()
    except UnicodeDecodeError:
        return "must be valid UTF-8"
    return None


def _json(error: Exception) -> str | None:
    """The rule where JSON itself is broken inside a value, such as half of a surrogate pair."""
    if isinstance(error, msgspec.DecodeError) and not isinstance(error, msgspec.ValidationError):
        return "must be valid JSON text"
    return "must not be nested so deeply" if isinstance(error, RecursionError) else None


def _shown(part: bytes) -> str:
    """A JSON value as people read it: text without its quotes."""
    if len(part) <= EVENT_BYTES_MAX and part[:1] == b'"':
        try:
            return msgspec.json.decode(part, type=str)
        except UNREADABLE:
            return part.strip(b'"').decode(errors="replace")
    return part[:1_000].decode(errors="replace")
