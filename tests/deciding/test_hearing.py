"""A process that only shows hears of what others commit, and one that decides tells its own pages at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from alerting.records import Event
from alerting.store import add_incident_event
from cxwatch.hearing import LOOK_S, Hearing
from streams.signal import Signal
from tests.deciding.rig import T0, Shop
from tests.measure import oracle


async def test_commits_and_decisions_of_others_ring_once_each(shop: Shop) -> None:
    bell = Signal()
    hearing = asyncio.create_task(Hearing(shop.database, bell).run())
    assert await bell.wait(0, 8) == 1  # what is there already
    await shop.append([oracle.event(1, T0)])
    await shop.measure()
    assert await bell.wait(1, 8) == 2
    with shop.database.begin() as conn:
        add_incident_event(conn, 1, Event(T0, "resolved", None, "Resolved by itself.", 2))
    assert await bell.wait(2, 8) == 3
    assert await bell.wait(3, 2 * LOOK_S) == 3  # nothing new, nothing to hear
    hearing.cancel()
    with suppress(asyncio.CancelledError):
        await hearing


async def test_a_bell_can_ring_another_one_with_it() -> None:
    changed = Signal()
    measured, decided = Signal(changed), Signal(changed)
    measured.ring()
    decided.ring()
    assert (measured.rings, decided.rings, changed.rings) == (1, 1, 2)
