"""The SQLite file that is moved: held alone for as long as it takes, read table by table, never all at once."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw

from hubbub.backup import soundness
from hubbub.backup.soundness import Contents
from hubbub.backup.trouble import Trouble
from hubbub.config import Config
from hubbub.errors import Unavailable
from hubbub.infra.database import sqlite_open
from hubbub.infra.database.migrations import newest
from hubbub.migrate.tables import Row, Shape

NAMED = 20  # values that cannot be moved are named, so many at most
NEITHER = ("alembic_version", "sqlite_sequence")  # made on the other side by its own migrations, or SQLite's own
# A mark says how far one writer's facts are published. SQLite has one writer, "main"; its rows say writer 0. Under this
# name whoever starts first on PostgreSQL publishes what a crash left behind, and forgets the mark.
MARKS, MARK, MARK_THERE = "outbox_marks", "main", "writer:0"
_ABOUT = {"integer": "integer", "small": "integer", "text": "text", "blob": "blob"}


class Source:
    """Made by `held`."""

    def __init__(self, path: Path, link: apsw.Connection) -> None:
        self._path = path
        self._link = link

    def check(self, shapes: Sequence[Shape]) -> Contents:
        """Raises Trouble unless the file is sound, of this version, and has the described tables and no others."""
        contents = soundness.look(self._path, self._link)
        if contents.revision != newest():
            raise Trouble(
                f"{self._path} is at revision {contents.revision}, this version works with {newest()}: start this "
                "version on it once, which brings it up to date, and stop it again"
            )
        found = {
            str(name): tuple(str(row[1]) for row in self._link.execute(f'PRAGMA table_info("{name}")'))
            for (name,) in self._link.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            if name not in NEITHER
        }
        described = {shape.name: shape.columns for shape in shapes}
        for name in sorted({*found, *described}):
            if set(found.get(name, ())) != set(described.get(name, ())):
                raise Trouble(f"{self._path}: the table {name} is not as this version describes it; it would lose data")
        return contents

    def unfit(self, shapes: Sequence[Shape]) -> list[str]:
        """Values that PostgreSQL would refuse, in words, at most NAMED: SQLite keeps anything in any column."""
        found: list[str] = []
        for shape in shapes:
            for place, column in enumerate(shape.columns):
                query = f'SELECT {_list(shape)} FROM "{shape.name}" WHERE {_unfit(shape, place)} LIMIT ?'
                rows = self._link.execute(query, (NAMED - len(found),)).fetchall()
                found += [f"{shape.name}.{column} of {shape.named(row)}: {_why(shape, place, row)}" for row in rows]
                if len(found) >= NAMED:
                    return found
        return found

    def rows(self, shape: Shape) -> Iterator[Row]:
        """All of a table as the other side shall have it, in order of its key."""
        order = ", ".join(f'"{shape.columns[place]}"' for place in shape.key)
        before: Row = ()
        try:
            for row in self._link.execute(f'SELECT {_list(shape)} FROM "{shape.name}" ORDER BY {order}'):
                before = row
                yield _there(row) if shape.name == MARKS else row
            if shape.name == MARKS and not before and self._link.execute("SELECT EXISTS (SELECT 1 FROM outbox)").get:
                yield MARK_THERE, 0  # it died before it knew that anything was published
        except UnicodeDecodeError as error:
            after = f"after {shape.named(before)}" if before else "first"
            raise Trouble(
                f"{self._path}: {shape.name} has text that is no UTF-8, in the row {after}: {error}"
            ) from None


@contextlib.contextmanager
def held(settings: Config) -> Generator[Source]:
    """The file of `settings`, closed to everybody else. Raises Trouble when it is not there or somebody has it open.

    Only who is alone may leave WAL mode; the exclusive transaction then keeps others out until the end. Nothing of it
    is changed but that its log is folded in, and that a server undoes at its next start."""
    path = settings.database_path
    if not path.exists():
        raise Trouble(f"there is no database in {settings.data_dir}: HUBBUB_DATA_DIR names another folder?")
    try:
        link = sqlite_open.open_file(str(path), settings.database_key, flags=apsw.SQLITE_OPEN_READWRITE)
    except Unavailable as error:
        raise Trouble(str(error)) from None
    except apsw.Error as error:
        raise Trouble(f"{path} cannot be opened: {error}") from None
    try:
        link.pragma("journal_mode", "delete")
        link.execute("BEGIN EXCLUSIVE")
        if link.pragma("journal_mode") != "delete":  # somebody was quicker
            raise apsw.BusyError
        yield Source(path, link)
    except apsw.BusyError:
        raise Trouble(f"an instance runs on {settings.data_dir.resolve()}; stop it first") from None
    except apsw.NotADBError:
        raise Trouble(f"{path} is no database, or HUBBUB_DATABASE_KEY is not its key") from None
    except apsw.Error as error:
        raise Trouble(f"{path} cannot be read: {error}") from None
    finally:
        link.close()


def _list(shape: Shape) -> str:
    return ", ".join(f'"{column}"' for column in shape.columns)


def _unfit(shape: Shape, place: int) -> str:
    column, kind = f'"{shape.columns[place]}"', shape.kinds[place]
    allowed = [_ABOUT[kind], *(["null"] if shape.nullable[place] else [])]
    wrong = f"typeof({column}) NOT IN ({', '.join(repr(each) for each in allowed)})"
    if kind == "text":
        return f"{wrong} OR instr(CAST({column} AS BLOB), x'00')"
    return f"{wrong} OR {column} NOT BETWEEN -32768 AND 32767" if kind == "small" else wrong


def _why(shape: Shape, place: int, row: Row) -> str:
    value: Any = row[place]
    if isinstance(value, str) and "\0" in value and shape.kinds[place] == "text":
        return "text with the character NUL, which PostgreSQL keeps in no text"
    if value is None:
        return "nothing, where something must be"
    return f"{type(value).__name__} {str(value)[:40]!r}, where {shape.kinds[place]} must be"


def _there(row: Row) -> Row:
    return (MARK_THERE, *row[1:]) if row[0] == MARK else row
