"""A new role: the lowest, directly above everybody's."""

from __future__ import annotations

import msgspec

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.ids import Snowflakes
from hubbub.infra.database.base import Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel import events, facts, names, requests, store
from hubbub.services.channel.api import NewRole, Role
from hubbub.services.channel.permission_bits import EVERY_PERMISSION, MANAGE_ROLES
from hubbub.services.channel.snapshot import Snapshots
from hubbub.services.channel.standing import Standing, Standings

MOST = 250  # everybody's not counted
NAME_LENGTH = 100


class RoleCreate:
    def __init__(self, snapshots: Snapshots, standings: Standings, ids: Snowflakes, clock: Clock) -> None:
        self._snapshots = snapshots
        self._standings = standings
        self._ids = ids
        self._clock = clock

    async def create(self, principal: Principal, key: str, server_id: int, new: NewRole) -> Role:
        name = names.name(new.name, "role.name_invalid", NAME_LENGTH)
        check_hue(new.hue)

        async def body(tx: Transaction) -> Role:
            standing = await self._standings.within(tx, principal.user_id, server_id)
            standing.require(MANAGE_ROLES)
            id, arguments = self._ids.next(), ("role.create", server_id, new)
            known = await requests.claim(tx, principal.user_id, key, arguments, str(id), self._clock.now_ms())
            roles = standing.snapshot.roles
            if known is not None:
                return _existing(standing, int(known))
            may_grant(standing, new.permissions)
            if len(roles) > MOST:
                raise Refused("role.too_many", limit=MOST)
            role = lowest(id, server_id, name, new)
            above = [each for each in roles.values() if each.id != server_id]
            await facts.put_roles(tx, [msgspec.structs.replace(each, position=each.position + 1) for each in above])
            await insert(tx, role)
            await tx.emit(events.stream(server_id), events.RoleChanged(server_id=server_id, role=role))
            await facts.raise_epoch(tx, server_id)
            return role

        return await self._snapshots.change(server_id, body)


def lowest(id: int, server_id: int, name: str, new: NewRole) -> Role:
    return Role(
        id=id,
        server_id=server_id,
        name=name,
        hue=new.hue,
        hoist=new.hoist,
        mentionable=new.mentionable,
        position=1,
        permissions=new.permissions,
    )


def _existing(standing: Standing, role_id: int) -> Role:
    if (role := standing.snapshot.roles.get(role_id)) is None:
        raise Refused("role.not_found")
    return role


def may_grant(standing: Standing, permissions: int) -> None:
    """Refused: permission.unknown, permission.denied for bits that the principal lacks."""
    if permissions & ~EVERY_PERMISSION:
        raise Refused("permission.unknown")
    standing.require(permissions)


def check_hue(hue: int | None) -> None:
    if hue is not None and not 1 <= hue <= 8:
        raise Refused("request.invalid", reason="A hue is a number from 1 to 8, or null.")


async def insert(tx: Transaction, role: Role) -> None:
    values = msgspec.structs.asdict(role) | {"hoist": int(role.hoist), "mentionable": int(role.mentionable)}
    await tx.execute(store.ADD_ROLE, **values)
