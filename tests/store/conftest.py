"""The databases that the store must behave the same on.

PostgreSQL: add its name to DATABASES and a branch to `opened`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cxwatch.database import open_engine
from streams.store.tables import metadata

DATABASES = ("sqlite",)


def opened(name: str, folder: Path) -> Engine:
    """An engine as the product opens it."""
    assert name == "sqlite"
    return open_engine(folder / "state.db", durable=False)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    engine = opened(request.param, tmp_path)
    with engine.begin() as conn:
        metadata.create_all(conn, checkfirst=False)
    yield engine
    with engine.begin() as conn:
        metadata.drop_all(conn)
    engine.dispose()
