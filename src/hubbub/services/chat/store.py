"""SQL of the chat service."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import bindparam, delete, func, null, select, update
from sqlalchemy.dialects.postgresql import insert

from hubbub.infra.database.statements import among
from hubbub.services.chat.tables import message_edits, message_mentions, messages, read_states

_m, _e, _n, _r = messages.c, message_edits.c, message_mentions.c, read_states.c
_MESSAGE = (
    _m.id, _m.channel_id, _m.server_id, _m.author_id, _m.content, _m.nonce, _m.mentions, _m.mention_everyone,
    _m.reply_to, _m.edited_at, _m.deleted_at,
)  # fmt: skip

ADD = insert(messages).values({name: bindparam(name) for name in _m.keys()})
BY_NONCE = select(_m.id, _m.author_id, _m.nonce).where(
    _m.author_id == bindparam("author"),
    _m.nonce == bindparam("nonce"),
    _m.channel_id == bindparam("channel"),
    _m.id > bindparam("since"),
)
# The same, and a row that has only the channel's newest id, null where nobody ever wrote: one round trip for two questions.
KNOWN = BY_NONCE.union_all(
    select(func.max(_m.id), null(), null()).where(_m.channel_id == bindparam("channel", type_=_m.id.type))
)
BY_IDS = select(*_MESSAGE).where(among(_m.id, "ids"))
IN_CHANNEL = select(_m.id).where(_m.channel_id == bindparam("channel"), _m.id == bindparam("message"))
BEFORE = (
    select(*_MESSAGE)
    .where(_m.channel_id == bindparam("channel"), _m.id < bindparam("border"), _m.deleted_at.is_(None))
    .order_by(_m.id.desc())
    .limit(bindparam("count", type_=_m.id.type))
)
AFTER = (
    select(*_MESSAGE)
    .where(_m.channel_id == bindparam("channel"), _m.id > bindparam("border"), _m.deleted_at.is_(None))
    .order_by(_m.id)
    .limit(bindparam("count", type_=_m.id.type))
)
LAST = select(_m.id).where(_m.channel_id == bindparam("channel")).order_by(_m.id.desc()).limit(1)
EDIT = (
    update(messages)
    .where(_m.id == bindparam("message"))
    .values(
        content=bindparam("new_content"),
        mentions=bindparam("new_mentions"),
        mention_everyone=bindparam("new_everyone"),
        edited_at=bindparam("now"),
    )
)
KEEP_EDIT = (
    insert(message_edits).values({name: bindparam(name) for name in _e.keys()}).on_conflict_do_nothing()
)  # two edits in one millisecond: the older text of the two stays
TOMBSTONE = (
    update(messages)
    .where(_m.id == bindparam("message"))
    .values(content="", nonce=null(), mentions=null(), mention_everyone=0, deleted_at=bindparam("now"))
)
FORGET_EDITS = delete(message_edits).where(_e.message_id == bindparam("message"))

ADD_MENTION = insert(message_mentions).values({name: bindparam(name) for name in _n.keys()}).on_conflict_do_nothing()
FORGET_MENTIONS = delete(message_mentions).where(_n.message_id == bindparam("message"))
COUNT_MENTIONS = select(func.count()).where(
    _n.user_id == bindparam("user"), _n.channel_id == bindparam("channel"), _n.message_id > bindparam("border")
)
MENTION_COUNTS = (
    select(_n.channel_id, func.count())
    .select_from(message_mentions.outerjoin(read_states, (_r.user_id == _n.user_id) & (_r.channel_id == _n.channel_id)))
    .where(_n.user_id == bindparam("user"), _n.message_id > func.coalesce(_r.last_message_id, 0))
    .group_by(_n.channel_id)
)
EVERYONE_COUNTS = (
    select(_r.channel_id, func.count())
    .select_from(
        read_states.join(
            messages, (_m.channel_id == _r.channel_id) & (_m.id > _r.last_message_id) & (_m.mention_everyone == 1)
        )
    )
    .where(_r.user_id == bindparam("user"), _m.author_id != bindparam("author"))
    .group_by(_r.channel_id)
)
# What called somebody by name, and by @everyone, in these rooms: newest first, two lists to be merged.
CALLED = (
    select(*_MESSAGE)
    .select_from(message_mentions.join(messages, _m.id == _n.message_id))
    .where(
        _n.user_id == bindparam("user"),
        _n.message_id < bindparam("border"),
        among(_n.channel_id, "channels"),
        _m.author_id != bindparam("author"),
        _m.deleted_at.is_(None),
    )
    .order_by(_n.message_id.desc())
    .limit(bindparam("count", type_=_m.id.type))
)
CALLED_WITH_EVERYONE = (
    select(*_MESSAGE)
    .where(
        among(_m.channel_id, "channels"),
        _m.mention_everyone == 1,
        _m.id < bindparam("border"),
        _m.author_id != bindparam("author"),
        _m.deleted_at.is_(None),
    )
    .order_by(_m.id.desc())
    .limit(bindparam("count", type_=_m.id.type))
)

_PUT_READ = insert(read_states).values({name: bindparam(name) for name in _r.keys()})
PUT_READ = _PUT_READ.on_conflict_do_update(
    index_elements=[_r.user_id, _r.channel_id], set_={"last_message_id": _PUT_READ.excluded.last_message_id}
)
READ_STATES = select(_r.channel_id, _r.last_message_id).where(_r.user_id == bindparam("user"))

SOME_OF_CHANNEL = select(_m.id).where(_m.channel_id == bindparam("channel")).limit(bindparam("count", type_=_m.id.type))
PURGE = delete(messages).where(among(_m.id, "ids"))
PURGE_EDITS = delete(message_edits).where(among(_e.message_id, "ids"))
PURGE_MENTIONS = delete(message_mentions).where(among(_n.message_id, "ids"))
PURGE_READ = delete(read_states).where(_r.channel_id == bindparam("channel"))


class MessageRow(NamedTuple):
    id: int
    channel_id: int
    server_id: int
    author_id: int
    content: str
    nonce: str | None
    mentions: str | None
    mention_everyone: int
    reply_to: int | None
    edited_at: int | None
    deleted_at: int | None

    @property
    def mentioned(self) -> tuple[int, ...]:
        return _ids(self.mentions) if self.mentions else ()


def message(row: tuple[Any, ...]) -> MessageRow:
    return MessageRow(*row)


def mentions_text(ids: tuple[int, ...]) -> str | None:
    return msgspec.json.encode(ids).decode() if ids else None


_ids = msgspec.json.Decoder(tuple[int, ...]).decode
