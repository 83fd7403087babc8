"""A new node of the tree, last among its siblings."""

from __future__ import annotations

import msgspec

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.ids import Snowflakes
from hubbub.infra.database.base import Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel import events, facts, names, requests, store, tree
from hubbub.services.channel.api import Channel, ChannelType, ChannelView, NewChannel
from hubbub.services.channel.permission_bits import MANAGE_CHANNELS
from hubbub.services.channel.snapshot import Snapshots
from hubbub.services.channel.standing import Standing, Standings

MOST = 500
NAME_LENGTH = 100
TOPIC_LENGTH = 1_024
BITRATE = 64_000  # of a voice room, until somebody chooses another


class ChannelCreate:
    def __init__(self, snapshots: Snapshots, standings: Standings, ids: Snowflakes, clock: Clock) -> None:
        self._snapshots = snapshots
        self._standings = standings
        self._ids = ids
        self._clock = clock

    async def create(self, principal: Principal, key: str, server_id: int, new: NewChannel) -> ChannelView:
        name = names.name(new.name, "channel.name_invalid", NAME_LENGTH)
        topic = names.line(new.topic, "channel.topic_invalid", TOPIC_LENGTH)

        async def body(tx: Transaction) -> Channel:
            standing = await self._standings.within(tx, principal.user_id, server_id)
            id, arguments = self._ids.next(), ("channel.create", server_id, new)
            known = await requests.claim(tx, principal.user_id, key, arguments, str(id), self._clock.now_ms())
            if known is not None:
                return standing.channel(int(known), 0)
            check(standing, new)
            position = len(tree.children(standing.snapshot.channels, new.parent_id))
            channel = fresh(id, server_id, name, new.type, topic, new.parent_id, position)
            await insert(tx, channel)
            await facts.raise_epoch(tx, server_id)
            await tx.emit(events.stream(server_id), events.ChannelCreated(server_id=server_id, channel=channel))
            return channel

        return await self._standings.seen(principal.user_id, await self._snapshots.change(server_id, body))


def check(standing: Standing, new: NewChannel) -> None:
    may_manage_under(standing, new.parent_id)
    channels = standing.snapshot.channels
    if len(channels) >= MOST:
        raise Refused("channel.too_many", limit=MOST)
    tree.check_place(channels, new.type, new.parent_id, 1)


def may_manage_under(standing: Standing, parent_id: int | None) -> None:
    """Refused: channel.parent_invalid for a parent that is not there for the principal, permission.denied."""
    if parent_id is None:
        standing.require(MANAGE_CHANNELS)
    elif parent_id not in standing.rights.channels:
        raise Refused("channel.parent_invalid")
    else:
        standing.channel(parent_id, MANAGE_CHANNELS)


def fresh(
    id: int, server_id: int, name: str, kind: ChannelType, topic: str, parent_id: int | None, position: int
) -> Channel:
    return Channel(
        id=id,
        server_id=server_id,
        type=kind,
        name=name,
        topic=topic,
        parent_id=parent_id,
        position=position,
        user_limit=0,
        bitrate=BITRATE if kind in ("voice", "stage") else 0,
    )


async def insert(tx: Transaction, channel: Channel) -> None:
    await tx.execute(store.ADD_CHANNEL, **msgspec.structs.asdict(channel))
