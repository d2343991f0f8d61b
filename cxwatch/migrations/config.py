"""Alembic's configuration without an ini file: the connection is handed in, the scripts lie in this package."""

from __future__ import annotations

from alembic.config import Config
from sqlalchemy import Connection

from cxwatch.migrations import FOLDER


def config(conn: Connection | None) -> Config:
    """For Alembic's commands; they work inside the caller's transaction."""
    settings = Config()
    settings.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = conn
    return settings
