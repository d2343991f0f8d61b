"""CRM facts about a customer: of each the one that was told last, in whatever order they arrive."""

from __future__ import annotations

from typing import Protocol

import msgspec

Fact = str | float | bool | None
Told = tuple[int, str, str, dict[str, Fact]]  # (time_ms, source, id) of an event, and the facts that still hold of it


class Facts(msgspec.Struct, frozen=True):
    """What the CRM says; None for what it never said."""

    tier: Fact = None
    value: Fact = None
    owner: Fact = None
    locale: Fact = None
    consent: Fact = None


class Profile(Protocol):
    """What is read of a profile event, beside the fields that Facts has."""

    @property
    def time_ms(self) -> int: ...
    @property
    def source(self) -> str: ...
    @property
    def id(self) -> str: ...


def tell(told: list[Told], profile: Profile) -> list[Told]:
    """Take over a profile event, newest first: each fact it holds wins over earlier ones; absent facts stay.

    At most one entry a fact is left. Ties in time go by (source, id).
    """
    facts = {name: getattr(profile, name, None) for name in Facts.__struct_fields__}
    versions = [*told, (profile.time_ms, profile.source, profile.id, facts)]
    versions.sort(key=lambda version: version[:3], reverse=True)
    known: set[str] = set()
    kept: list[Told] = []
    for time_ms, source, event_id, version in versions:
        news = {name: version[name] for name in sorted(version) if version[name] is not None and name not in known}
        known.update(news)
        if news:
            kept.append((time_ms, source, event_id, news))
    return kept


def facts_of(told: list[Told]) -> Facts:
    """The facts that hold."""
    found: dict[str, Fact] = {}
    for version in told:
        found |= version[3]
    return Facts(**found)
