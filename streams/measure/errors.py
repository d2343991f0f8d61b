"""What can go wrong while measuring, each with its way out."""

from __future__ import annotations


class MeasureError(Exception):
    """Base of MEASURE's errors."""


class Fenced(MeasureError):
    """Another process owns the partition now. The way out: end this process, its supervisor starts it again."""

    def __init__(self, partition: int, epoch: int) -> None:
        super().__init__(
            f"partition {partition} was taken over by another process (our epoch {epoch} is over): restart me"
        )
        self.partition = partition


class Raced(MeasureError):
    """Two partitions stored the same answer at once. The way out: reload the partition and fold again."""

    def __init__(self, partition: int) -> None:
        super().__init__(f"an answer of partition {partition} was stored by another partition meanwhile: fold again")
        self.partition = partition


class StorageFailed(MeasureError):
    """The database did not answer, again and again. The way out: its disk and connection; nothing is lost."""
