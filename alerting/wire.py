"""What incidents and cases have in common as the API gives them. Times RFC 3339 UTC, segment null = all."""

from __future__ import annotations

from msgspec import Struct

from alerting.records import Event
from streams.clock import rfc3339
from streams.records import Segment


class Place(Struct, frozen=True):
    """A segment; null means all."""

    channel: str | None
    stage: str | None


class EventRow(Struct, frozen=True):
    """One line of a history; actor null = the product itself."""

    at: str
    kind: str
    actor: str | None
    text: str


def place_of(segment: Segment) -> Place:
    """A segment as the API gives it."""
    return Place(segment.channel, segment.stage)


def time_text(time_ms: int | None) -> str | None:
    """A time as the API gives it; None where there is none."""
    return None if time_ms is None else rfc3339(time_ms)


def event_row(event: Event) -> EventRow:
    """One line of a history."""
    return EventRow(rfc3339(event.at_ms), event.kind, event.actor, event.text)
