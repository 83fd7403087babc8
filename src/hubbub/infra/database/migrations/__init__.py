"""Bringing the tables up to date.

Revisions are numbered files `versions/NNNN_name.py` in one line, so the newest is known without Alembic, which is
imported only when the database is behind. A fresh database takes the same path: there is one.

`python -m hubbub.infra.database.migrations.new NAME` writes the next revision from the tables in the code (see `new`).
"""

from __future__ import annotations

from pathlib import Path

import apsw

from hubbub.errors import Unavailable
from hubbub.infra.database.sqlite_open import open_file

VERSIONS = Path(__file__).parent / "versions"


def newest() -> str:
    """The revision of this version of the code, `0000` when there is none yet."""
    return max((path.name[:4] for path in VERSIONS.glob("[0-9]*.py")), default="0000")


def stored(path: str, key: str = "") -> str:
    """The revision of the file, `0000` when it is new. Raises Unavailable when it is no database, or not with this key."""
    link = open_file(path, key)
    link.set_busy_timeout(10_000)
    try:
        if not link.table_exists("main", "alembic_version"):
            return "0000"
        return link.execute("SELECT max(version_num) FROM alembic_version").get or "0000"
    except apsw.NotADBError:
        raise Unavailable(
            "HUBBUB_DATABASE_KEY is not the key of this file, or it was never encrypted: `hubbub rekey` does that"
            if key
            else "this is no database, or it is encrypted: set HUBBUB_DATABASE_KEY"
        ) from None
    finally:
        link.close()


def migrate(path: str, key: str = "") -> None:
    """Bring the file, made if absent, to the newest revision, all or nothing.

    Raises Unavailable when a newer version of Hubbub has written it: going back would lose what that one added."""
    have, want = stored(path, key), newest()
    if have > want:
        raise Unavailable(f"{path} is at revision {have}, this version of Hubbub knows {want}: run the newer one")
    if have < want:
        from hubbub.infra.database.migrations.alembic_run import upgrade

        upgrade(path, key)
