"""The database port: what every service may use, and what both engines promise.

Why a function and not `async with database.write() as tx`: SQLite shares one commit between all bodies that queued
during the last one; PostgreSQL may run a body again after a serialization failure.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy.sql.expression import ClauseElement

from hubbub.errors import HubbubError
from hubbub.events import Event

Row = tuple[Any, ...]
T = TypeVar("T")


class Conflict(HubbubError):
    """A unique, foreign-key or check constraint refused the write; the body's transaction is undone."""


class Transaction(Protocol):
    """Lives during one body. After any exception from it the transaction is undone, caught or not."""

    async def fetch(self, statement: ClauseElement, /, **values: Any) -> Sequence[Row]:
        """Run one statement (also INSERT/UPDATE … RETURNING); all of its rows, this transaction's writes included."""
        ...

    async def execute(self, statement: ClauseElement, /, **values: Any) -> int:
        """Run one statement and return how many rows it changed."""
        ...

    async def fetch_many(self, statement: ClauseElement, rows: Sequence[Mapping[str, Any]], /) -> Sequence[Row]:
        """Run one statement once for the values of each of `rows`, in their order and in one round trip; all rows that
        came back, in that order too. Without `rows` nothing is run."""
        ...

    async def lock(self, key: int) -> None:
        """Until the end of the transaction nobody else holds `key`. Take it before choosing an id that must become
        visible in order (a channel's next message). SQLite has one writer: nothing to do there."""
        ...

    async def emit(self, stream: str, event: Event) -> int:
        """Write a fact to the outbox of this transaction and return its sequence in the stream.

        The stream's head row is raised first, so `seq` is contiguous and in commit order. The fact is published after
        the commit, at least once; facts of one stream are published in order of `seq`."""
        ...

    async def emit_all(self, stream: str, told: Sequence[tuple[Event, str]], /) -> int:
        """The same for one fact or more, each with the traceparent of what caused it; returns the sequence of the first,
        the others follow it. Costs the round trips of one."""
        ...


class Database(Protocol):
    async def fetch(self, statement: ClauseElement, /, **values: Any) -> Sequence[Row]:
        """Read what is committed. Sees every write that was acknowledged before the call."""
        ...

    async def fetch_proved(self, stream: str, statement: ClauseElement, /, **values: Any) -> Sequence[Row]:
        """The same, of rows whose every change is told on `stream`, perhaps from a replica that has come as far as the
        head of the stream is now. For much that was written long ago; what is asked in a transaction never is."""
        ...

    async def write(self, body: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `body` in one transaction; return its result once it is durable.

        The body awaits nothing but its transaction, has no other effect (it may run twice) and is short.
        Raises what the body raises (nothing is then written), Conflict, or Unavailable.
        Cancelling the caller does not undo a body that already runs."""
        ...

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        """The newest sequence of each stream; 0 for a stream that never had an event."""
        ...

    async def events_after(self, stream: str, seq: int, limit: int) -> list[bytes] | None:
        """The encoded facts after `seq` in order, at most `limit`; None when the outbox no longer reaches back so far
        (it is kept for 10 minutes): then only a fresh read of the state helps."""
        ...

    async def close(self) -> None:
        """Finish the bodies accepted so far, then refuse."""
        ...
