"""Opening the SQLite file: settings that every connection needs, and the tables brought up to date first."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import apsw
from sqlalchemy import MetaData

from hubbub.infra.database.schema import metadata
from hubbub.infra.database.sqlite_open import open_file

CHECKPOINT_PAGES = 1_000  # of 4 KiB: the log is copied into the file when it has grown past this
SYNCHRONOUS = "full"  # a commit returns when the disk has it; "normal" loses acknowledged writes with the power
WAL_LIMIT = 16 * 1024 * 1024  # bytes: a log that had to grow (long reader, big batch) shrinks again to this


class Links(NamedTuple):
    writer: apsw.Connection
    reader: apsw.Connection


def open_links(path: str, prepare: Callable[[str], None], replicated: bool, key: str) -> Links:
    prepare(path)
    writer = connect(path, key)
    writer.pragma("journal_mode", "wal")
    reader = connect(path, key)
    reader.pragma("query_only", True)
    for link in (writer, reader) if replicated else ():
        link.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    return Links(writer, reader)


def connect(path: str, key: str = "") -> apsw.Connection:
    """No busy timeout: the loop must never sleep in SQLite. No automatic checkpoint: the database asks for them."""
    link = open_file(path, key, statementcachesize=500)
    link.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
    link.set_busy_timeout(0)
    link.pragma("synchronous", SYNCHRONOUS)
    link.pragma("foreign_keys", True)
    link.pragma("wal_autocheckpoint", 0)
    link.pragma("journal_size_limit", WAL_LIMIT)
    return link


def create_tables(path: str, tables: MetaData = metadata) -> None:
    """Create the tables known at this moment, without Alembic: for tests of one service."""
    from sqlalchemy.schema import CreateIndex, CreateTable

    from hubbub.infra.database.statements import dialect

    link = connect(path)
    link.set_busy_timeout(10_000)
    link.pragma("journal_mode", "wal")
    with link:
        for table in tables.sorted_tables:
            link.execute(str(CreateTable(table, if_not_exists=True).compile(dialect=dialect("sqlite"))))
            for index in table.indexes:
                link.execute(str(CreateIndex(index, if_not_exists=True).compile(dialect=dialect("sqlite"))))
    link.close()
