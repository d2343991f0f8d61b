"""A batch before folding: its records decoded, and the stored rows they touch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from streams.events import Event, Feedback, Refused
from streams.measure.state import PartitionState
from streams.store.feedback import FeedbackRow, key_of


class Items(NamedTuple):
    """Records of a batch, decoded, column by column: one object a batch is cheaper than one a record.

    `tokens` stand for customers who were forgotten; all columns are of one length.
    """

    events: list[Event | Refused]
    raw: Sequence[bytes]
    append_ms: Sequence[int]
    origins: Sequence[str | None]
    tokens: Sequence[str | None]

    def between(self, start: int, end: int) -> Iterator[tuple[Event | Refused, bytes, int, str | None, str | None]]:
        """The records [start, end), each as one of every column."""
        columns = self.events, self.raw, self.append_ms, self.origins, self.tokens
        return zip(*(column[start:end] for column in columns), strict=True)


class Needs(NamedTuple):
    """Stored rows that a batch touches: to be loaded, and answers that a running commit is just writing."""

    feedback: list[bytes]
    customers: list[str]
    on_the_way: dict[bytes, FeedbackRow]


def needs(state: PartitionState, items: Items) -> Needs:
    """What must be loaded before folding: stored answers by key, and customers."""
    pending, on_the_way = state.pending.feedback, state.on_the_way.feedback
    keys: list[bytes] = []
    known: dict[bytes, FeedbackRow] = {}
    who: set[str] = set()
    for event, token in zip(items.events, items.tokens, strict=True):
        if isinstance(event, Refused):
            continue
        customer = token or event.customer
        if customer is not None:
            who.add(customer)
        if isinstance(event, Feedback):
            key = key_of(event.source, event.id)
            if key in on_the_way:
                known[key] = on_the_way[key]
            elif key not in pending:
                keys.append(key)
    return Needs(keys, state.customers.missing(who), known)
