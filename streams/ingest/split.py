"""A body cut into events: one JSON object, an array, or one object a line. What an event is, is not looked at here."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from streams.explain import UNREADABLE
from streams.ingest.problems import NotTaken, too_large, unreadable

EVENTS_MAX = 10_000
LINES_MAX = 100_000  # empty ones included
PARTS_MAX = 1_000_000  # commas in an array: bounds what a body of nothing but short elements costs
BY_LINE = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
_SEND = "Send one event as a JSON object, several as a JSON array, or one object a line (application/x-ndjson)."

Part = bytes | Raw
_array = msgspec.json.Decoder(list[Raw]).decode
_any = msgspec.json.Decoder(Raw).decode


def media_type_of(content_type: str) -> str:
    """The type alone: "Application/JSON; charset=utf-8" -> "application/json"."""
    return content_type.partition(";")[0].strip().lower()


def split(body: bytes, media_type: str) -> Sequence[Part]:
    """The events of a body, each the bytes it came as; at least one. Raises NotTaken."""
    body = body.removeprefix(_BOM).strip(_SPACE)
    if not body:
        raise unreadable("must not be empty", _SEND)
    if media_type in BY_LINE:
        return _bounded(_lines(body))
    if body[:1] == b"[" and body.count(b",") >= PARTS_MAX:
        raise too_large(f"The body has more than {PARTS_MAX:,} parts")
    try:
        parts: Sequence[Part] = _array(body) if body[:1] == b"[" else (_any(body),)
    except UNREADABLE as error:
        if not _looks_like_lines(body):
            raise _malformed(error) from None
        parts = _lines(body)
    if not parts:
        raise unreadable("must hold at least one event", _SEND)
    return _bounded(parts)


def _lines(body: bytes) -> list[Part]:
    lines = body.split(b"\n", LINES_MAX)
    if len(lines) > LINES_MAX:
        raise too_large(f"The body has more than {LINES_MAX:,} lines")
    return [line for line in (line.strip(_SPACE) for line in lines) if line]


def _looks_like_lines(body: bytes) -> bool:
    """Whether what is no JSON as a whole is one object a line: its first or its last line is one by itself.

    A pretty-printed object with a mistake in it is not: its lines are pieces.
    """
    first, newline, _ = body.partition(b"\n")
    if not newline:
        return False
    for line in (first, body[body.rfind(b"\n") + 1 :]):
        try:
            if line.lstrip(_SPACE)[:1] == b"{" and _any(line):
                return True
        except UNREADABLE:
            continue
    return False


def _bounded(parts: Sequence[Part]) -> Sequence[Part]:
    if len(parts) > EVENTS_MAX:
        raise too_large(f"The request has {len(parts):,} events, and at most {EVENTS_MAX:,} are taken at once")
    return parts


def _malformed(error: Exception) -> NotTaken:
    if isinstance(error, RecursionError):
        return unreadable("must not be nested so deeply", _SEND)
    if not isinstance(error, msgspec.DecodeError):
        return unreadable("must be valid JSON in UTF-8", _SEND)
    why = str(error).removeprefix("JSON is malformed: ").replace("Input data was truncated", "it ends too early")
    return unreadable(f"must be valid JSON: {why}", _SEND)
