"""What a body gets on SQLite: each statement runs at once on the writer's connection, inside a savepoint of the batch or of the body.

The methods are coroutines because the port's are, but they never wait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import apsw
from sqlalchemy.sql.expression import ClauseElement

from hubbub import events, trace
from hubbub.clock import Clock
from hubbub.errors import Unavailable
from hubbub.events import Event
from hubbub.infra.database.base import Conflict, Row
from hubbub.infra.database.outbox import ADD_FACT, RAISE_HEAD, Committed
from hubbub.infra.database.statements import compiled

_FAILING = (  # the disk, the file or another process; anything else from SQLite is a mistake in a statement
    apsw.BusyError,
    apsw.LockedError,
    apsw.FullError,
    apsw.IOError,
    apsw.NoMemError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.ReadOnlyError,
    apsw.InterruptError,
)


def in_our_words(error: BaseException) -> BaseException:
    """SQLite's error as the port's: Conflict, Unavailable, or unchanged when it is a defect of the statement."""
    if isinstance(error, apsw.ConstraintError):
        return Conflict(str(error))
    return Unavailable(f"SQLite: {error!r}") if isinstance(error, _FAILING) else error


class SqliteTransaction:
    def __init__(self, link: apsw.Connection, clock: Clock) -> None:
        self._link: apsw.Connection | None = link
        self._clock = clock
        self.facts: list[Committed] = []
        self.failed: BaseException | None = None  # set by any error: the body's work is undone even if it caught it

    async def fetch(self, statement: ClauseElement, /, **values: Any) -> Sequence[Row]:
        return self._run(statement, values)[0]

    async def execute(self, statement: ClauseElement, /, **values: Any) -> int:
        link = self._run(statement, values)[1]
        return link.changes()

    async def fetch_many(self, statement: ClauseElement, rows: Sequence[Mapping[str, Any]], /) -> Sequence[Row]:
        return [row for values in rows for row in self._run(statement, values)[0]]

    async def lock(self, key: int) -> None:
        pass

    async def emit(self, stream: str, event: Event) -> int:
        return await self.emit_all(stream, [(event, trace.traceparent())])

    async def emit_all(self, stream: str, told: Sequence[tuple[Event, str]], /) -> int:
        head: int = self._run(RAISE_HEAD, {"name": stream, "count": len(told)})[0][0][0]
        at, first = self._clock.now_ms(), head - len(told) + 1
        for seq, (event, cause) in enumerate(told, first):
            payload, topic = events.encode_of(cause, event, stream, seq, at), event.topic
            row = {"stream": stream, "seq": seq, "topic": topic, "payload": payload, "at": at}
            link = self._run(ADD_FACT, row)[1]
            self.facts.append(Committed(link.last_insert_rowid(), topic, payload))
        return first

    def end(self) -> None:
        """A transaction that outlives its body must not touch the next one."""
        self._link = None

    def _run(self, statement: ClauseElement, values: Mapping[str, Any]) -> tuple[list[Row], apsw.Connection]:
        link = self._link
        if link is None:
            raise RuntimeError("this transaction is over")
        if self.failed:  # SQLite may have ended the whole transaction: the statement would commit by itself
            raise self.failed
        try:
            text, arguments = compiled(statement, "sqlite")
            return link.execute(text, arguments(values)).fetchall(), link
        except BaseException as error:
            self.failed = in_our_words(error)
            if self.failed is error:
                raise
            raise self.failed from error
