"""What the CRM says about a customer, as far as cases need it."""

from __future__ import annotations

from sqlalchemy import Connection

from alerting.cases import Facts
from alerting.permission import consent_of
from streams.store.stories import customer

TIER_MAX = 64


def facts_of(conn: Connection, key: str) -> Facts:
    """Tier and value of a customer; nothing of what was never told or has the wrong shape."""
    state = customer(conn, key)
    if state is None:
        return Facts()
    told = state.facts()
    tier = told.tier[:TIER_MAX] if isinstance(told.tier, str) and told.tier else None
    usable = isinstance(told.value, int | float) and not isinstance(told.value, bool)
    value = float(told.value) if usable and told.value is not None else None
    return Facts(tier, value, consent_of(told.consent))
