"""The shop's customers: about 4,000 that its CRM knows, and guests who come once."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from cxwatch.demo.chance import generator, pick

KNOWN = 4_000
_KNOWN_SHARE = 0.30  # of journeys; the rest are guests with a key of their own, so few people fill every queue
_NAMELESS_SHARE = 0.10  # of guests: no key at all, as a visitor without cookies
_CUSTOMERS = 0xC0  # names this file's draws, so that no other file's equal them

_TIERS = (("standard", 0.60), ("silver", 0.30), ("gold", 0.10))
_VALUES = {"standard": 240.0, "silver": 900.0, "gold": 3_200.0}  # euros a year, the middle of each tier
_OWNERS = ("team-north", "team-south", "team-west", "key-accounts")


class Customer(NamedTuple):
    """Who a journey belongs to. `key` is None for somebody the shop cannot recognise."""

    key: str | None
    language: str  # "de" or "en"
    number: int | None  # in the CRM; None for guests


def somebody(seed: int, rng: Random, journey: str) -> Customer:
    """The customer of one journey."""
    if rng.random() < _KNOWN_SHARE:
        return known(seed, rng.randrange(KNOWN))
    language = "de" if rng.random() < 0.6 else "en"
    if rng.random() < _NAMELESS_SHARE:
        return Customer(None, language, None)
    return Customer(f"g-{journey}", language, None)


def known(seed: int, number: int) -> Customer:
    """A customer of the CRM."""
    language = "de" if generator(seed, _CUSTOMERS, number).random() < 0.6 else "en"
    return Customer(f"c-{number:04d}", language, number)


def profile(seed: int, number: int, event_id: str) -> dict[str, Any]:
    """What the CRM says about a customer, as a `profile` event without its time."""
    rng = generator(seed, _CUSTOMERS, number)
    language = "de" if rng.random() < 0.6 else "en"
    tier = pick(rng, _TIERS)
    return {
        "id": event_id,
        "source": "crm",
        "type": "profile",
        "channel": "web",
        "stage": "use",
        "customer": f"c-{number:04d}",
        "tier": tier,
        "value": round(_VALUES[tier] * rng.lognormvariate(0, 0.5), 2),
        "owner": "key-accounts" if tier == "gold" else rng.choice(_OWNERS[:3]),
        "locale": "de-DE" if language == "de" else "en-GB",
        "consent": rng.random() < 0.8,
    }
