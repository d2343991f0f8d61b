"""What the API takes: the bodies of actions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from alerting.caseactions import Outcome
from alerting.permission import Way


class Act(Struct, frozen=True):
    """The body of an action: the version that the person saw."""

    version: int


class Snooze(Struct, frozen=True):
    """For how long to leave it in peace."""

    version: int
    minutes: int = 60


class Spam(Struct, frozen=True):
    """Whether it is possible spam."""

    version: int
    spam: bool = True


class HandOver(Struct, frozen=True):
    """Who has it from now on."""

    version: int
    to: Annotated[str, Meta(min_length=1, max_length=100)]


class Note(Struct, frozen=True):
    """A few words for the team; they stay in the product."""

    version: int
    note: Annotated[str, Meta(min_length=1, max_length=2_000)]


class Contact(Struct, frozen=True):
    """An attempt to reach the customer; `asked` says that the customer wanted it. `callback_at` with its offset."""

    version: int
    note: Annotated[str, Meta(max_length=2_000)] = ""
    way: Way = "phone"
    reached: bool = True
    callback_at: Annotated[datetime, Meta(tz=True)] | None = None
    promise: Annotated[str, Meta(max_length=2_000)] = ""
    asked: bool = False


class Close(Struct, frozen=True):
    """How a case ended; `reason` is needed without contact. `main_reason` is a code for counting."""

    version: int
    outcome: Outcome
    reason: Annotated[str, Meta(max_length=2_000)] = ""
    main_reason: Annotated[str, Meta(max_length=128)] = ""
