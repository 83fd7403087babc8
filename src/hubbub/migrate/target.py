"""The PostgreSQL database that is filled: one transaction from the first look to the commit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import asyncpg

from hubbub.backup.trouble import Trouble
from hubbub.errors import Unavailable
from hubbub.infra.database.migrations import postgres_run
from hubbub.migrate.tables import Row, Shape

OLDEST = 150_000  # server_version_num
BATCH = 500  # rows fetched at a time
_PATIENCE = (
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = '5s'"
)
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"


class Target:
    """`link` is inside a transaction."""

    def __init__(self, link: Any) -> None:
        self._link = link

    async def describe(self) -> str:
        """Raises Trouble when it is too old or keeps text other than as UTF-8."""
        await self._link.execute(_PATIENCE)
        version, number, encoding, name = await self._link.fetchrow(
            "SELECT current_setting('server_version'), current_setting('server_version_num')::int, "
            "current_setting('server_encoding'), current_database()"
        )
        if number < OLDEST:
            raise Trouble(f"PostgreSQL {version} is too old: 15 or newer is needed")
        if encoding != "UTF8":
            raise Trouble(f"the database {name} keeps text as {encoding}: make one with ENCODING 'UTF8'")
        return f"PostgreSQL {version}, database {name}"

    async def prepare(self, shapes: Sequence[Shape]) -> None:
        """Make the tables. Raises Trouble unless the database was empty; from then on nobody else can look into them."""
        ours = {shape.name for shape in shapes}
        for (name,) in await self._link.fetch(_TABLES):
            if name not in {*ours, "alembic_version"}:
                raise Trouble(f"the database is not empty: it has a table {name}, which is none of Hubbub's")
        try:
            await postgres_run.upgrade(self._link)
            await self._link.execute(f"LOCK TABLE {', '.join(map(_quoted, sorted(ours)))} IN ACCESS EXCLUSIVE MODE")
        except asyncpg.LockNotAvailableError:
            raise Trouble("somebody uses the database: stop what runs on it") from None
        except Unavailable as error:
            raise Trouble(str(error)) from None
        for name in sorted(ours):
            if await self._link.fetchval(f"SELECT EXISTS (SELECT FROM {_quoted(name)})"):
                raise Trouble(f"the database is not empty: there are rows in {name}. Nothing is ever overwritten")

    async def fill(self, shape: Shape, rows: Iterable[Row]) -> None:
        """asyncpg takes rows as fast as the server does, 512 KiB ahead."""
        await self._link.copy_records_to_table(shape.name, records=rows, columns=shape.columns, timeout=None)

    async def number_on(self, shapes: Sequence[Shape]) -> list[str]:
        """Let what PostgreSQL numbers itself go on after the highest that came; in words."""
        said: list[str] = []
        for shape in shapes:
            if not shape.counted:
                continue
            column, table = _quoted(shape.counted), _quoted(shape.name)
            highest = await self._link.fetchval(f"SELECT max({column}) FROM {table}")
            if highest is not None:
                place = "pg_get_serial_sequence($1, $2)"
                await self._link.execute(f"SELECT setval({place}, $3)", table, shape.counted, highest)
                said.append(f"{shape.name}.{shape.counted} goes on after {highest:,}")
        return said

    async def rows(self, shape: Shape) -> AsyncIterator[Row]:
        """All of a table in order of its key, texts by code points whatever the locale."""
        texts = [' COLLATE "C"' if shape.kinds[place] == "text" else "" for place in shape.key]
        order = ", ".join(_quoted(shape.columns[place]) + text for place, text in zip(shape.key, texts, strict=True))
        columns = ", ".join(map(_quoted, shape.columns))
        query = f"SELECT {columns} FROM {_quoted(shape.name)} ORDER BY {order}"
        async for row in self._link.cursor(query, prefetch=BATCH):
            yield tuple(row)


def _quoted(name: str) -> str:
    return f'"{name}"'
