"""Writes a migration from what the rooms' tables are now: python -m cxwatch.migrations.write "what changes"

Run it in the source tree. It compares the tables with an empty database that was migrated as far as versions/ goes,
and writes the difference as the next file there. Read the file, then set HEAD in __init__.py to its number.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from alembic import command
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from cxwatch.migrations import FOLDER
from cxwatch.migrations.config import config
from cxwatch.migrations.tables import ALL_TABLES

TEMPLATE = '''"""{about}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {before}


def upgrade() -> None:
    """Make the change."""
    {body}
'''


def difference(conn: Connection) -> str:
    """Python code that makes the tables of a database those of the rooms; "pass" when they are."""
    context = MigrationContext.configure(conn, opts={"target_metadata": list(ALL_TABLES), "render_as_batch": True})
    script = produce_migrations(context, list(ALL_TABLES))  # type: ignore[arg-type]  # a list is allowed, see alembic's docs
    if script.upgrade_ops is None or script.upgrade_ops.is_empty():
        return "pass"
    return render_python_code(script.upgrade_ops, render_as_batch=True, migration_context=context)


def write(about: str, folder: Path = FOLDER) -> Path | None:
    """Write the next migration; None when there is nothing to write."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.begin() as conn:
        settings = config(conn)
        before = ScriptDirectory.from_config(settings).get_current_head()
        if before is not None:
            command.upgrade(settings, "head")
        body = difference(conn)
    if body == "pass":
        return None
    number = f"{int(before or 0) + 1:04d}"
    name = re.sub(r"\W+", "_", about.lower()).strip("_")[:40]
    path = folder / "versions" / f"v{number}_{name}.py"
    text = TEMPLATE.format(about=about, revision=number, before=None if before is None else f'"{before}"', body=body)
    path.write_text(re.sub(r"# ### .*\n\s*", "", text).replace("    # ### end Alembic commands ###\n", ""))
    return path


def main() -> int:
    """The command."""
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.stderr.write('say what changes: python -m cxwatch.migrations.write "a column for the tier"\n')
        return 2
    path = write(sys.argv[1].strip())
    sys.stderr.write("the tables have not changed\n" if path is None else f"wrote {path}: read it, then set HEAD\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
