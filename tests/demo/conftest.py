"""A live start at three in the night of a Sunday: the hour at which an incident is hardest to show."""

from datetime import UTC, datetime

import pytest

from cxwatch.demo.shop import Shop
from streams.clock import to_ms

LIVE_MS = to_ms(datetime(2026, 3, 1, 3, 0, tzinfo=UTC))
SEED = 7


@pytest.fixture(scope="session")
def shop() -> Shop:
    return Shop(SEED, LIVE_MS)


@pytest.fixture(scope="session")
def thin_shop() -> Shop:
    """One journey in forty: quick to tell again and again."""
    return Shop(SEED, LIVE_MS, keep=0.025)
