"""How much one round of DECIDE takes on: as much as fits well into its lease, whatever a minute costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxwatch.decide.closing import MINUTES_FIRST, MINUTES_MAX, MINUTES_MIN, minutes_next
from cxwatch.decide.lease import LEASE_MS


@given(st.floats(0.001, LEASE_MS / MINUTES_MIN / 2))
def test_after_a_few_rounds_each_one_fits_into_half_the_lease(cost_ms: float) -> None:
    minutes = MINUTES_FIRST
    for _ in range(12):
        minutes = minutes_next(minutes, int(minutes * cost_ms))
    assert MINUTES_MIN <= minutes <= MINUTES_MAX
    assert minutes * cost_ms <= LEASE_MS / 2


@pytest.mark.parametrize(("closed", "took_ms", "minutes"), [(60, 0, 120), (720, 0, 720), (1, 60_000, MINUTES_MIN)])
def test_it_grows_step_by_step_and_never_stands_still(closed: int, took_ms: int, minutes: int) -> None:
    assert minutes_next(closed, took_ms) == minutes
