"""Who asked to be forgotten: events of theirs that arrive later stay anonymous."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streams.events import Event, Refused

TOKEN_PREFIX = "erased-"  # noqa: S105  # stands for a forgotten customer, opens nothing


@dataclass(frozen=True, slots=True)
class Erased:
    """One erasure: the random token that stands for the customer, and the time up to which events are theirs."""

    token: str
    requested_ms: int


@dataclass(slots=True)
class ErasedCustomers:
    """The database's erasures, by keyed hash. The key keeps the hashes from being looked up without it."""

    secret: bytes
    by_hash: dict[str, Erased] = field(default_factory=dict)

    def hash_of(self, customer: str) -> str:
        """Keyed hash of a customer key."""
        return hmac.digest(self.secret, customer.encode(), "sha256").hex()

    def token_for(self, customer: str, time_ms: int) -> str | None:
        """The token to store instead of this customer, None for one who was not forgotten or has come back since."""
        if not self.by_hash:
            return None
        erased = self.by_hash.get(self.hash_of(customer))
        return erased.token if erased is not None and time_ms <= erased.requested_ms else None

    def tokens_for(self, events: Sequence[Event | Refused]) -> list[str | None]:
        """For each event the token of its customer, where that was forgotten."""
        if not self.by_hash:
            return [None] * len(events)
        return [
            None if isinstance(event, Refused) or not event.customer else self.token_for(event.customer, event.time_ms)
            for event in events
        ]

    def add(self, erased: Mapping[str, Erased]) -> None:
        """Take over erasures read from the database or just measured."""
        self.by_hash.update(erased)


def is_token(customer: str) -> bool:
    """Whether a customer key stands for someone who was forgotten."""
    return customer.startswith(TOKEN_PREFIX)
