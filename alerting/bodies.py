"""What the API takes: the bodies of actions."""

from __future__ import annotations

from msgspec import Struct

from alerting.actions import Outcome


class Act(Struct, frozen=True):
    """The body of an action: the version that the person saw."""

    version: int


class Snooze(Struct, frozen=True):
    """For how long to leave it in peace."""

    version: int
    minutes: int = 60


class Contact(Struct, frozen=True):
    """What was said, in a few words; it stays in the case."""

    version: int
    note: str = ""


class Close(Struct, frozen=True):
    """How a case ended; `reason` is needed without contact."""

    version: int
    outcome: Outcome
    reason: str = ""
