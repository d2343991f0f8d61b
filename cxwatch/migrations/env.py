"""What Alembic runs for every command; see config.py and tables.py."""

from __future__ import annotations

from alembic import context

from cxwatch.migrations.tables import ALL_TABLES

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=list(ALL_TABLES),
    render_as_batch=True,  # SQLite changes a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
