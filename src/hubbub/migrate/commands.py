"""What an operator types, and the lines that answer."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg

from hubbub.backup.trouble import Trouble
from hubbub.clock import SystemClock
from hubbub.config import Config
from hubbub.migrate import tables
from hubbub.migrate.compare import compare
from hubbub.migrate.source import Source, held
from hubbub.migrate.tables import Shape
from hubbub.migrate.target import Target

CONNECTING = 10  # seconds
_LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


def migrate(settings: Config, verify_only: bool) -> int:
    """0 when everything is in PostgreSQL and the same there; else why not, on standard error, and 1."""
    try:
        asyncio.run(_said(_verified(settings) if verify_only else _moved(settings)))
    except Trouble as trouble:
        print(f"hubbub: {trouble}", file=sys.stderr)
        return 1
    return 0


async def _said(lines: AsyncIterator[str]) -> None:
    async for line in lines:
        print(line, flush=True)


async def _moved(settings: Config) -> AsyncIterator[str]:
    clock = SystemClock()
    since, shapes = clock.monotonic(), tables.every()
    with held(settings) as source:
        contents = source.check(shapes)
        yield f"from {settings.database_path.resolve()}: sound, revision {contents.revision}"
        if unfit := source.unfit(shapes):
            raise Trouble("PostgreSQL cannot keep these values; mend them first:\n  " + "\n  ".join(unfit))
        link = await _connected(settings)
        try:
            transaction = link.transaction()
            await transaction.start()
            async for line in _filled(source, Target(link), shapes):
                yield line
        except _LOST as error:
            raise Trouble(f"PostgreSQL: {error!r}. Nothing was changed there") from None
        else:
            await _committed(transaction)
            await _analyzed(link)
        finally:
            await _closed(link)
    yield f"done in {clock.monotonic() - since:.1f} s: {len(shapes)} tables, the same on both sides"
    for line in _left(settings):
        yield line


async def _filled(source: Source, target: Target, shapes: Sequence[Shape]) -> AsyncIterator[str]:
    yield f"to {await target.describe()}"
    await target.prepare(shapes)
    for shape in shapes:
        await target.fill(shape, source.rows(shape))
    for line in await target.number_on(shapes):
        yield line
    async for line in _compared(source, target, shapes):
        yield line


async def _verified(settings: Config) -> AsyncIterator[str]:
    """Compares and changes nothing."""
    shapes = tables.every()
    with held(settings) as source:
        source.check(shapes)
        link = await _connected(settings)
        try:
            async with link.transaction(isolation="repeatable_read", readonly=True):
                target = Target(link)
                yield f"{settings.database_path.resolve()} and {await target.describe()}"
                async for line in _compared(source, target, shapes):
                    yield line
        except _LOST as error:
            raise Trouble(f"PostgreSQL: {error!r}") from None
        finally:
            await _closed(link)
    yield f"{len(shapes)} tables, the same on both sides"


async def _compared(source: Source, target: Target, shapes: Sequence[Shape]) -> AsyncIterator[str]:
    wrong: list[str] = []
    for shape in shapes:
        found = await compare(shape, source.rows(shape), target.rows(shape))
        if found.same:
            yield f"{shape.name}: {found.source.rows:,} rows, sha256 {found.source.sha256[:16]} on both sides"
        else:
            wrong.append(
                f"{shape.name}: {found.source.rows:,} rows, sha256 {found.source.sha256[:16]} in SQLite; "
                f"{found.target.rows:,} rows, {found.target.sha256[:16]} in PostgreSQL; {found.difference}"
            )
    if wrong:
        raise Trouble("the two sides are not the same:\n  " + "\n  ".join(wrong))


async def _connected(settings: Config) -> Any:
    if not settings.database_url:
        raise Trouble("set DATABASE_URL to the PostgreSQL database that shall hold the instance")
    try:
        return await asyncpg.connect(
            settings.database_url, timeout=CONNECTING, server_settings={"application_name": "hubbub migrate"}
        )
    except (*_LOST, ValueError) as error:
        raise Trouble(f"DATABASE_URL: PostgreSQL does not let us in: {error}") from None


async def _committed(transaction: Any) -> None:
    try:
        await transaction.commit()
    except _LOST as error:
        raise Trouble(
            f"PostgreSQL: {error!r} at the very end. All of it is there or nothing is: "
            "`hubbub migrate sqlite-to-postgres --verify` tells"
        ) from None


async def _analyzed(link: Any) -> None:
    """So that the first plans are good; the server would do it by itself within minutes."""
    try:
        await link.execute("ANALYZE", timeout=None)
    except _LOST:
        return


async def _closed(link: Any) -> None:
    """Ends the transaction too, if it is still open: then nothing has happened."""
    try:
        await link.close(timeout=CONNECTING)
    except _LOST:
        link.terminate()


def _left(settings: Config) -> list[str]:
    folder = settings.data_dir.resolve()
    said = [
        f"{folder / 'keys'} belongs to the instance as before: start it with this HUBBUB_DATA_DIR, or give every process "
        f"of auth JWT_SECRET={folder / 'keys' / 'jwt.pem'}, and logins stay good",
        f"{settings.database_path.resolve()} is as it was; with DATABASE_URL set nothing reads it any more",
    ]
    blobs = folder / "blobs"
    if blobs.is_dir() and any(each.is_file() for each in blobs.rglob("*")):
        said.append(f"{blobs} stays where it is")
    return said
