"""The port behind which every place for messages stands, and the few ways in which handing one over can end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from alerting.records import Reference

Block = dict[str, Any]  # a Block Kit block, as JSON has it
Reach = Literal["message", "target", "channel"]  # how much a refusal is about: this message, its target, everything


@dataclass(frozen=True, slots=True)
class Message:
    """What is shown: blocks, and plain text for notifications. Rendered without I/O, so tests read it directly."""

    text: str
    blocks: tuple[Block, ...]
    about: Mapping[str, Any] = field(default_factory=dict)  # the same for machines: the API's fields, without words


class Mark(NamedTuple):
    """What a message carries so that it can be found again. Everybody in the channel can read it: opaque ids only."""

    delivery_id: str
    revision: int


class Found(NamedTuple):
    """A message found by its mark."""

    reference: Reference
    revision: int


class DeliveryError(Exception):
    """Handing over failed; the text says what and what to do, and holds no customer's words."""


class Refused(DeliveryError):
    """Surely not accepted. `permanent`: trying the same again is useless. `retry_after_s` is the place's own wish.

    `reach` "channel" (a bad token, no network) holds everything of the channel, "target" (an archived Slack channel)
    only what goes there; both last until somebody mends it, and no message is given up for them alone.
    """

    def __init__(
        self, reason: str, *, permanent: bool = False, retry_after_s: float | None = None, reach: Reach = "message"
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after_s = retry_after_s
        self.reach = reach


class Deleted(DeliveryError):
    """The message to edit or to answer is not there any more: somebody deleted it."""


class Ambiguous(DeliveryError):
    """Perhaps accepted: it must be settled by looking before it is sent again. `reach` as for Refused."""

    def __init__(self, reason: str, *, reach: Reach = "channel") -> None:
        super().__init__(reason)
        self.reach: Reach = reach


class Channel(Protocol):
    """A place for messages. Every call is bounded by `timeout_s` and raises only DeliveryErrors."""

    name: str
    timeout_s: float  # real seconds after which a call has surely ended on our side
    gap_s: float  # least real seconds between two calls for one target

    async def post(self, target: str, message: Message, mark: Mark) -> Reference:
        """Show a new message; where it stands."""

    async def update(self, posted: Reference, message: Message, mark: Mark) -> None:
        """Edit a message in place. Doing it twice is harmless."""

    async def note(self, parent: Reference, message: Message, mark: Mark) -> Reference:
        """Add a line to the thread under a message."""

    async def find(
        self, target: str, delivery_id: str, since_real_ms: int, parent: Reference | None
    ) -> Sequence[Found]:
        """Messages with that mark, oldest first: in the target, or with `parent` in its thread."""

    async def delete(self, posted: Reference) -> None:
        """Take a double away; one that is gone already is fine."""

    async def close(self) -> None:
        """Give connections back."""
