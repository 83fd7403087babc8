"""What a session's device is called in the list of sessions: by whoever logs in, then by whoever connects with it."""

from __future__ import annotations

from hubbub.infra.database.base import Database, Transaction
from hubbub.services.auth import store
from hubbub.services.auth.api import Principal

LENGTH = 100


def clean(name: str) -> str:
    """One line of at most LENGTH characters that can be seen (no NUL either, which PostgreSQL does not keep)."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:LENGTH]


class DeviceName:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def name(self, principal: Principal, name: str) -> None:
        """Writes only what is new: clients say the same at every connection."""
        wanted = clean(name)
        rows = await self._database.fetch(store.SESSION, session=principal.session_id) if wanted else ()
        if not rows or (known := store.session(rows[0])).user_id != principal.user_id or known.device == wanted:
            return

        async def body(tx: Transaction) -> None:
            await tx.execute(store.NAME_DEVICE, session=principal.session_id, new_device=wanted)

        await self._database.write(body)
