"""The same measuring and deciding in memory: for `backtest`, and wherever numbers are wanted and nothing is kept."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from cxwatch.migrations.tables import ALL_TABLES


def open_memory() -> Engine:
    """A database that lives as long as the engine, on one connection: whoever uses it takes turns."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    for tables in ALL_TABLES:
        tables.create_all(engine)
    return engine
