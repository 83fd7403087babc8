"""Encrypting the database file, changing its key, or taking the encryption away: offline, page by page, in one go."""

from __future__ import annotations

import apsw

from hubbub.backup import soundness
from hubbub.backup.trouble import Trouble
from hubbub.config import Config
from hubbub.errors import Unavailable
from hubbub.infra.database import sqlite_open


def rekey(settings: Config, old_key: str) -> None:
    """From `old_key` ("" for a plain file) to HUBBUB_DATABASE_KEY as it is set now ("" for plain).

    SQLite does it in one transaction: interrupted, the file is as before. Raises Trouble."""
    path, new_key = str(settings.database_path), settings.database_key
    if not settings.database_path.exists():
        raise Trouble(f"there is no database in {settings.data_dir}")
    try:
        sqlite_open.check_possible(new_key)
        link = sqlite_open.open_file(path, old_key)
        try:
            link.pragma("journal_mode", "delete")  # only who is alone may leave WAL, and only outside it keys change
            link.pragma("rekey", new_key)
        finally:
            link.close()
    except Unavailable as error:
        raise Trouble(str(error)) from None
    except apsw.BusyError:
        raise Trouble(f"an instance runs on {settings.data_dir.resolve()}; stop it first") from None
    except apsw.NotADBError:
        raise Trouble(f"{path} is no database, or the old key is another one") from None
    except apsw.Error as error:
        raise Trouble(f"{path}: {error}") from None
    soundness.check(settings.database_path, new_key)
