"""Changing, ordering and deleting roles.

Rank: nobody touches a role at or above their own highest, and nobody grants a right that they lack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from hubbub.errors import Refused
from hubbub.infra.database.base import Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel import events, facts, names, store
from hubbub.services.channel.api import Role, RolePatch
from hubbub.services.channel.permission_bits import MANAGE_ROLES
from hubbub.services.channel.role_create import NAME_LENGTH, check_hue, may_grant
from hubbub.services.channel.snapshot import Snapshots
from hubbub.services.channel.standing import Standing, Standings


class RoleUpdate:
    def __init__(self, snapshots: Snapshots, standings: Standings) -> None:
        self._snapshots = snapshots
        self._standings = standings

    async def update(self, principal: Principal, server_id: int, role_id: int, patch: RolePatch) -> Role:
        fields = checked(patch)

        async def body(tx: Transaction) -> Role:
            standing = await self._standings.within(tx, principal.user_id, server_id)
            old = below(standing, role_id)
            new = msgspec.structs.replace(old, **fields)
            if old.position == 0 and (new.name != old.name or patch.position not in (UNSET, 0)):
                raise Refused("role.everybody_stays")
            may_grant(standing, new.permissions & ~old.permissions)
            places = {each.id: each for each in moved(standing, old, patch)}
            new = msgspec.structs.replace(new, position=places.pop(role_id, old).position)
            changed = [each for each in (new, *places.values()) if each != standing.snapshot.roles[each.id]]
            if not changed:
                return old
            await facts.put_roles(tx, changed)
            if new.permissions != old.permissions:
                await facts.rights_changed(tx, server_id, ())
            else:
                await facts.raise_epoch(tx, server_id)
            return new

        return await self._snapshots.change(server_id, body)

    async def delete(self, principal: Principal, server_id: int, role_id: int) -> None:
        """Members keep its id in their row, where it means nothing: a role of 100,000 goes in one short transaction."""

        async def body(tx: Transaction) -> None:
            standing = await self._standings.within(tx, principal.user_id, server_id)
            role = below(standing, role_id)
            if role.position == 0:
                raise Refused("role.everybody_stays")
            await tx.execute(store.DELETE_ROLE, role=role_id)
            await tx.execute(store.DELETE_ENTRIES_OF_TARGET, server=server_id, target=role_id)
            await tx.emit(events.stream(server_id), events.RoleDeleted(server_id=server_id, role_id=role_id))
            left = [each for each in ordered(standing.snapshot.roles) if each.id != role_id]
            await facts.put_roles(tx, numbered(left))
            await facts.rights_changed(tx, server_id, ())

        await self._snapshots.change(server_id, body)


def below(standing: Standing, role_id: int) -> Role:
    """Refused: permission.denied, role.not_found, role.outranked."""
    standing.require(MANAGE_ROLES)
    if (role := standing.snapshot.roles.get(role_id)) is None:
        raise Refused("role.not_found")
    if role.position >= standing.rank:
        raise Refused("role.outranked")
    return role


def moved(standing: Standing, role: Role, patch: RolePatch) -> list[Role]:
    """Every role that has another position then. Refused: role.outranked for a place at or above one's own highest."""
    if not isinstance(patch.position, int) or role.position == 0:
        return []
    others = [each for each in ordered(standing.snapshot.roles) if each.id != role.id]
    position = max(1, min(patch.position, len(others) + 1))
    if position >= standing.rank:
        raise Refused("role.outranked")
    return numbered([*others[: position - 1], role, *others[position - 1 :]])


def ordered(roles: Mapping[int, Role]) -> list[Role]:
    """From the lowest, without everybody's."""
    return sorted((each for each in roles.values() if each.position > 0), key=lambda each: each.position)


def numbered(roles: Sequence[Role]) -> list[Role]:
    return [
        msgspec.structs.replace(each, position=position)
        for position, each in enumerate(roles, start=1)
        if each.position != position
    ]


def checked(patch: RolePatch) -> dict[str, Any]:
    fields = {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not UNSET}
    fields.pop("position", None)
    if isinstance(patch.name, str):
        fields["name"] = names.name(patch.name, "role.name_invalid", NAME_LENGTH)
    if patch.hue is not UNSET:
        check_hue(patch.hue)
    return fields
