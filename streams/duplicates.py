"""Which interactions were measured lately: hashes, bounded by time and number, kept over restarts."""

from __future__ import annotations

import sys
from array import array
from collections import deque
from collections.abc import Iterable
from functools import lru_cache

from xxhash import xxh3_64_intdigest

from streams.clock import HOUR_MS


def event_hash(source: str, id: str) -> int:
    """64 bits of an event's identity, the same on every machine (XXH3).

    Of 150,000 hashes kept, one new event in 1e14 is taken for a duplicate by chance.
    """
    return xxh3_64_intdigest(id.encode(), _seed(source))


@lru_cache(maxsize=256)
def _seed(source: str) -> int:
    return xxh3_64_intdigest(source.encode())


class SeenHashes:
    """The events of one partition seen within `hours` of append time, the newest `hashes_max` of them.

    First in, first out, by the order of `add`: so the same records give the same answers however they are batched
    and wherever a restart falls. Append times must not fall; one that does counts as the greatest so far. A duplicate
    does not refresh the first.

    >>> seen = SeenHashes(hours=48, hashes_max=150_000)
    >>> seen.add(event_hash("shop", "e1"), append_ms=0), seen.add(event_hash("shop", "e1"), append_ms=1)
    (True, False)
    """

    def __init__(self, hours: int, hashes_max: int) -> None:
        if hours < 0 or hashes_max < 1:
            raise ValueError(f"hours ({hours}) must not be below 0, hashes_max ({hashes_max}) not below 1")
        self.hours = hours
        self.hashes_max = hashes_max
        self._seen: set[int] = set()
        self._rows: deque[tuple[int, array[int]]] = deque()  # (hour of append time, hashes), oldest first
        self._gone = 0  # hashes of the oldest row that are no longer kept
        self._bucket: int | None = None
        self._until_ms = -sys.maxsize  # end of the newest hour
        self._row = array("Q")  # of that hour: all hashes, and those nobody has taken yet
        self._fresh = array("Q")
        self._new: list[tuple[int, array[int]]] = []

    def __len__(self) -> int:
        return len(self._seen)

    @property
    def oldest_bucket(self) -> int | None:
        """The hour of the oldest hash kept: stored rows of earlier hours are of no use any more."""
        return self._rows[0][0] if self._rows else None

    def add(self, event: int, append_ms: int) -> bool:
        """Remember an event; False if it is a duplicate."""
        if append_ms >= self._until_ms:
            self._start(append_ms // HOUR_MS)
        seen = self._seen
        if event in seen:
            return False
        seen.add(event)
        self._row.append(event)
        self._fresh.append(event)
        if len(seen) > self.hashes_max:
            self._drop_oldest()
        return True

    def take_new(self) -> list[tuple[int, bytes]]:
        """(hour, packed hashes) added since the last take, for the store to keep under its next commit."""
        self._put_by()
        taken, self._new = self._new, []
        return [(bucket, _packed(hashes)) for bucket, hashes in taken]

    def load(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """Take over what the store kept, ordered as it was taken."""
        for bucket, packed in rows:
            if self._bucket is None or bucket > self._bucket:
                self._start(bucket)
            for event in _unpacked(packed):
                self._row.append(event)
                self._seen.add(event)
                if len(self._seen) > self.hashes_max:
                    self._drop_oldest()

    def _start(self, bucket: int) -> None:
        """A new hour: forget the ones that are too old by now."""
        self._put_by()
        self._bucket, self._until_ms = bucket, (bucket + 1) * HOUR_MS
        while self._rows and self._rows[0][0] < bucket - self.hours:
            _, hashes = self._rows.popleft()
            self._seen.difference_update(hashes[self._gone :])
            self._gone = 0
        self._row = array("Q")
        self._rows.append((bucket, self._row))

    def _put_by(self) -> None:
        """What is fresh belongs to the hour that was the newest until now."""
        if self._fresh and self._bucket is not None:
            self._new.append((self._bucket, self._fresh))
            self._fresh = array("Q")

    def _drop_oldest(self) -> None:
        while self._gone >= len(self._rows[0][1]):
            self._rows.popleft()
            self._gone = 0
        self._seen.discard(self._rows[0][1][self._gone])
        self._gone += 1


def _packed(hashes: array[int]) -> bytes:
    if sys.byteorder == "big":
        hashes = array("Q", hashes)
        hashes.byteswap()
    return hashes.tobytes()


def _unpacked(data: bytes) -> array[int]:
    hashes = array("Q")
    hashes.frombytes(data)
    if sys.byteorder == "big":
        hashes.byteswap()
    return hashes
