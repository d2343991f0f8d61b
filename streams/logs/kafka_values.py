"""What a Kafka record is to us: its value as one event, whoever produced it, and which import it came from.

Headers of others are ignored. A value in the frame of a schema registry (a zero byte and four bytes of schema id
before the JSON) is taken out of it. A tombstone (no value) and whatever else is no JSON object end as dead letters,
because the decoder refuses them.
"""

from __future__ import annotations

from collections.abc import Iterable

ORIGIN_HEADER = "cxwatch-origin"
TOMBSTONE = b'{"type":"tombstone"}'  # refused by name: the decoder knows no such type
_FRAME_BYTES = 5
_FRAMED_JSON = (b"{", b"[", b" ", b"\n", b"\r", b"\t")
ORIGIN_MAX = 64


def value_of(raw: bytes | None) -> bytes:
    """The event in a record's value."""
    if raw is None:
        return TOMBSTONE
    if raw[:1] == b"\0" and raw[_FRAME_BYTES : _FRAME_BYTES + 1] in _FRAMED_JSON:
        return raw[_FRAME_BYTES:]
    return raw


def origin_of(headers: Iterable[tuple[str, bytes | None]] | None) -> str | None:
    """The import that a record came with; None for live ones and for headers that are not ours."""
    for name, value in headers or ():
        if name == ORIGIN_HEADER and value and len(value) <= ORIGIN_MAX:
            return value.decode("ascii", "replace")
    return None


def headers_of(origin: str | None) -> list[tuple[str, bytes]]:
    """The headers of a record of ours."""
    return [] if origin is None else [(ORIGIN_HEADER, origin.encode("ascii"))]
