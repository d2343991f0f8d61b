"""One partition's state while this process owns it."""

from __future__ import annotations

from dataclasses import dataclass, field

from streams.duplicates import SeenHashes
from streams.measure.book import PaneBook
from streams.measure.customers import CustomerCache
from streams.measure.rows import Change, Pending, customer_row, pane_row


@dataclass(slots=True, eq=False)
class PartitionState:
    """Everything folded up to `next_offset`, of which everything up to `durable` is committed.

    A new object on every claim and reload: work in flight keeps the old one and finds it `dead`.
    """

    partition: int
    epoch: int
    next_offset: int
    durable: int
    commits: int
    greatest_ms: int | None
    append_ms: int | None
    minutes: PaneBook
    hours: PaneBook
    customers: CustomerCache
    seen: SeenHashes
    dead: bool = False
    pending: Pending = field(default_factory=Pending)
    on_the_way: Pending = field(default_factory=Pending)  # handed to a commit that has not answered yet

    @property
    def uncommitted(self) -> int:
        """Records folded and not committed."""
        return self.next_offset - self.durable

    def take(self) -> Change:
        """What the next commit writes. One at a time: `committed` or a reload must follow."""
        pending, self.pending = self.pending, Pending()
        self.on_the_way = pending
        changed, gone = self.customers.take()
        return Change(
            partition=self.partition,
            epoch=self.epoch,
            from_offset=self.durable,
            to_offset=self.next_offset,
            commit=self.commits + 1,
            greatest_ms=self.greatest_ms,
            append_ms=self.append_ms,
            minutes=[pane_row(key, pane, self.partition) for key, pane in self.minutes.take()],
            hours=[pane_row(key, pane, self.partition) for key, pane in self.hours.take()],
            customers=[customer_row(key, state, self.partition) for key, state in changed],
            gone=gone,
            hashes=self.seen.take_new(),
            oldest_hour=self.seen.oldest_bucket,
            pending=pending,
        )

    def committed(self, change: Change) -> None:
        """The change is in the database."""
        self.durable = change.to_offset
        self.commits = change.commit
        self.on_the_way = Pending()
        self.minutes.committed()
        self.hours.committed()
        self.customers.committed()

    def trim(self) -> None:
        """Let go of what has not been used for long. Only between two folds."""
        self.minutes.trim()
        self.hours.trim()
        self.customers.trim()
