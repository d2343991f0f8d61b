"""A customer's bad touches, and which of them are the first of their place in 24 h.

Ten complaints of one customer are one unhappy customer: a bad touch is a first if the same customer has no other bad
touch of its kind at the same channel and stage in the 24 h up to it, ordered by (time, source, id). Answers and graded
interactions are counted apart: a late parcel must not hide the bad answer about it, which detectors wait for. Putting
one in or taking one out can only change its immediate successor there, so that panes are corrected by at most two
changes.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from typing import NamedTuple

import msgspec

from streams.clock import DAY_MS, minute_of
from streams.panes import INTERACTION, PaneKey
from streams.touch import Touch, TouchKind, time_key, time_of

BAD_MAX = 20  # bad touches kept a customer, the newest
BAD_DAYS = 30  # and for how long before the customer's last event, in UTC days
SPELL_MS = DAY_MS  # within this one bad touch after another is the same unhappy customer

_FIRST, _LIVE, _FEEDBACK = 1, 2, 4
_PLACE = slice(-5, -1)  # checksum of channel, stage and kind
_KEY_LENGTH = slice(-7, -5)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, str, str, str, int]).decode


class FirstChange(NamedTuple):
    """Add `sign` to the first bad ones of this pane, of its live ones too if `live`."""

    key: PaneKey
    live: bool
    sign: int


class BadTouch(msgspec.Struct, frozen=True, gc=False):
    """A bad touch as the customer's state remembers it. `weight` (0-50) says how bad, see flags.weight_of."""

    time_ms: int
    source: str
    id: str
    channel: str
    stage: str
    kind: TouchKind
    name: str
    survey_kind: str
    weight: int
    live: bool
    first: bool


def insert(bad: list[bytes], touch: Touch, weight: int) -> list[FirstChange]:
    """Put a bad touch among a customer's, kept in order and at BAD_MAX; what that changes in panes.

    One that is older than everything kept, where something has fallen off the end, has no known past: see `ancient`.
    """
    place = _place(touch)
    key = _key(touch)
    at = bisect_left(bad, key)
    after = _after(bad, at, touch.time_ms, place)
    if at == 0 and len(bad) >= BAD_MAX:
        return ancient(bad, touch)
    changes = []
    first = _before(bad, at, touch.time_ms, place) is None
    if first:
        changes.append(FirstChange(_pane(touch), touch.live, 1))
    if after is not None and bad[after][-1] & _FIRST:
        changes.append(_turn(bad, after, -1))
    bits = first * _FIRST | touch.live * _LIVE | (touch.kind == "feedback") * _FEEDBACK
    tail = _encode((touch.channel, touch.stage, touch.name, touch.survey_kind, weight))
    bad.insert(at, key + tail + len(key).to_bytes(2, "big") + place + bytes((bits,)))
    if len(bad) > BAD_MAX:
        del bad[0]
    return changes


def ancient(bad: list[bytes], touch: Touch) -> list[FirstChange]:
    """What a bad touch changes that is older than what a state keeps: it is not kept either.

    It counts as first, unless a kept one follows at its place within 24 h (the same spell, counted there), and unless
    it is a revision, whose first reading has been counted.
    """
    if touch.revision or _after(bad, 0, touch.time_ms, _place(touch)) is not None:
        return []
    return [FirstChange(_pane(touch), touch.live, 1)]


def forget(bad: list[bytes], before_ms: int) -> None:
    """Drop bad touches before this time."""
    del bad[: bisect_left(bad, time_key(before_ms))]


def remove(bad: list[bytes], touch: Touch) -> list[FirstChange]:
    """Take a bad touch out again (a revision replaces it). Nothing if it is no longer kept."""
    key = _key(touch)
    at = bisect_left(bad, key)
    if at == len(bad) or not bad[at].startswith(key):
        return []
    entry = bad.pop(at)
    place = entry[_PLACE]
    changes = []
    if entry[-1] & _FIRST:
        gone = read(entry)
        changes.append(FirstChange(_pane(gone), gone.live, -1))
    time_ms = time_of(entry)
    after = _after(bad, at, time_ms, place)
    if after is None or bad[after][-1] & _FIRST:
        return changes
    if _before(bad, after, time_of(bad[after]), place) is None:
        changes.append(_turn(bad, after, 1))
    return changes


def latest_live_interaction(bad: list[bytes]) -> bytes | None:
    """The newest of them that is a live graded interaction: the one a silence is counted from."""
    for entry in reversed(bad):
        if entry[-1] & (_LIVE | _FEEDBACK) == _LIVE:
            return entry
    return None


def read(entry: bytes) -> BadTouch:
    """The bad touch that `insert` kept."""
    end = int.from_bytes(entry[_KEY_LENGTH], "big")
    source, _, event_id = entry[6 : end - 1].partition(b"\0")
    channel, stage, name, survey_kind, weight = _decode(entry[end:-7])
    bits = entry[-1]
    return BadTouch(
        time_ms=time_of(entry),
        source=source.decode(),
        id=event_id.decode(),
        channel=channel,
        stage=stage,
        kind="feedback" if bits & _FEEDBACK else "interaction",
        name=name,
        survey_kind=survey_kind,
        weight=weight,
        live=bool(bits & _LIVE),
        first=bool(bits & _FIRST),
    )


def _key(touch: Touch) -> bytes:
    """Sorts like (time, source, id)."""
    return time_key(touch.time_ms) + f"{touch.source}\0{touch.id}\0".encode()


def _place(touch: Touch) -> bytes:
    """Tells the few places of one customer apart; by chance two in 4e9 would be taken for one."""
    return zlib.crc32(f"{touch.channel}\0{touch.stage}\0{touch.kind}".encode()).to_bytes(4, "big")


def _before(bad: list[bytes], at: int, time_ms: int, place: bytes) -> int | None:
    """The nearest one before `at` of the same place, kind and spell."""
    limit = time_key(time_ms - SPELL_MS + 1)
    for i in range(at - 1, -1, -1):
        entry = bad[i]
        if entry < limit:
            return None
        if entry[_PLACE] == place:
            return i
    return None


def _after(bad: list[bytes], at: int, time_ms: int, place: bytes) -> int | None:
    """The nearest one from `at` on of the same place, kind and spell."""
    limit = time_key(time_ms + SPELL_MS)
    for i in range(at, len(bad)):
        entry = bad[i]
        if entry >= limit:
            return None
        if entry[_PLACE] == place:
            return i
    return None


def _turn(bad: list[bytes], at: int, sign: int) -> FirstChange:
    """Make a kept bad touch a first (1) or no longer one (-1)."""
    entry = bad[at]
    bad[at] = entry[:-1] + bytes((entry[-1] ^ _FIRST,))
    touch = read(entry)
    return FirstChange(_pane(touch), touch.live, sign)


def _pane(touch: Touch | BadTouch) -> PaneKey:
    metric = touch.name if touch.kind == "feedback" else INTERACTION
    return PaneKey(minute_of(touch.time_ms), touch.channel, touch.stage, metric, touch.survey_kind)
