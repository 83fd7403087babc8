"""SQL of the channel service. Bound names of an UPDATE's new values begin with `new_`: columns have the others."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import bindparam, case, delete, func, not_, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from hubbub.infra.database.schema import Number
from hubbub.infra.database.statements import among
from hubbub.services.channel.api import Channel, Invite, Overwrite, Role, Server
from hubbub.services.channel.tables import (
    bans,
    channel_overwrites,
    channel_requests,
    channels,
    deleted_servers,
    invite_reservations,
    invites,
    roles,
    server_members,
    servers,
)

_s, _c, _m, _r, _o = servers.c, channels.c, server_members.c, roles.c, channel_overwrites.c
_i, _v, _q = invites.c, invite_reservations.c, channel_requests.c
_SERVER = (_s.id, _s.name, _s.icon, _s.description, _s.owner_id, _s.created_at, _s.member_count)
_CHANNEL = (
    _c.id, _c.server_id, _c.type, _c.name, _c.topic, _c.parent_id, _c.position, _c.user_limit, _c.bitrate,
)  # fmt: skip
_ROLE = (_r.id, _r.server_id, _r.name, _r.hue, _r.hoist, _r.mentionable, _r.position, _r.permissions)
_ENTRY = (_o.channel_id, _o.target_id, _o.target_type, _o.allow, _o.deny, _o.applies, _o.expires_at)
_MEMBER = (_m.user_id, _m.nick, _m.roles, _m.joined_at)
_INVITE = (
    _i.token, _i.server_id, _i.channel_id, _i.inviter_id, _i.max_uses, _i.uses, _i.created_at, _i.expires_at,
)  # fmt: skip
_count = bindparam("count", type_=Number())
_now = bindparam("now", type_=Number())

# ---- servers ---------------------------------------------------------------------------------------------------------
ADD_SERVER = insert(servers).values({name: bindparam(name) for name in _s.keys()})
SERVER = select(*_SERVER, _s.epoch).where(_s.id == bindparam("server"))
OWNED = select(func.count()).select_from(servers).where(_s.owner_id == bindparam("user"))
RAISE_EPOCH = update(servers).where(_s.id == bindparam("server")).values(epoch=_s.epoch + 1).returning(_s.epoch)
UPDATE_SERVER = (
    update(servers)
    .where(_s.id == bindparam("server"))
    .values(name=bindparam("new_name"), description=bindparam("new_description"))
)
COUNT_MEMBER = (
    update(servers)
    .where(_s.id == bindparam("server"))
    .values(member_count=_s.member_count + bindparam("more", type_=Number()))
    .returning(_s.member_count)
)
DELETE_SERVER = delete(servers).where(_s.id == bindparam("server"))
REMEMBER_DELETED = insert(deleted_servers).values(id=bindparam("server"))
FORGET_DELETED = delete(deleted_servers).where(deleted_servers.c.id == bindparam("server"))
DELETED = select(deleted_servers.c.id).limit(100)

# ---- channels --------------------------------------------------------------------------------------------------------
ADD_CHANNEL = insert(channels).values({name: bindparam(name) for name in _c.keys()})
CHANNELS = select(*_CHANNEL).where(_c.server_id == bindparam("server"))
SERVER_OF = select(_c.server_id).where(_c.id == bindparam("channel"))
UPDATE_CHANNEL = (
    update(channels)
    .where(_c.id == bindparam("channel"))
    .values({name: bindparam(f"new_{name}") for name in _c.keys() if name not in ("id", "server_id", "type")})
)
DELETE_CHANNEL = delete(channels).where(_c.id == bindparam("channel"))

# ---- roles -----------------------------------------------------------------------------------------------------------
ADD_ROLE = insert(roles).values({name: bindparam(name) for name in _r.keys()})
ROLES = select(*_ROLE).where(_r.server_id == bindparam("server"))
UPDATE_ROLE = (
    update(roles)
    .where(_r.id == bindparam("role"))
    .values({name: bindparam(f"new_{name}") for name in _r.keys() if name not in ("id", "server_id")})
)
DELETE_ROLE = delete(roles).where(_r.id == bindparam("role"))

# ---- entries ---------------------------------------------------------------------------------------------------------
ENTRIES = select(*_ENTRY).where(_o.server_id == bindparam("server"))
_PUT_ENTRY = insert(channel_overwrites).values({name: bindparam(name) for name in _o.keys()})
PUT_ENTRY = _PUT_ENTRY.on_conflict_do_update(
    index_elements=[_o.channel_id, _o.target_id],
    set_={name: _PUT_ENTRY.excluded[name] for name in ("target_type", "allow", "deny", "applies", "expires_at")},
)
DELETE_ENTRY = delete(channel_overwrites).where(
    _o.channel_id == bindparam("channel"), _o.target_id == bindparam("target")
)
DELETE_ENTRIES_OF_CHANNEL = delete(channel_overwrites).where(_o.channel_id == bindparam("channel"))
DELETE_ENTRIES_OF_TARGET = delete(channel_overwrites).where(
    _o.server_id == bindparam("server"), _o.target_id == bindparam("target")
)
NEXT_EXPIRY = select(func.min(_o.expires_at)).where(_o.expires_at.is_not(None))
EXPIRED_SERVERS = select(_o.server_id).where(_o.expires_at <= _now).distinct().limit(100)
DELETE_EXPIRED = (
    delete(channel_overwrites)
    .where(_o.expires_at <= _now, _o.server_id == bindparam("server"))
    .returning(_o.target_id, _o.target_type)
)

# ---- members ---------------------------------------------------------------------------------------------------------
ADD_MEMBER = insert(server_members).values({name: bindparam(name) for name in _m.keys()}).on_conflict_do_nothing()
MEMBER = select(*_MEMBER).where(_m.server_id == bindparam("server"), _m.user_id == bindparam("user"))
MEMBERS = select(*_MEMBER).where(_m.server_id == bindparam("server"), among(_m.user_id, "ids"))
MEMBERS_AFTER = (
    select(*_MEMBER)
    .where(_m.server_id == bindparam("server"), _m.user_id > bindparam("after"))
    .order_by(_m.user_id)
    .limit(_count)
)
MEMBERSHIPS = (
    select(*_SERVER, _s.epoch, *_MEMBER)
    .select_from(server_members.join(servers, _s.id == _m.server_id))
    .where(_m.user_id == bindparam("user"))
    .order_by(_m.joined_at, _m.server_id)
)
SERVERS_OF = (
    select(_m.server_id)
    .select_from(server_members.join(servers, _s.id == _m.server_id))
    .where(_m.user_id == bindparam("user"))
    .order_by(_m.joined_at, _m.server_id)
)
BY_PREFIX = {  # each reads one index from the first match on
    column.name: select(*_MEMBER, _m.sort_name)
    .where(_m.server_id == bindparam("server"), column >= bindparam("prefix"), column < bindparam("beyond"))
    .order_by(column, _m.user_id)
    .limit(_count)
    for column in (_m.sort_name, _m.display_name, _m.username)
}
ONLINE_ROWS = select(_m.user_id, _m.roles, _m.sort_name).where(
    _m.server_id == bindparam("server"), among(_m.user_id, "online")
)
OFFLINE_IDS = (  # of the index alone, however many are skipped
    select(_m.user_id)
    .where(_m.server_id == bindparam("server"), not_(among(_m.user_id, "online")))
    .order_by(_m.sort_name, _m.user_id)
    .limit(_count)
    .offset(bindparam("skipped", type_=Number()))
)
UPDATE_MEMBER = (
    update(server_members)
    .where(_m.server_id == bindparam("server"), _m.user_id == bindparam("user"))
    .values(nick=bindparam("new_nick"), roles=bindparam("new_roles"), sort_name=bindparam("new_sort_name"))
)
DISPLAY_NAME = select(_m.display_name).where(_m.server_id == bindparam("server"), _m.user_id == bindparam("user"))
RENAME_MEMBER = (
    update(server_members)
    .where(_m.user_id == bindparam("user"))
    .values(
        display_name=bindparam("new_name"),
        username=bindparam("new_username"),
        sort_name=case((_m.nick.is_(None), bindparam("new_name")), else_=_m.sort_name),
    )
)
REMOVE_MEMBER = delete(server_members).where(_m.server_id == bindparam("server"), _m.user_id == bindparam("user"))
BANNED = select(bans.c.user_id).where(bans.c.server_id == bindparam("server"), bans.c.user_id == bindparam("user"))

# ---- invites ---------------------------------------------------------------------------------------------------------
ADD_INVITE = insert(invites).values({name: bindparam(name) for name in _i.keys()})
INVITE = (
    select(*_INVITE).select_from(invites.join(servers, _s.id == _i.server_id)).where(_i.token == bindparam("token"))
)
_LISTED = (
    select(*_INVITE)
    .where(_i.server_id == bindparam("server"), or_(_i.expires_at.is_(None), _i.expires_at > _now))
    .order_by(_i.created_at.desc(), _i.token)
    .limit(1_000)
)
INVITES = _LISTED
INVITES_BY = _LISTED.where(_i.inviter_id == bindparam("user"))
USE_INVITE = update(invites).where(_i.token == bindparam("token")).values(uses=_i.uses + 1)
DELETE_INVITE = delete(invites).where(_i.token == bindparam("token"))
DELETE_RESERVATIONS = delete(invite_reservations).where(_v.token == bindparam("token"))
UNLINK_INVITES = update(invites).where(
    _i.server_id == bindparam("server"), _i.channel_id == bindparam("channel")
).values(channel_id=null())  # fmt: skip
_PUT_RESERVATION = insert(invite_reservations).values({name: bindparam(name) for name in _v.keys()})
PUT_RESERVATION = _PUT_RESERVATION.on_conflict_do_update(
    index_elements=[_v.token, _v.key], set_={"expires_at": _PUT_RESERVATION.excluded.expires_at}
)
RESERVATION = select(_v.expires_at).where(
    _v.token == bindparam("token"), _v.key == bindparam("key"), _v.expires_at > _now
)
RESERVED = select(func.count()).where(_v.token == bindparam("token"), _v.expires_at > _now)
DROP_RESERVATION = delete(invite_reservations).where(_v.token == bindparam("token"), _v.key == bindparam("key"))

# ---- idempotency -----------------------------------------------------------------------------------------------------
CLAIM = insert(channel_requests).values({name: bindparam(name) for name in _q.keys()}).on_conflict_do_nothing()
CLAIMED = select(_q.request, _q.result).where(_q.user_id == bindparam("user"), _q.key == bindparam("key"))

# ---- upkeep, in pieces -----------------------------------------------------------------------------------------------
_remains = bindparam("server")
_some = {
    "members": select(_m.user_id).where(_m.server_id == _remains).limit(_count),
    "entries": select(_o.channel_id).where(_o.server_id == _remains).limit(_count),
    "invites": select(_i.token).where(_i.server_id == _remains).limit(_count),
    "bans": select(bans.c.user_id).where(bans.c.server_id == _remains).limit(_count),
}
REMAINS = (
    delete(server_members).where(_m.server_id == _remains, _m.user_id.in_(_some["members"])),
    delete(channel_overwrites).where(_o.server_id == _remains, _o.channel_id.in_(_some["entries"])),
    delete(invites).where(_i.token.in_(_some["invites"])),
    delete(bans).where(bans.c.server_id == _remains, bans.c.user_id.in_(_some["bans"])),
)
REMAINING_TREE = (  # at most 500 and 251 rows
    delete(channels).where(_c.server_id == _remains),
    delete(roles).where(_r.server_id == _remains),
)
_lapsed = select(_v.token, _v.key).where(_v.expires_at <= _now).limit(_count).subquery()
DELETE_LAPSED = delete(invite_reservations).where(
    _v.token.in_(select(_lapsed.c.token)), _v.expires_at <= _now
)  # fmt: skip
_aged = select(_q.created_at).where(_q.created_at <= _now).order_by(_q.created_at).limit(_count).subquery()
DELETE_OLD_REQUESTS = delete(channel_requests).where(_q.created_at.in_(select(_aged.c.created_at)))
_past = select(_i.token).where(_i.expires_at <= _now).limit(_count).subquery()
DELETE_OLD_INVITES = delete(invites).where(_i.token.in_(select(_past.c.token)))


class MemberRow(NamedTuple):
    """`roles` as stored: those of deleted roles may be among them."""

    user_id: int
    nick: str | None
    roles: frozenset[int]
    joined_at: int


def server(row: tuple[Any, ...]) -> Server:
    return Server(
        id=row[0],
        name=row[1],
        icon=row[2],
        description=row[3],
        owner_id=row[4],
        created_at=row[5],
        member_count=row[6],
    )


def channel(row: tuple[Any, ...]) -> Channel:
    return Channel(
        id=row[0],
        server_id=row[1],
        type=row[2],
        name=row[3],
        topic=row[4],
        parent_id=row[5],
        position=row[6],
        user_limit=row[7],
        bitrate=row[8],
    )


def role(row: tuple[Any, ...]) -> Role:
    return Role(
        id=row[0],
        server_id=row[1],
        name=row[2],
        hue=row[3],
        hoist=bool(row[4]),
        mentionable=bool(row[5]),
        position=row[6],
        permissions=row[7],
    )


def entry(row: tuple[Any, ...]) -> Overwrite:
    return Overwrite(
        channel_id=row[0],
        target_id=row[1],
        target_type=row[2],
        allow=row[3],
        deny=row[4],
        applies=row[5],
        expires_at=row[6],
    )


def member(row: tuple[Any, ...]) -> MemberRow:
    return MemberRow(row[0], row[1], role_ids(row[2]), row[3])


def invite(row: tuple[Any, ...]) -> Invite:
    return Invite(
        token=row[0],
        server_id=row[1],
        channel_id=row[2],
        inviter_id=row[3],
        max_uses=row[4],
        uses=row[5],
        created_at=row[6],
        expires_at=row[7],
    )


def roles_text(ids: frozenset[int]) -> str:
    return msgspec.json.encode(sorted(ids)).decode()


def role_ids(text: str) -> frozenset[int]:
    return _NO_ROLES if text == "[]" else frozenset(_ids(text))


_NO_ROLES: frozenset[int] = frozenset()
_ids = msgspec.json.Decoder(list[int]).decode
