"""The database's tables over time. One file a change in versions/; `python -m cxwatch.migrations.write` writes them.

Every start compares one row with HEAD; Alembic is loaded only when there is something to do.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from cxwatch.errors import CannotStart

HEAD = "0001"
FOLDER = Path(__file__).parent
VERSION_TABLE = "alembic_version"


def revision(conn: Connection) -> str | None:
    """The revision that a database is at, None for an empty one."""
    if not inspect(conn).has_table(VERSION_TABLE):
        return None
    found: str | None = conn.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608  # a constant
    return found


def up_to_date(conn: Connection) -> bool:
    """Whether the database has exactly this version's tables."""
    return revision(conn) == HEAD


def upgrade(engine: Engine) -> bool:
    """Bring a database to this version's tables, in one transaction; whether there was anything to do.

    Two processes that start together take turns. Raises CannotStart for a database of a newer cxwatch.
    """
    with engine.connect() as conn:
        if up_to_date(conn):
            return False
    with engine.begin() as conn:
        _lock(conn)
        if up_to_date(conn):
            return False
        _run(conn)
    return True


def _lock(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.execute(text("SET LOCAL statement_timeout = 0"))  # tables may be large
        conn.execute(text("SELECT pg_advisory_xact_lock(677383497)"))


def _run(conn: Connection) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    from cxwatch.migrations.config import config

    settings = config(conn)
    at = revision(conn)
    known = {script.revision for script in ScriptDirectory.from_config(settings).walk_revisions()}
    if at is not None and at not in known:
        raise CannotStart(
            f"the database was written by a newer cxwatch (its tables are at {at}, this version knows {HEAD}): "
            "use that version or a newer one"
        )
    command.upgrade(settings, "head")
