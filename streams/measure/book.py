"""The panes of one partition in one resolution: a bounded cache over the table, with what is not committed yet."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from streams.panes import Pane, PaneKey

PANES_MAX = 20_000  # kept in memory a partition and resolution


class PaneBook:
    """Panes by minute. A minute is here as a whole or not at all, so that nothing is looked up pane by pane.

    Life of a change: `merge` makes it dirty, `take` hands it to a commit, `committed` says it arrived. What is dirty
    or on its way is never dropped by `trim`: the table does not know it yet.
    """

    def __init__(self, known_to: int, panes_max: int = PANES_MAX) -> None:
        self._minutes: OrderedDict[int, dict[PaneKey, Pane]] = OrderedDict()
        self._dirty: set[PaneKey] = set()
        self._on_the_way: set[int] = set()
        self._known_to = known_to  # the table holds nothing after this minute
        self._panes_max = panes_max
        self._size = 0

    def missing(self, minutes: Iterable[int]) -> list[int]:
        """Minutes that must be loaded with `put` before `merge`."""
        return sorted(m for m in set(minutes) if m not in self._minutes and m <= self._known_to)

    def put(self, minutes: Iterable[int], panes: Mapping[PaneKey, Pane]) -> None:
        """Remember what the table holds for these minutes."""
        for minute in minutes:
            self._minutes[minute] = {}
        for key, pane in panes.items():
            self._minutes[key.minute][key] = pane
        self._size += len(panes)

    def merge(self, key: PaneKey, change: Pane) -> None:
        """Add a change to a pane."""
        minute = self._minutes.get(key.minute)
        if minute is None:
            minute = self._minutes[key.minute] = {}
            self._known_to = max(self._known_to, key.minute)
        else:
            self._minutes.move_to_end(key.minute)
        pane = minute.get(key)
        if pane is None:
            pane = minute[key] = Pane()
            self._size += 1
        pane.merge(change)
        self._dirty.add(key)

    def take(self) -> list[tuple[PaneKey, Pane]]:
        """What has changed since the last take, for a commit. One commit at a time."""
        taken = [(key, self._minutes[key.minute][key]) for key in sorted(self._dirty)]
        self._on_the_way = {key.minute for key in self._dirty}
        self._dirty = set()
        return taken

    def committed(self) -> None:
        """The last take is in the table."""
        self._on_the_way = set()

    def trim(self) -> None:
        """Drop the minutes not used for longest, down to the bound. Not between `missing` and `merge`."""
        if self._size <= self._panes_max:
            return
        needed = {key.minute for key in self._dirty} | self._on_the_way
        for minute in list(self._minutes):
            if self._size <= self._panes_max:
                break
            if minute not in needed:
                self._size -= len(self._minutes.pop(minute))
