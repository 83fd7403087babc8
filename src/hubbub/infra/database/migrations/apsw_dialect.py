"""SQLAlchemy on apsw, as much of it as Alembic needs: one connection, one transaction, reflection.

Migrations run with the same SQLite library as everything else (it may be the encrypting one), not with the standard
library's.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import apsw
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

paramstyle = "qmark"
sqlite_version_info = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
Error = DatabaseError = apsw.Error
IntegrityError = apsw.ConstraintError
OperationalError = ProgrammingError = InterfaceError = DataError = InternalError = NotSupportedError = apsw.SQLError


class ApswDialect(SQLiteDialect):
    driver = "apsw"
    default_paramstyle = "qmark"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> Any:
        return sys.modules[__name__]

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        return sqlite_version_info


class Connection:
    """A DB-API connection: everything between two commits is one transaction, table definitions too."""

    def __init__(self, link: apsw.Connection) -> None:
        self.link = link

    def cursor(self) -> Cursor:
        return Cursor(self.link)

    def commit(self) -> None:
        if self.link.in_transaction:
            self.link.execute("COMMIT")

    def rollback(self) -> None:
        if self.link.in_transaction:
            self.link.execute("ROLLBACK")

    def close(self) -> None:
        self.link.close()


class Cursor:
    arraysize = 1

    def __init__(self, link: apsw.Connection) -> None:
        self.description: Sequence[tuple[Any, ...]] | None = None
        self.rowcount = -1
        self.lastrowid = 0
        self._link = link
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, text: str, arguments: Sequence[Any] = ()) -> None:
        if not self._link.in_transaction:
            self._link.execute("BEGIN IMMEDIATE")
        cursor = self._link.cursor()
        cursor.exec_trace = self._describe  # the only moment when the columns of a result without rows are known
        before = self._link.total_changes()
        self._rows = cursor.execute(text, tuple(arguments)).fetchall()
        self.rowcount = self._link.total_changes() - before
        self.lastrowid = self._link.last_insert_rowid()

    def executemany(self, text: str, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            self.execute(text, row)

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.fetchmany(len(self._rows))

    def close(self) -> None:
        self._rows = []

    def _describe(self, cursor: apsw.Cursor, _text: str, _arguments: Any) -> bool:
        columns = cursor.get_description()
        self.description = [(name, kind, None, None, None, None, None) for name, kind in columns] or None
        return True
