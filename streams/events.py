"""Events as the rest of the product sees them: validated, times in milliseconds, absent things None.

JSON text becomes one of these in streams/decode.py, which also says no. Fields and bounds: docs/architecture.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Scalar = str | int | float | bool
Metric = Literal["nps", "csat", "ces", "stars", "thumbs"]

VALUE_CHARS_MAX = 200  # of a refused value that is shown


class Common(Struct, frozen=True, gc=False, tag_field="type"):
    """What every event says: which one it is (`id` within `source`), when, and where on the journey.

    Every kind of event also has `customer`, an opaque key (an event without one has no journey and counts as a
    customer of its own), and `attributes`. Fields can be given by position, which is several times as fast: the
    decoder does that, for every event.
    """

    id: str
    source: str
    time_ms: int
    channel: str
    stage: str


class Feedback(Common, frozen=True, gc=False, tag="feedback"):
    """An answer. `score` is on the scale of its metric and survey; a higher `revision` replaces a lower one."""

    metric: Metric
    score: int
    customer: str | None = None
    attributes: Mapping[str, Scalar] = {}
    survey: str | None = None
    comment: str | None = None
    reasons: tuple[str, ...] = ()
    revision: int = 0


class Interaction(Common, frozen=True, gc=False, tag="interaction"):
    """Something the customer met on the journey; `interaction` names the touchpoint, which the framework grades."""

    interaction: str
    customer: str | None = None
    attributes: Mapping[str, Scalar] = {}
    outcome: str | None = None
    wait_seconds: float | None = None
    duration_seconds: float | None = None
    promised_at_ms: int | None = None
    actual_at_ms: int | None = None
    contact_id: str | None = None
    agent: str | None = None
    comment: str | None = None


def overrun_seconds(event: Interaction) -> float | None:
    """How much later than promised it happened, 0 for in time; None where nothing was promised, or is still open."""
    if event.promised_at_ms is None or event.actual_at_ms is None:
        return None
    return max(0, event.actual_at_ms - event.promised_at_ms) / 1_000


class Profile(Common, frozen=True, gc=False, tag="profile"):
    """What the CRM says about a customer; the last one wins. `value` is in the company's own currency."""

    customer: str | None = None
    attributes: Mapping[str, Scalar] = {}
    tier: str | None = None
    value: float | None = None
    owner: str | None = None
    locale: str | None = None
    consent: bool | str | None = None


class Erasure(Common, frozen=True, gc=False, tag="erasure"):
    """Forget this customer."""

    customer: str | None = None
    attributes: Mapping[str, Scalar] = {}


Event = Feedback | Interaction | Profile | Erasure


class Refused(Struct, frozen=True):
    """Why an event was not taken: the field, its value (cut), and the rule it breaks in one plain sentence."""

    field: str
    value: str
    rule: str


def refused(field: str, value: object, rule: str) -> Refused:
    """A refusal whose texts are within their bounds, whatever they are made of."""
    shown = value if isinstance(value, str) else str(value)
    # A lone surrogate (a byte that was not UTF-8) could neither be stored nor sent.
    shown = shown[:VALUE_CHARS_MAX].encode("utf-8", "backslashreplace").decode()
    return Refused(field[:64].encode("utf-8", "backslashreplace").decode()[:64], shown[:VALUE_CHARS_MAX], rule)
