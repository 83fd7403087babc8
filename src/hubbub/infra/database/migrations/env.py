"""Alembic's environment: it executes this file for every command (see `alembic_run`, which fills `attributes`)."""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes


def write_sql() -> None:
    context.configure(dialect_name="postgresql", transactional_ddl=False, as_sql=True, render_as_batch=True)
    context.run_migrations()


def run() -> None:
    with attributes["engine"].connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=attributes["tables"],
            transactional_ddl=True,
            compare_type=True,
            compare_server_default=True,
            render_as_batch=True,  # SQLite alters a table by copying it; PostgreSQL alters it in place
        )
        with context.begin_transaction():
            context.run_migrations()
            if broken := attributes["link"].execute("PRAGMA foreign_key_check").fetchall():
                raise RuntimeError(f"the migration leaves rows that refer to nothing: {broken[:5]}")


if context.is_offline_mode():
    write_sql()
else:
    run()
