from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.deciding.rig import TRUTH, Shop


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    await shop.close()


@pytest.fixture
async def truthful(tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop in which one bad event while buying opens a case."""
    shop = Shop(tmp_path, TRUTH)
    yield shop
    await shop.close()
