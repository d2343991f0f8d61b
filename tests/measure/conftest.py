from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from streams.store.tables import metadata


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'state.db'}", connect_args={"timeout": 10})
    metadata.create_all(engine)
    yield engine
    engine.dispose()
