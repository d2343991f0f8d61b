from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.deciding.rig import TRUTH, Shop
from tests.support.databases import DATABASES, open_database


@pytest.fixture(params=DATABASES)
async def shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    shop = Shop(tmp_path, database=open_database(request, tmp_path, request.param))
    yield shop
    await shop.close()


@pytest.fixture(params=DATABASES)
async def truthful(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop in which one bad event while buying opens a case."""
    shop = Shop(tmp_path, TRUTH, database=open_database(request, tmp_path, request.param))
    yield shop
    await shop.close()
