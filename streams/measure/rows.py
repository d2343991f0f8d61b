"""What a partition has folded and not yet committed, in the shape in which it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from streams.customers import CustomerState
from streams.panes import Pane, PaneKey
from streams.records import Flag
from streams.store.customers import CustomerRow
from streams.store.deadletters import DeadLetter
from streams.store.feedback import FeedbackRow
from streams.store.imports import ImportCounts

PaneRow = tuple[object, ...]  # the columns of hour_panes; panes have the number of the commit behind them


class Forgotten(NamedTuple):
    """A customer to forget: redaction of other rows happens in the same transaction."""

    customer: str
    customer_hash: str
    token: str
    requested_ms: int


@dataclass(slots=True)
class Tally:
    """What became of records; `history` is part of `accepted`."""

    accepted: int = 0
    duplicate: int = 0
    refused: int = 0
    history: int = 0

    def add(self, other: ImportCounts | Tally) -> None:
        """Count another tally in."""
        self.accepted += other.accepted
        self.duplicate += other.duplicate
        self.refused += other.refused
        self.history += other.history


@dataclass(slots=True)
class Pending:
    """Rows that only grow until they are committed. `replaced` holds the revision each answer replaces, -1 for none."""

    feedback: dict[bytes, FeedbackRow] = field(default_factory=dict)
    replaced: dict[bytes, int] = field(default_factory=dict)
    flags: dict[str, Flag] = field(default_factory=dict)
    letters: list[DeadLetter] = field(default_factory=list)
    forgotten: list[Forgotten] = field(default_factory=list)
    mentioned: dict[str, str] = field(default_factory=dict)  # keyed hash -> forgotten customer who turned up again
    tally: Tally = field(default_factory=Tally)
    by_origin: dict[str, Tally] = field(default_factory=dict)
    responses: dict[tuple[str, str, str, str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One partition's part of a transaction: absolute rows, gated by its offset, fenced by its epoch."""

    partition: int
    epoch: int
    from_offset: int
    to_offset: int
    commit: int
    greatest_ms: int | None
    append_ms: int | None
    minutes: list[PaneRow]
    hours: list[PaneRow]
    customers: list[CustomerRow]
    gone: list[str]
    hashes: list[tuple[int, bytes]]
    oldest_hour: int | None  # hashes of hours before this one may go
    pending: Pending


def pane_row(key: PaneKey, pane: Pane, partition: int) -> PaneRow:
    """A pane as it is written; encoded now, as the pane goes on changing while a commit runs."""
    return (
        *key,
        partition,
        pane.encode_counts(),
        pane.n,
        pane.bad,
        pane.bad_first,
        pane.live_n,
        pane.live_bad,
        pane.live_bad_first,
        None if pane.waits is None else pane.waits.to_bytes(),
        None if pane.durations is None else pane.durations.to_bytes(),
        None if pane.overruns is None else pane.overruns.to_bytes(),
    )


def customer_row(key: str, state: CustomerState, partition: int) -> CustomerRow:
    """A customer's state as it is written; encoded now, for the same reason."""
    last_ms = state.last_ms
    if state.profile:
        last_ms = max(last_ms, *(told[0] for told in state.profile))  # CRM facts are news of them too
    return key, partition, state.encode(), state.silent_due_ms, last_ms
