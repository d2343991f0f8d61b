"""One finding of `cxwatch doctor`."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Check(NamedTuple):
    """What was looked at, how it is, and what to do about it."""

    name: str
    state: Literal["ok", "note", "failed"]
    text: str
