"""The channel service on a real database, with people, a clock in hand and every fact it tells."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hubbub import events
from hubbub.errors import Refused
from hubbub.events import Event
from hubbub.ids import Snowflakes
from hubbub.infra.database.sqlite import SqliteDatabase
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import (
    Channel,
    ChannelType,
    Member,
    MemberPatch,
    NewChannel,
    NewInvite,
    NewRole,
    Overwrite,
    Role,
    ServerAccess,
    ServerAccesses,
)
from hubbub.services.channel.service import ChannelService
from hubbub.services.user.api import NewUser, ProfilePatch
from hubbub.services.user.service import UserService
from tests.contract.hand_clock import HandClock


class World:
    def __init__(self, database: SqliteDatabase, clock: HandClock) -> None:
        self.database, self.clock = database, clock
        self.ids = Snowflakes(0, clock)
        self.users = UserService(database, clock)
        self.channels = ChannelService(database, self.users, self.ids, clock)
        self.facts: list[Event] = []
        self._keys = itertools.count()

    def published(self, facts: Sequence[tuple[str, bytes]]) -> None:
        for _, payload in facts:
            event = events.decode(payload)[1]
            assert event is not None
            self.facts.append(event)

    def key(self) -> str:
        return f"key {next(self._keys)}"

    async def person(self, username: str, display_name: str | None = None) -> Principal:
        id = self.ids.next()
        new = NewUser(id=id, username=username, display_name=display_name, email=None, instance_owner=False)
        await self.users.create(new)
        return Principal("person", id, 1)

    async def rename(self, who: Principal, display_name: str) -> None:
        await self.users.update(who, ProfilePatch(display_name=display_name))
        await self.channels.on_event(self.facts[-1])

    async def server(self, owner: Principal, name: str = "Home") -> int:
        return (await self.channels.create_server(owner, self.key(), name, "")).server.id

    async def invite(self, by: Principal, server: int, max_uses: int = 0, max_age: int = 0) -> str:
        new = NewInvite(max_uses=max_uses, max_age=max_age, channel_id=None)
        return (await self.channels.create_invite(by, self.key(), server, new)).token

    async def join(self, who: Principal, server: int, by: Principal) -> None:
        await self.channels.accept_invite(who, await self.invite(by, server), self.key())

    async def channel(
        self, by: Principal, server: int, name: str = "room", type: ChannelType = "text", parent: int | None = None
    ) -> Channel:
        new = NewChannel(name=name, type=type, topic="", parent_id=parent)
        return (await self.channels.create_channel(by, self.key(), server, new)).channel

    async def role(
        self, by: Principal, server: int, permissions: int = 0, name: str = "role", hoist: bool = False
    ) -> Role:
        new = NewRole(name=name, permissions=permissions, hue=None, hoist=hoist, mentionable=False)
        return await self.channels.create_role(by, self.key(), server, new)

    async def give(self, by: Principal, server: int, who: Principal, *roles: Role) -> Member:
        patch = MemberPatch(roles=tuple(role.id for role in roles))
        return await self.channels.update_member(by, server, who.user_id, patch)

    async def entry(
        self, by: Principal, channel: int, target: int, allow: int = 0, deny: int = 0, seconds: int | None = None
    ) -> Overwrite:
        roles = (await self.channels.view(by, (await self.channels.channel(by, channel)).channel.server_id)).roles
        kind = "role" if target in {role.id for role in roles} else "user"
        end = None if seconds is None else self.clock.now_ms() + seconds * 1000
        entry = Overwrite(
            channel_id=channel,
            target_id=target,
            target_type=kind,
            allow=allow,
            deny=deny,
            applies="both",
            expires_at=end,
        )
        return await self.channels.put_overwrite(by, entry)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[World]:
    clock = HandClock()
    database = await SqliteDatabase.open(str(folder / "db"), clock=clock)
    world = World(database, clock)
    await database.publish_to(world.published)
    try:
        yield world
    finally:
        await world.channels.close()
        await database.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(tmp_path) as made:
        yield made


async def refused(call: Awaitable[object], code: str) -> Refused:
    with pytest.raises(Refused) as caught:
        await call
    assert caught.value.code == code
    return caught.value


def by_person(found: ServerAccesses) -> dict[int, ServerAccess]:
    """The answer to a question small enough for one."""
    assert found.unanswered == ()
    return {user_id: group for group in found.groups for user_id in group.user_ids}
