from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from tests.support.dashboards import World, build_world, fill_world
from tests.support.databases import DATABASES, empty


@pytest.fixture(params=DATABASES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "sqlite":
        yield build_world(tmp_path)
        return
    with empty(request, tmp_path) as engine:
        yield fill_world(engine)


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with TestClient(world.app(), raise_server_exceptions=False) as opened:
        yield opened
