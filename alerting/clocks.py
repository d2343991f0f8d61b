"""By when a case should have been contacted. Plain hours for now; business hours come with the queue."""

from __future__ import annotations

from alerting.settings import AlertSettings
from streams.clock import MINUTE_MS


def first_contact_due_ms(opened_ms: int, tier: str | None, settings: AlertSettings) -> int:
    """When the first contact is due, by the customer's tier."""
    minutes = settings.first_contact_minutes.get((tier or "").lower(), settings.first_contact_minutes_default)
    return opened_ms + minutes * MINUTE_MS


def share_used(opened_ms: int, due_ms: int, now_ms: int) -> float:
    """How much of the time to first contact has passed, 0-1."""
    if due_ms <= opened_ms:
        return 1.0
    return min(1.0, max(0.0, (now_ms - opened_ms) / (due_ms - opened_ms)))
