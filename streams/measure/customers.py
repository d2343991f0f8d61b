"""The customers of one partition: a bounded cache over the table, with what is not committed yet."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from itertools import islice

from streams.customers import CustomerState

CUSTOMERS_MAX = 3_000  # kept in memory a partition


class CustomerCache:
    """States by customer key; None is remembered for one who is not in the table.

    Life of a change as in PaneBook: `touched` makes it dirty, `take` hands it to a commit, `committed` lets go.
    """

    def __init__(self, customers_max: int = CUSTOMERS_MAX) -> None:
        self._states: OrderedDict[str, CustomerState] = OrderedDict()
        self._dirty: set[str] = set()
        self._gone: set[str] = set()  # to be deleted from the table
        self._on_the_way: set[str] = set()
        self._customers_max = customers_max

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Customers whose state must be loaded with `put` before `get`."""
        known, gone, on_the_way = self._states, self._gone, self._on_the_way
        return sorted(k for k in set(keys) if k not in known and k not in gone and k not in on_the_way)

    def put(self, states: Mapping[str, CustomerState]) -> None:
        """Remember what the table holds, of those not in memory already."""
        for key, state in states.items():
            if key not in self._gone and key not in self._on_the_way:
                self._states.setdefault(key, state)

    def get(self, key: str) -> CustomerState:
        """The state to change; a new one for a customer never met. Call `touched` after changing it."""
        state = self._states.get(key)
        if state is None:
            state = self._states[key] = CustomerState.new(key)
        else:
            self._states.move_to_end(key)
        return state

    def touched(self, key: str) -> None:
        """This customer's state has changed."""
        self._dirty.add(key)
        self._gone.discard(key)

    def replace(self, old: str, new: str, state: CustomerState) -> None:
        """Forget a customer and keep `state` under another key (erasure)."""
        self._states.pop(old, None)
        self._dirty.discard(old)
        self._gone.add(old)
        self._states[new] = state
        self._dirty.add(new)

    def take(self) -> tuple[list[tuple[str, CustomerState]], list[str]]:
        """(changed states, keys to delete) since the last take. One commit at a time.

        Of somebody who was forgotten and has nothing bad to be counted by, nothing is kept.
        """
        states = self._states
        changed = [(key, states[key]) for key in sorted(self._dirty) if states[key].bad or not states[key].forgotten]
        gone = sorted(self._gone)
        self._on_the_way = self._dirty | self._gone
        self._dirty, self._gone = set(), set()
        return changed, gone

    def committed(self) -> None:
        """The last take is in the table."""
        self._on_the_way = set()

    def trim(self) -> None:
        """Drop those not seen for longest, down to the bound. Not between `missing` and `get`."""
        surplus = len(self._states) - self._customers_max
        if surplus <= 0:
            return
        needed = self._dirty | self._on_the_way
        for key in list(islice((key for key in self._states if key not in needed), surplus)):
            del self._states[key]
