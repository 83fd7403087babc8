"""One table and its fact: enough of a service to see whether a database keeps its word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from sqlalchemy import Column, MetaData, Table, Text, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from hubbub import events
from hubbub.infra.database.base import Transaction
from hubbub.infra.database.migrations import migrate
from hubbub.infra.database.schema import Id
from hubbub.infra.database.sqlite_file import create_tables

TABLES = MetaData()
ledger = Table(
    "ledger",
    TABLES,
    Column("id", Id(), primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
)
ADD = insert(ledger).values(id=bindparam("id"), note=bindparam("note"))
IDS = select(ledger.c.id).order_by(ledger.c.id)
CLEAR = delete(ledger)


class Noted(events.Event, frozen=True, kw_only=True):
    subject: ClassVar[str] = "ledger.noted"
    id: int

    @property
    def audience(self) -> events.Audience:
        return events.User(self.id)


events.register(Noted)


def prepare(path: str) -> None:
    migrate(path)
    create_tables(path, TABLES)


def note(id: int, text: str = "n" * 200) -> Callable[[Transaction], Awaitable[int]]:
    """Write a row and its fact in one of three streams."""

    async def body(tx: Transaction) -> int:
        await tx.execute(ADD, id=id, note=text)
        return await tx.emit(f"ledger:{id % 3}", Noted(id=id))

    return body


def noted(payload: bytes) -> tuple[str, int, int]:
    """(stream, seq, id) of a published fact."""
    fact, event = events.decode(payload)
    assert isinstance(event, Noted)
    return fact.stream, fact.seq, event.id
