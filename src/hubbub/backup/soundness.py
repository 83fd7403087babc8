"""Whether a database file is what it should be, and what is in it."""

from __future__ import annotations

from pathlib import Path

import apsw
import msgspec

from hubbub.backup.trouble import Trouble
from hubbub.errors import Unavailable
from hubbub.infra.database import sqlite_open
from hubbub.infra.database.migrations import newest

_PASSING = ("outbox", "outbox_marks")  # emptied by themselves: their counts mean nothing
_AHEAD = "SELECT o.stream FROM outbox o LEFT JOIN streams s ON s.name = o.stream WHERE s.seq IS NULL OR o.seq > s.seq"
_HOLES = "SELECT stream FROM outbox GROUP BY stream HAVING max(seq) - min(seq) + 1 <> count(*)"


class Contents(msgspec.Struct, frozen=True):
    """`counts`: rows per table. `heads`: how many streams there are and the sum of their heads: it only grows."""

    revision: str
    counts: dict[str, int]
    streams: int
    heads: int


def check(path: Path, key: str) -> Contents:
    """Reads the whole file (about 1 s per GB). Raises Trouble for the first thing that is wrong."""
    try:
        link = sqlite_open.open_file(str(path), key, flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            link.set_busy_timeout(10_000)
            link.execute("BEGIN")  # one snapshot for everything
            return look(path, link)
        finally:
            link.close()
    except Unavailable as error:
        raise Trouble(str(error)) from None
    except apsw.NotADBError:
        raise Trouble(f"{path} is no database, or HUBBUB_DATABASE_KEY is not its key") from None
    except apsw.Error as error:
        raise Trouble(f"{path} cannot be read: {error}") from None


def look(path: Path, link: apsw.Connection) -> Contents:
    found = [str(row[0]) for row in link.execute("PRAGMA integrity_check(5)")]
    if found != ["ok"]:
        raise Trouble(f"{path} is damaged: {'; '.join(found)}")
    if broken := link.execute("PRAGMA foreign_key_check").fetchall():
        raise Trouble(f"{path}: {len(broken)} rows point to rows that are not there, first in table {broken[0][0]}")
    if not link.table_exists("main", "streams"):
        raise Trouble(f"{path} is a database, but not one of Hubbub's")
    for query, words in ((_AHEAD, "is ahead of its head"), (_HOLES, "has a hole")):
        if row := link.execute(f"{query} LIMIT 1").fetchone():
            raise Trouble(f"{path}: the stream {row[0]} {words}")
    names = link.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1")
    tables = [str(name) for (name,) in names.fetchall() if name not in _PASSING and "_fts" not in str(name)]
    counts = {name: int(link.execute(f'SELECT count(*) FROM "{name}"').get) for name in tables}
    revision = str(link.execute("SELECT max(version_num) FROM alembic_version").get)
    if revision > newest():
        raise Trouble(f"{path} is of a newer version (revision {revision}, this one knows {newest()})")
    streams, heads = link.execute("SELECT count(*), coalesce(sum(seq), 0) FROM streams").get
    return Contents(revision, counts, int(streams), int(heads))
