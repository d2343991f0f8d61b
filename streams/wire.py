"""Events as JSON holds them: the bounds that one msgspec decode checks, and the way to and from streams/events.

The strict structs refuse fields they do not know, so that the decoder hears of them; the plain ones skip them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

from msgspec import NODEFAULT, Meta, Struct, field
from msgspec.json import Encoder
from msgspec.structs import fields

from streams.clock import EPOCH, to_ms
from streams.events import Erasure, Event, Feedback, Interaction, Metric, Profile

ATTRIBUTES_MAX = 32
REASONS_MAX = 32
WHOLE_MAX = 2**53  # JSON readers everywhere hold whole numbers exactly up to here

Name = Annotated[str, Meta(min_length=1, max_length=64)]
MaybeName = Annotated[str, Meta(max_length=64)] | None
Whole = Annotated[int, Meta(ge=-WHOLE_MAX, le=WHOLE_MAX)]
Moment = Annotated[datetime, Meta(tz=True)]
Seconds = Annotated[float, Meta(ge=0, le=1e9)] | None
Comment = Annotated[str, Meta(max_length=4_000)] | None
Attributes = Annotated[
    dict[Name, Annotated[str, Meta(max_length=1_000)] | Whole | float | bool], Meta(max_length=ATTRIBUTES_MAX)
]


class _Common(Struct, frozen=True, kw_only=True, gc=False, tag_field="type", omit_defaults=True):
    id: Annotated[str, Meta(min_length=1, max_length=256)]
    source: Name
    time: Moment
    customer: Annotated[str, Meta(max_length=128)] | None = None
    attributes: Attributes = field(default_factory=dict)


class WireFeedback(_Common, frozen=True, kw_only=True, gc=False, tag="feedback"):
    """See Feedback."""

    channel: Name
    stage: Name
    metric: Metric
    score: Whole
    survey: MaybeName = None
    comment: Comment = None
    reasons: Annotated[tuple[Name, ...], Meta(max_length=REASONS_MAX)] = ()
    revision: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


class WireInteraction(_Common, frozen=True, kw_only=True, gc=False, tag="interaction"):
    """See Interaction."""

    channel: Name
    stage: Name
    interaction: Name
    outcome: MaybeName = None
    wait_seconds: Seconds = None
    duration_seconds: Seconds = None
    promised_at: Moment | None = None
    actual_at: Moment | None = None
    contact_id: Annotated[str, Meta(max_length=128)] | None = None
    agent: Annotated[str, Meta(max_length=128)] | None = None
    comment: Comment = None


class WireProfile(_Common, frozen=True, kw_only=True, gc=False, tag="profile"):
    """See Profile. CRM facts belong to no place on the journey, so channel and stage may be absent."""

    channel: MaybeName = None
    stage: MaybeName = None
    tier: MaybeName = None
    value: Annotated[float, Meta(ge=-1e15, le=1e15)] | None = None
    owner: Annotated[str, Meta(max_length=128)] | None = None
    locale: Annotated[str, Meta(max_length=35)] | None = None
    consent: bool | Annotated[str, Meta(max_length=64)] | None = None


class WireErasure(_Common, frozen=True, kw_only=True, gc=False, tag="erasure"):
    """See Erasure."""

    channel: MaybeName = None
    stage: MaybeName = None


class StrictFeedback(WireFeedback, frozen=True, forbid_unknown_fields=True, gc=False, tag="feedback"):
    """Without fields it does not know."""


class StrictInteraction(WireInteraction, frozen=True, forbid_unknown_fields=True, gc=False, tag="interaction"):
    """Without fields it does not know."""


class StrictProfile(WireProfile, frozen=True, forbid_unknown_fields=True, gc=False, tag="profile"):
    """Without fields it does not know."""


class StrictErasure(WireErasure, frozen=True, forbid_unknown_fields=True, gc=False, tag="erasure"):
    """Without fields it does not know."""


Wire = WireFeedback | WireInteraction | WireProfile | WireErasure
Strict = StrictFeedback | StrictInteraction | StrictProfile | StrictErasure
BY_TYPE: dict[str, type[Wire]] = {
    "feedback": WireFeedback,
    "interaction": WireInteraction,
    "profile": WireProfile,
    "erasure": WireErasure,
}
_encode = Encoder().encode


class _Field(NamedTuple):
    """A field of an event: its name here, its name in JSON, whether it is a time, and what stands for nothing."""

    attribute: str
    name: str
    is_time: bool
    nothing: object


def _layout(event: type[Event]) -> tuple[str, tuple[_Field, ...]]:
    found = []
    for info in fields(event):
        nothing = info.default if info.default_factory is NODEFAULT else info.default_factory()
        found.append(_Field(info.name, info.name.removesuffix("_ms"), info.name.endswith("_ms"), nothing))
    return str(event.__struct_config__.tag), tuple(found)


_LAYOUTS = {event: _layout(event) for event in (Feedback, Interaction, Profile, Erasure)}


def from_wire(wire: Wire, time_ms: int, channel: str, stage: str) -> Event:
    """The event that was read, at the place it counts at; empty optional text becomes None."""
    attributes = wire.attributes
    if attributes and "" in attributes.values():
        attributes = {name: value for name, value in attributes.items() if value != ""}
    customer = wire.customer or None
    if isinstance(wire, WireInteraction):
        return Interaction(
            wire.id,
            wire.source,
            time_ms,
            channel,
            stage,
            wire.interaction,
            customer,
            attributes,
            wire.outcome or None,
            wire.wait_seconds,
            wire.duration_seconds,
            None if wire.promised_at is None else to_ms(wire.promised_at),
            None if wire.actual_at is None else to_ms(wire.actual_at),
            wire.contact_id or None,
            wire.agent or None,
            wire.comment or None,
        )
    if isinstance(wire, WireFeedback):
        return Feedback(
            wire.id,
            wire.source,
            time_ms,
            channel,
            stage,
            wire.metric,
            wire.score,
            customer,
            attributes,
            wire.survey or None,
            wire.comment or None,
            wire.reasons,
            wire.revision,
        )
    if isinstance(wire, WireProfile):
        return Profile(
            wire.id,
            wire.source,
            time_ms,
            channel,
            stage,
            customer,
            attributes,
            wire.tier or None,
            wire.value,
            wire.owner or None,
            wire.locale or None,
            None if wire.consent == "" else wire.consent,
        )
    return Erasure(wire.id, wire.source, time_ms, channel, stage, customer, attributes)


def to_json(event: Event) -> bytes:
    """The event as canonical JSON: fields in order, what is absent left out, times in UTC."""
    tag, layout = _LAYOUTS[type(event)]
    found: dict[str, object] = {"type": tag}
    for attribute, name, is_time, nothing in layout:
        value = getattr(event, attribute)
        if value != nothing:
            found[name] = EPOCH + timedelta(milliseconds=value) if is_time else value
    return _encode(found)
