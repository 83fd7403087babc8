"""Opening an SQLite file that may be encrypted (SE-02): every connection of ours begins here.

Encryption is that of SQLite3 Multiple Ciphers (package apsw-sqlite3mc): ChaCha20-Poly1305 per page, the page's key
derived from the passphrase by PBKDF2 (64,007 rounds: about 30 ms for each connection). The log beside the file is
encrypted too. Without a key the file is plain SQLite, which every tool can read.
"""

from __future__ import annotations

import apsw

from hubbub.errors import Unavailable

_USUAL = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE


def check_possible(key: str) -> None:
    """Raises Unavailable when there is a key and this SQLite cannot encrypt."""
    if key and not hasattr(apsw, "mc_version"):
        raise Unavailable("HUBBUB_DATABASE_KEY needs the package apsw-sqlite3mc in the place of apsw")


def open_file(path: str, key: str, flags: int = _USUAL, statementcachesize: int = 100) -> apsw.Connection:
    """Nothing is read yet: a wrong key shows at the first statement, as apsw.NotADBError. Closing it leaves the log where
    it is: Litestream may still have to copy it (`sqlite_file.connect` is for those who look after the log).

    Raises Unavailable when there is a key and this SQLite cannot encrypt: it would ignore the key and write plainly."""
    check_possible(key)
    link = apsw.Connection(path, flags=flags, statementcachesize=statementcachesize)
    if key:
        link.pragma("key", key)
    link.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    return link
