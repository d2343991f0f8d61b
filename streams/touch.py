"""One thing a customer lived through, on its way into their state and as that state remembers it."""

from __future__ import annotations

import struct
import zlib
from typing import Literal

import msgspec

TouchKind = Literal["feedback", "interaction"]

# Moved so that every time RFC 3339 can write is positive: six bytes, big end first, then sort as times do.
_YEAR_ONE_MS = 62_135_596_800_000
_TIME_BYTES = 6
_HEAD = struct.Struct(">HII")  # time in six bytes, then short_id
_ID_BYTES = _HEAD.size - _TIME_BYTES

_FEEDBACK, _BAD, _LIVE, _MARKED, _COMMENT, _GRADED, _COLD = (1 << bit for bit in range(7))

_encode = msgspec.msgpack.Encoder().encode
_Tail = tuple[int, str, str, str, int, str | None, int, int]
_decode = msgspec.msgpack.Decoder(_Tail).decode


class Touch(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the customer just lived through: an answer or an interaction, graded and judged by the caller.

    `name` is the scale's name or the touchpoint's, `value` the score or the grade (0 without one), `minutes` what it
    took of the customer's time. `live` is False for history: it counts, and tells nobody.
    """

    time_ms: int
    source: str
    id: str
    channel: str
    stage: str
    kind: TouchKind
    name: str
    value: int
    bad: bool
    live: bool
    survey_kind: str = ""
    graded: bool = False
    moment_of_truth: bool = False
    has_comment: bool = False
    contact_id: str | None = None
    outcome: str | None = None
    minutes: float | None = None
    revision: int = 0


class Lived(msgspec.Struct, frozen=True, gc=False):
    """One of a customer's last events, as their state remembers it.

    `short_id` is `short_id(source, id)` of the event: with the time it tells a customer's events apart. `case` stands
    for its contact_id (a checksum, 0 without one).
    """

    time_ms: int
    short_id: int
    channel: str
    stage: str
    kind: TouchKind
    name: str
    value: int
    bad: bool
    live: bool
    survey_kind: str
    graded: bool
    moment_of_truth: bool
    has_comment: bool
    outcome: str | None
    case: int
    seconds: int


def short_id(source: str, id: str) -> int:
    """32 bits of an event's identity, enough among one customer's events of one millisecond."""
    return zlib.crc32(f"{source}\0{id}".encode())


def case_of(contact_id: str | None) -> int:
    """32 bits that stand for a contact_id; 0 without one."""
    return zlib.crc32(contact_id.encode()) | 1 if contact_id is not None else 0


def time_key(time_ms: int) -> bytes:
    """A time as bytes that sort like times. Raises OverflowError after the year 8900."""
    return (time_ms + _YEAR_ONE_MS).to_bytes(_TIME_BYTES, "big")


def time_of(packed: bytes) -> int:
    """The time that bytes made here begin with."""
    return int.from_bytes(packed[:_TIME_BYTES], "big") - _YEAR_ONE_MS


def lived_key(touch: Touch) -> bytes:
    """What the remembered event begins with: it sorts by time, and tells this event from the customer's others."""
    moved = touch.time_ms + _YEAR_ONE_MS
    return _HEAD.pack(moved >> 32, moved & 0xFFFFFFFF, zlib.crc32(f"{touch.source}\0{touch.id}".encode()))


def pack(touch: Touch) -> bytes:
    """The event as a state remembers it: about 50 bytes, sorted like (time, short_id), read by `unpack`."""
    feedback = touch.kind == "feedback"
    bits = _GRADED if touch.graded else 0
    if feedback:
        bits |= _FEEDBACK | (_COMMENT if touch.has_comment else 0) | (_COLD if touch.survey_kind == "cold" else 0)
    if touch.bad:
        bits |= _BAD
    if touch.live:
        bits |= _LIVE
    if touch.moment_of_truth:
        bits |= _MARKED
    minutes, contact_id = touch.minutes, touch.contact_id
    return lived_key(touch) + _encode(
        (
            bits,
            touch.channel,
            touch.stage,
            touch.name,
            touch.value,
            touch.outcome,
            0 if contact_id is None else case_of(contact_id),
            0 if minutes is None else round(minutes * 60),
        )
    )


def unpack(packed: bytes) -> Lived:
    """The event that `pack` packed."""
    start = _TIME_BYTES + _ID_BYTES
    bits, channel, stage, name, value, outcome, case, seconds = _decode(packed[start:])
    feedback = bool(bits & _FEEDBACK)
    return Lived(
        time_ms=time_of(packed),
        short_id=int.from_bytes(packed[_TIME_BYTES:start], "big"),
        channel=channel,
        stage=stage,
        kind="feedback" if feedback else "interaction",
        name=name,
        value=value,
        bad=bool(bits & _BAD),
        live=bool(bits & _LIVE),
        survey_kind=("cold" if bits & _COLD else "hot") if feedback else "",
        graded=bool(bits & _GRADED),
        moment_of_truth=bool(bits & _MARKED),
        has_comment=bool(bits & _COMMENT),
        outcome=outcome,
        case=case,
        seconds=seconds,
    )
