"""Alembic's environment: it executes this file for every command (see `alembic_run`, which fills `attributes`)."""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes

with attributes["engine"].connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=attributes["tables"],
        transactional_ddl=True,
        render_as_batch=True,  # SQLite alters a table by copying it; on PostgreSQL the same script alters it in place
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        if broken := attributes["link"].execute("PRAGMA foreign_key_check").fetchall():
            raise RuntimeError(f"the migration leaves rows that refer to nothing: {broken[:5]}")
