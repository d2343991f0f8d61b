"""What every action of a person shares: who and when, how it can be refused, and its bounds."""

from __future__ import annotations

from dataclasses import dataclass

SNOOZE_MINUTES_MAX = 7 * 24 * 60
NOTE_MAX = 2_000
ACTOR_MAX = 100


class ActionError(ValueError):
    """The action cannot be done; the text says why and what to do."""


class NotThere(ActionError):
    """There is no such incident or case."""


class Stale(ActionError):
    """Somebody else was faster: the version has moved on."""


class NotPossible(ActionError):
    """Not in this state."""


@dataclass(frozen=True, slots=True)
class Doing:
    """Who does it and when (product time)."""

    actor: str
    at_ms: int


def minutes_within(minutes: int) -> int:
    """Minutes of a snooze within their bounds."""
    if not 1 <= minutes <= SNOOZE_MINUTES_MAX:
        raise NotPossible(f"minutes must be from 1 to {SNOOZE_MINUTES_MAX}, not {minutes}")
    return minutes


def moved_on(what: str, version: int, now: int | None) -> str:
    """Why a version is stale."""
    newest = "" if now is None else f", it is {now} now"
    return f"somebody else was faster: {what} is no longer at version {version}{newest}; read it again"
