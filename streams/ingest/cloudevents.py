"""CloudEvents 1.0 in structured mode: the event of ours inside an envelope, completed from the envelope."""

from __future__ import annotations

import binascii

import msgspec
from msgspec import Raw

from streams.events import Refused, refused
from streams.explain import EVENT_BYTES_MAX, UNREADABLE
from streams.wire import BY_TYPE

MEDIA_TYPES = frozenset({"application/cloudevents+json", "application/cloudevents-batch+json"})
VERSION = "1.0"
_MARK = b'"specversion"'
_NOTHING = (b"", b"null", b'""')
_COMMON = ("id", "source", "time")
_DATA_RULE = "must be a JSON object with the event's fields"
_KINDS = ", ".join(BY_TYPE)

_Fields = dict[str, Raw]
_object = msgspec.json.Decoder(_Fields).decode
_text = msgspec.json.Decoder(str).decode
_encode = msgspec.json.Encoder().encode


def is_plain(body: bytes, media_type: str) -> bool:
    """Whether there is no CloudEvent in a whole body: one look instead of one an event."""
    return media_type not in MEDIA_TYPES and _MARK not in body


def unwrap(raw: bytes, is_envelope: bool = False) -> bytes | Refused:
    """Our event as JSON: `raw` itself unless it is a CloudEvent (it has `specversion`, or its media type says so).

    What is no object, or too large to be looked at, is left to the decoder, which says why it is refused.
    """
    if not (is_envelope or _MARK in raw) or len(raw) > EVENT_BYTES_MAX:
        return raw
    try:
        envelope = _object(raw)
    except UNREADABLE:
        return raw
    if "specversion" not in envelope:
        return refused("specversion", "", f'must be given: "{VERSION}"') if is_envelope else raw
    if _read(envelope, "specversion") != VERSION:
        return refused("specversion", _shown(envelope, "specversion"), f'must be "{VERSION}", as text')
    event = _data(envelope)
    return event if isinstance(event, Refused) else _completed(event, envelope)


def _completed(event: _Fields, envelope: _Fields) -> bytes | Refused:
    if not _has(event, "type"):
        kind = _kind(envelope)
        if kind is None:
            rule = f"must be one of {_KINDS}, or end in a dot and one of them, or data must have a type"
            return refused("type", _shown(envelope, "type"), rule)
        event["type"] = Raw(_encode(kind))
    for name in _COMMON:
        if not _has(event, name) and _has(envelope, name):
            event[name] = envelope[name]
    if not _has(event, "customer") and _has(envelope, "subject"):
        event["customer"] = envelope["subject"]
    return _encode(event)


def _data(envelope: _Fields) -> _Fields | Refused:
    if _has(envelope, "data_base64"):
        if _has(envelope, "data"):
            return refused("data_base64", _shown(envelope, "data_base64"), "must not stand beside data: send only one")
        return _unpacked(envelope)
    if not _has(envelope, "data"):
        if _kind(envelope) == "erasure":  # the envelope says it all
            return {}
        return refused("data", _shown(envelope, "data"), f"must be given: it {_DATA_RULE}")
    try:
        return _object(envelope["data"])
    except UNREADABLE:
        return refused("data", _shown(envelope, "data"), _DATA_RULE)


def _unpacked(envelope: _Fields) -> _Fields | Refused:
    try:
        return _object(binascii.a2b_base64(_text(envelope["data_base64"]), strict_mode=True))
    except (binascii.Error, *UNREADABLE):
        return refused("data_base64", _shown(envelope, "data_base64"), f"must be base64 text; inside, it {_DATA_RULE}")


def _kind(envelope: _Fields) -> str | None:
    """Which of our types the envelope names: "feedback", or "com.example.feedback"."""
    last = (_read(envelope, "type") or "").rpartition(".")[2]
    return last if last in BY_TYPE else None


def _has(fields: _Fields, name: str) -> bool:
    return bytes(fields.get(name, b"")) not in _NOTHING


def _read(fields: _Fields, name: str) -> str | None:
    """A field's text; None if it is not there or no text."""
    try:
        return _text(fields[name]) if name in fields else None
    except UNREADABLE:
        return None


def _shown(fields: _Fields, name: str) -> str:
    text = _read(fields, name)
    return bytes(fields.get(name, b""))[:1_000].decode(errors="replace") if text is None else text
