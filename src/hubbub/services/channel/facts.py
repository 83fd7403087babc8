"""What a transaction tells the world about a server, and what it makes void."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hubbub.infra.database.base import Transaction
from hubbub.services.channel import events, store
from hubbub.services.channel.api import Channel, Member, Role
from hubbub.services.channel.snapshot import Snapshot
from hubbub.services.channel.store import MemberRow
from hubbub.services.user.api import User


async def raise_epoch(tx: Transaction, server_id: int) -> int:
    """Call it in every transaction that changes tree, roles or entries: snapshots live by it."""
    return (await tx.fetch(store.RAISE_EPOCH, server=server_id))[0][0]


async def rights_changed(tx: Transaction, server_id: int, user_ids: tuple[int, ...]) -> None:
    epoch = await raise_epoch(tx, server_id)
    changed = events.PermissionsChanged(server_id=server_id, epoch=epoch, user_ids=user_ids)
    await tx.emit(events.stream(server_id), changed)


async def put_channels(tx: Transaction, changed: Iterable[Channel]) -> None:
    """Write and tell. The caller raises the epoch."""
    for channel in changed:
        values = msgspec.structs.asdict(channel)
        del values["server_id"], values["type"]
        await tx.execute(
            store.UPDATE_CHANNEL, channel=values.pop("id"), **{f"new_{name}": it for name, it in values.items()}
        )
        updated = events.ChannelUpdated(server_id=channel.server_id, channel=channel)
        await tx.emit(events.stream(channel.server_id), updated)


async def put_roles(tx: Transaction, changed: Iterable[Role]) -> None:
    """Write and tell. The caller raises the epoch."""
    for role in changed:
        values = msgspec.structs.asdict(role) | {"hoist": int(role.hoist), "mentionable": int(role.mentionable)}
        del values["server_id"]
        await tx.execute(store.UPDATE_ROLE, role=values.pop("id"), **{f"new_{n}": it for n, it in values.items()})
        await tx.emit(events.stream(role.server_id), events.RoleChanged(server_id=role.server_id, role=role))


def member(snapshot: Snapshot, row: MemberRow, user: User) -> Member:
    return Member(
        user=user,
        server_id=snapshot.server_id,
        nick=row.nick,
        roles=snapshot.known(row.roles),
        joined_at=row.joined_at,
    )
