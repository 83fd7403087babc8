"""Changing, moving and deleting a node of the tree."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from hubbub.errors import Refused
from hubbub.infra.database.base import Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel import events, facts, inheritance, names, store, tree
from hubbub.services.channel.api import Channel, ChannelPatch, ChannelView
from hubbub.services.channel.channel_create import NAME_LENGTH, TOPIC_LENGTH, may_manage_under
from hubbub.services.channel.permission_bits import MANAGE_CHANNELS
from hubbub.services.channel.snapshot import Snapshot, Snapshots
from hubbub.services.channel.standing import Standing, Standings

_RANGES = {"user_limit": (0, 1_000), "bitrate": (8_000, 510_000)}


class ChannelUpdate:
    def __init__(self, snapshots: Snapshots, standings: Standings) -> None:
        self._snapshots = snapshots
        self._standings = standings

    async def update(self, principal: Principal, channel_id: int, patch: ChannelPatch) -> ChannelView:
        fields = checked(patch)
        server_id = await self._standings.server_of(channel_id)

        async def body(tx: Transaction) -> Channel:
            standing = await self._standings.within(tx, principal.user_id, server_id, "channel.not_found")
            old = standing.channel(channel_id, MANAGE_CHANNELS)
            check_limits(old, fields)
            places = {each.id: each for each in moved(standing, old, patch)}
            place = places.pop(channel_id, old)
            new = msgspec.structs.replace(place, **fields)
            changed = [each for each in (new, *places.values()) if each != standing.snapshot.channels[each.id]]
            if not changed:
                return old
            await facts.put_channels(tx, changed)
            if new.parent_id != old.parent_id:
                await facts.rights_changed(tx, server_id, ())
            else:
                await facts.raise_epoch(tx, server_id)
            return new

        return await self._standings.seen(principal.user_id, await self._snapshots.change(server_id, body))

    async def delete(self, principal: Principal, channel_id: int) -> None:
        server_id = await self._standings.server_of(channel_id)

        async def body(tx: Transaction) -> None:
            standing = await self._standings.within(tx, principal.user_id, server_id, "channel.not_found")
            standing.channel(channel_id, MANAGE_CHANNELS)
            await _delete(tx, standing.snapshot, channel_id)

        await self._snapshots.change(server_id, body)


async def _delete(tx: Transaction, snapshot: Snapshot, channel_id: int) -> None:
    """Its children move up and keep the entries that they inherited: nobody sees more of them than before."""
    server_id, stream = snapshot.server_id, events.stream(snapshot.server_id)
    orphans = tree.children(snapshot.channels, channel_id)
    await facts.put_channels(tx, tree.without(snapshot.channels, channel_id))
    for orphan in orphans:
        for entry in inheritance.kept(snapshot.entries, channel_id, orphan.id):
            await tx.execute(store.PUT_ENTRY, server_id=server_id, **msgspec.structs.asdict(entry))
    await tx.execute(store.DELETE_CHANNEL, channel=channel_id)
    await tx.execute(store.DELETE_ENTRIES_OF_CHANNEL, channel=channel_id)
    await tx.execute(store.UNLINK_INVITES, server=server_id, channel=channel_id)
    await tx.emit(stream, events.ChannelDeleted(server_id=server_id, channel_id=channel_id))
    if orphans:
        await facts.rights_changed(tx, server_id, ())
    else:
        await facts.raise_epoch(tx, server_id)


def moved(standing: Standing, old: Channel, patch: ChannelPatch) -> list[Channel]:
    if patch.parent_id is UNSET and patch.position is UNSET:
        return []
    parent_id = old.parent_id if patch.parent_id is UNSET else patch.parent_id
    if parent_id != old.parent_id:
        may_manage_under(standing, parent_id)
    position = patch.position if isinstance(patch.position, int) else None
    return tree.moved(standing.snapshot.channels, old.id, parent_id, position)


def checked(patch: ChannelPatch) -> dict[str, Any]:
    """What the patch says of the channel itself, its place apart."""
    fields: dict[str, Any] = {}
    if isinstance(patch.name, str):
        fields["name"] = names.name(patch.name, "channel.name_invalid", NAME_LENGTH)
    if isinstance(patch.topic, str):
        fields["topic"] = names.line(patch.topic, "channel.topic_invalid", TOPIC_LENGTH)
    for field, value in (("user_limit", patch.user_limit), ("bitrate", patch.bitrate)):
        if isinstance(value, int):
            fields[field] = value
    return fields


def check_limits(old: Channel, fields: dict[str, Any]) -> None:
    """Refused: channel.not_voice, request.invalid."""
    for field, (least, most) in _RANGES.items():
        value = fields.get(field)
        if value is None or value == getattr(old, field):
            continue
        if old.type not in ("voice", "stage"):
            raise Refused("channel.not_voice")
        if not least <= value <= most:
            raise Refused("request.invalid", reason=f"{field} is a number from {least} to {most}.")
