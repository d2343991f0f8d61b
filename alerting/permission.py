"""Whether a customer may be contacted now: their consent, and a cap on how often. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from alerting.settings import AlertSettings
from streams.clock import DAY_MS

Way = Literal["phone", "email", "chat", "letter", "other"]
WAYS: tuple[Way, ...] = get_args(Way)
_NO = frozenset({"no", "none", "false", "never", "denied", "withdrawn", "opt_out", "opt-out", "0"})


@dataclass(frozen=True, slots=True)
class Consent:
    """What the CRM says. `allowed` None: nothing is known, which forbids nothing; `ways` None: all of them."""

    allowed: bool | None = None
    ways: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """`why_not` is None where contacting is fine. `used` of `most` contacts in the last `days`."""

    why_not: str | None
    used: int
    most: int
    days: int
    next_ms: int | None  # when the cap lets somebody again, None where it does now


def consent_of(said: object) -> Consent:
    """Consent as profile events tell it: true or false, "no" and the like, or the ways that are fine: "email,phone"."""
    if isinstance(said, bool):
        return Consent(said)
    if not isinstance(said, str) or not said.strip():
        return Consent()
    words = {word.strip().lower() for word in said.replace(";", ",").split(",")}
    if words & _NO:
        return Consent(False)
    ways = words & set(WAYS)
    return Consent(True, frozenset(ways) if ways else None)


def permission(
    consent: Consent, way: Way | None, contacted_ms: Sequence[int], now_ms: int, settings: AlertSettings
) -> Permission:
    """Whether to contact somebody, who was contacted at those moments before. `way` None asks for any."""
    from_ms = now_ms - settings.contacts_days * DAY_MS
    recent = sorted(at_ms for at_ms in contacted_ms if at_ms > from_ms)
    most, days = settings.contacts_max, settings.contacts_days
    why_not, next_ms = None, None
    if len(recent) >= most:
        next_ms = recent[-most] + days * DAY_MS
        why_not = f"{len(recent)} of {most} contacts in {days} days are used"
    if consent.allowed is False:
        why_not = "the customer does not want to be contacted"
    elif way is not None and consent.ways is not None and way not in consent.ways:
        why_not = f"the customer wants to be contacted by {' or '.join(sorted(consent.ways))} only"
    return Permission(why_not, len(recent), most, days, next_ms)
