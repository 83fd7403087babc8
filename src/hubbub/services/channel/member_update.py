"""Nicknames and roles of members; leaving and being put out."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET

from hubbub.errors import Refused
from hubbub.infra.database.base import Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel import events, facts, names, store
from hubbub.services.channel.api import Member, MemberPatch
from hubbub.services.channel.permission_bits import CHANGE_NICKNAME, KICK_MEMBERS, MANAGE_NICKNAMES, MANAGE_ROLES
from hubbub.services.channel.snapshot import Snapshots
from hubbub.services.channel.standing import Standing, Standings
from hubbub.services.channel.store import MemberRow
from hubbub.services.user.api import User, UserApi

NICK_LENGTH = 32


class MemberUpdate:
    def __init__(self, snapshots: Snapshots, standings: Standings, users: UserApi) -> None:
        self._snapshots = snapshots
        self._standings = standings
        self._users = users

    async def update(self, principal: Principal, server_id: int, user_id: int, patch: MemberPatch) -> Member:
        nick = patch.nick
        if isinstance(nick, str):
            nick = names.name(nick, "member.nick_invalid", NICK_LENGTH) if nick.strip() else None
        patch = msgspec.structs.replace(patch, nick=nick)
        found = await self._users.get((user_id,))

        async def body(tx: Transaction) -> Member:
            standing = await self._standings.within(tx, principal.user_id, server_id)
            rows = await tx.fetch(store.MEMBER, server=server_id, user=user_id)
            _check_rights(standing, user_id, patch)
            if not rows or not found:
                raise Refused("member.not_found")
            old = store.member(rows[0])
            if user_id != principal.user_id:
                standing.require_over(old)
            new = _patched(standing, old, patch)
            if new == old:
                return facts.member(standing.snapshot, old, found[0])
            return await _write(tx, standing, old, new, found[0])

        if patch.roles is UNSET:
            return await self._snapshots.change_members(server_id, body, (user_id,))
        return await self._snapshots.change(server_id, body, (user_id,))

    async def leave(self, principal: Principal, server_id: int) -> None:
        async def body(tx: Transaction) -> None:
            standing = await self._standings.within(tx, principal.user_id, server_id)
            if standing.snapshot.owner_id == principal.user_id:
                raise Refused("server.owner_stays")
            await _remove(tx, server_id, principal.user_id, "left")

        await self._snapshots.change_members(server_id, body, (principal.user_id,))

    async def kick(self, principal: Principal, server_id: int, user_id: int) -> None:
        async def body(tx: Transaction) -> None:
            standing = await self._standings.within(tx, principal.user_id, server_id)
            standing.require(KICK_MEMBERS)
            rows = await tx.fetch(store.MEMBER, server=server_id, user=user_id)
            if not rows:
                raise Refused("member.not_found")
            standing.require_over(store.member(rows[0]))
            await _remove(tx, server_id, user_id, "kicked")

        await self._snapshots.change_members(server_id, body, (user_id,))


def _check_rights(standing: Standing, user_id: int, patch: MemberPatch) -> None:
    if patch.nick is not UNSET:
        standing.require(CHANGE_NICKNAME if user_id == standing.user_id else MANAGE_NICKNAMES)
    if patch.roles is not UNSET:
        standing.require(MANAGE_ROLES)


def _patched(standing: Standing, old: MemberRow, patch: MemberPatch) -> MemberRow:
    nick = old.nick if patch.nick is UNSET else patch.nick
    if patch.roles is UNSET:
        return old._replace(nick=nick)
    snapshot = standing.snapshot
    had, wanted = frozenset(snapshot.known(old.roles)), frozenset(patch.roles) - {snapshot.server_id}
    if not wanted <= snapshot.roles.keys():
        raise Refused("role.not_found")
    for id in had ^ wanted:
        if snapshot.roles[id].position >= standing.rank:
            raise Refused("role.outranked")
    for id in wanted - had:
        standing.require(snapshot.roles[id].permissions)
    return old._replace(nick=nick, roles=wanted if wanted != had else old.roles)


async def _write(tx: Transaction, standing: Standing, old: MemberRow, new: MemberRow, user: User) -> Member:
    server_id = standing.snapshot.server_id
    ((shown,),) = await tx.fetch(store.DISPLAY_NAME, server=server_id, user=new.user_id)
    await tx.execute(
        store.UPDATE_MEMBER,
        server=server_id,
        user=new.user_id,
        new_nick=new.nick,
        new_roles=store.roles_text(new.roles),
        new_sort_name=names.folded(new.nick) if new.nick is not None else shown,
    )
    member = facts.member(standing.snapshot, new, user)
    await tx.emit(events.stream(server_id), events.MemberUpdated(server_id=server_id, member=member))
    if new.roles != old.roles:
        await facts.rights_changed(tx, server_id, (new.user_id,))
    return member


async def _remove(tx: Transaction, server_id: int, user_id: int, reason: Literal["left", "kicked"]) -> None:
    await tx.execute(store.REMOVE_MEMBER, server=server_id, user=user_id)
    count = (await tx.fetch(store.COUNT_MEMBER, server=server_id, more=-1))[0][0]
    removed = events.MemberRemoved(server_id=server_id, user_id=user_id, member_count=count, reason=reason)
    await tx.emit(events.stream(server_id), removed)
