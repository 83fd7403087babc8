"""Bringing PostgreSQL up to date: the same revisions, as SQL that asyncpg executes.

Alembic's own connection would need another driver, so it writes its script ("offline mode") and we run that: one
transaction, under a lock, as several processes may start at once. A revision may therefore not read rows in Python;
one that moves rows does it in SQL, which both engines run.
"""

from __future__ import annotations

import asyncio
import io

import asyncpg

from hubbub.errors import Unavailable
from hubbub.infra.database import migrations

_LOCK = 0x4875626275  # of bodies' kind, but no snowflake
_STORED = "SELECT max(version_num) FROM alembic_version"
# a look into the table of tables, not `to_regclass`: that answers from a cache which may be older than our lock
_EXISTS = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'alembic_version')"


async def stored(link: asyncpg.Connection) -> str:
    """The revision of the database, `0000` when it is new."""
    return (await link.fetchval(_STORED) or "0000") if await link.fetchval(_EXISTS) else "0000"


async def migrate(url: str) -> None:
    """Bring the database to the newest revision, all or nothing.

    Raises Unavailable when the server is not there, or a newer version of Hubbub has written the database."""
    link = await asyncpg.connect(url, timeout=10)
    try:
        if await stored(link) == migrations.newest():
            return
        async with link.transaction():
            await upgrade(link)
    finally:
        await link.close()


async def upgrade(link: asyncpg.Connection) -> None:
    """The same within the transaction that the caller has begun."""
    want = migrations.newest()
    await link.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    have = await stored(link)
    if have > want:
        raise Unavailable(f"PostgreSQL is at revision {have}, this version of Hubbub knows {want}")
    if have < want:
        await link.execute(await asyncio.to_thread(script, have))


def script(have: str) -> str:
    """The SQL that takes a database from revision `have` to the newest."""
    from hubbub.infra.database.migrations.alembic_run import write_sql

    written = io.StringIO()
    write_sql(written, "base" if have == "0000" else have)
    return written.getvalue()
