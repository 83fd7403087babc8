"""Rows into messages: authors and answered messages are looked up once per page, never once per row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hubbub.infra.database.base import Database
from hubbub.services.chat import store
from hubbub.services.chat.api import Message, Reference
from hubbub.services.chat.store import MessageRow
from hubbub.services.user.api import User, UserApi


class MessageBuild:
    def __init__(self, database: Database, users: UserApi) -> None:
        self._database = database
        self._users = users

    async def messages(
        self, rows: Sequence[MessageRow], answered: Mapping[int, MessageRow] | None = None
    ) -> tuple[Message, ...]:
        """In the order of the rows. `answered`: what `answered(rows)` gave, if the caller knows."""
        referenced = await self.answered(rows) if answered is None else answered
        authors = await self.authors({row.author_id for row in (*rows, *referenced.values())})
        return tuple(self.message(row, authors, reference(row.reply_to, referenced, authors)) for row in rows)

    async def answered(self, rows: Sequence[MessageRow]) -> dict[int, MessageRow]:
        """The messages that these answer, by id."""
        ids = {row.reply_to for row in rows if row.reply_to is not None}
        return await self.rows(tuple(ids)) if ids else {}

    async def rows(self, ids: tuple[int, ...]) -> dict[int, MessageRow]:
        fetched = await self._database.fetch(store.BY_IDS, ids=ids)
        return {row.id: row for row in map(store.message, fetched)}

    async def authors(self, ids: set[int]) -> dict[int, User]:
        return {user.id: user for user in await self._users.get(tuple(ids))}

    def message(self, row: MessageRow, authors: dict[int, User], referenced: Reference | None) -> Message:
        return Message(
            id=row.id,
            channel_id=row.channel_id,
            server_id=row.server_id,
            author=authors.get(row.author_id) or gone(row.author_id),
            content=row.content,
            edited_at=row.edited_at,
            nonce=row.nonce,
            mentions=row.mentioned,
            mention_everyone=bool(row.mention_everyone),
            reference=referenced,
        )


def reference(answered: int | None, rows: Mapping[int, MessageRow], authors: dict[int, User]) -> Reference | None:
    if answered is None:
        return None
    row = rows.get(answered)
    if row is None or row.deleted_at is not None:
        return Reference(id=answered, author=None, content=None)
    return Reference(id=answered, author=authors.get(row.author_id) or gone(row.author_id), content=row.content)


def gone(user_id: int) -> User:
    """Stands for an account that no longer exists."""
    return User(id=user_id, username="deleted", display_name="Deleted account", avatar=None, kind="person")
