"""What the gateway's services answer about a `World`: one class per api, as far as the gateway uses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hubbub.errors import Refused, Unavailable
from hubbub.services.auth.api import Principal
from hubbub.services.channel import api as channels
from hubbub.services.chat import api as chat
from hubbub.services.presence.api import Presence, Status
from hubbub.services.presence.events import StatusChanged
from hubbub.services.user.api import Account, User
from hubbub.services.voice.api import VoiceState
from tests.protocols.websocket.world import NOW, World


class Answers:
    """All of them. `Any`, as none has the rest of its api."""

    def __init__(self, world: World) -> None:
        self.streams: Any = Streams(world)
        self.channels: Any = Channels(world)
        self.chat: Any = Chat(world)
        self.voice: Any = Voice(world)
        self.presence: Any = Presences(world)
        self.users: Any = Users(world)


class Streams:
    def __init__(self, world: World) -> None:
        self._world = world

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        return {each: len(self._world.log.get(each, ())) for each in streams}

    async def events_after(self, stream: str, seq: int, limit: int) -> list[bytes] | None:
        return None if stream in self._world.forgotten else self._world.log[stream][seq : seq + limit]


class Channels:
    def __init__(self, world: World) -> None:
        self._world = world

    async def servers_of(self, user_id: int) -> tuple[int, ...]:
        return self._world.servers_of(user_id)

    async def view(self, principal: Principal, server_id: int) -> channels.ServerView:
        if principal.user_id not in self._world.people.get(server_id, {}):
            raise Refused("server.not_found")
        access = self._world.access(server_id, principal.user_id)
        return channels.ServerView(
            server=self._world.servers_by_id[server_id],
            channels=tuple(
                channels.ChannelView(channel=self._world.channels_by_id[id], permissions=bits)
                for id, bits in access.channels.items()
            ),
            roles=tuple(self._world.roles[server_id]),
            me=self._world.people[server_id][principal.user_id],
            permissions=access.permissions,
            head=len(self._world.log.get(f"server:{server_id}", ())),
        )

    async def views(self, principal: Principal) -> channels.Memberships:
        mine = [id for id, people in self._world.people.items() if principal.user_id in people]
        views = [await self.view(principal, id) for id in mine[:1]]  # the shortest answer a gateway must live with
        return channels.Memberships(views=tuple(views), unanswered=tuple(mine[1:]))

    async def access_of(self, server_id: int, user_ids: tuple[int, ...]) -> channels.ServerAccesses:
        self._world.asked += 1
        if self._world.gate is not None:
            await self._world.gate.wait()
        if self._world.unavailable:
            self._world.unavailable -= 1
            raise Unavailable("nobody home")
        asked = [id for id in user_ids if id in self._world.people.get(server_id, {})]
        answered, rest = asked[:2], asked[2:]  # the smallest answers that a gateway must be able to live with
        groups = tuple(self._world.access(server_id, id) for id in answered)
        return channels.ServerAccesses(server_id=server_id, groups=groups, unanswered=tuple(rest))

    async def members(
        self, principal: Principal, server_id: int, query: channels.MemberQuery
    ) -> tuple[channels.Member, ...]:
        await self.view(principal, server_id)
        found = self._world.people[server_id].values()
        if query.ids:
            return tuple(each for each in found if each.user.id in query.ids)
        return tuple(each for each in found if each.user.username.startswith(query.query or ""))[: query.limit]

    async def member_rows(
        self, principal: Principal, server_id: int, online: tuple[int, ...], first: int, last: int
    ) -> channels.MemberRows:
        await self.view(principal, server_id)
        rows = sorted(
            self._world.people[server_id].values(), key=lambda each: (each.user.id not in online, each.user.username)
        )
        return channels.MemberRows(first=first, total=len(rows), members=tuple(rows[first : last + 1]))


class Chat:
    def __init__(self, world: World) -> None:
        self._world = world

    async def heads(self, channel_ids: Sequence[int]) -> tuple[chat.ChannelHead, ...]:
        return tuple(
            chat.ChannelHead(
                channel_id=id,
                last_message_id=self._world.messages[id][-1].id if self._world.messages.get(id) else None,
                seq=len(self._world.log.get(f"channel:{id}", ())),
            )
            for id in channel_ids
        )

    async def read_states(self, principal: Principal) -> tuple[chat.ReadState, ...]:
        return tuple(self._world.reading.get(principal.user_id, {}).values())

    async def send(self, principal: Principal, draft: chat.Draft) -> chat.Sent:
        self._visible(principal, draft.channel_id)
        message = self._world.say(draft.channel_id, self._world.users[principal.user_id], draft.content)
        return chat.Sent(message=message, created=True)

    async def page(self, principal: Principal, page: chat.Page) -> tuple[chat.Message, ...]:
        self._visible(principal, page.channel_id)
        return tuple(self._world.messages.get(page.channel_id, ())[::-1][: page.limit])

    async def start_typing(self, principal: Principal, channel_id: int) -> None:
        self._visible(principal, channel_id)
        self._world.type(self._world.users[principal.user_id], channel_id)

    async def mark_read(self, principal: Principal, channel_id: int, message_id: int) -> chat.ReadState:
        self._visible(principal, channel_id)
        return self._world.read_up_to(self._world.users[principal.user_id], channel_id, message_id)

    async def edit(self, principal: Principal, message_id: int, content: str) -> chat.Message:
        raise Refused("message.not_found")

    async def delete(self, principal: Principal, message_id: int) -> None:
        raise RuntimeError("a bug in a service")

    def _visible(self, principal: Principal, channel_id: int) -> None:
        channel = self._world.channels_by_id.get(channel_id)
        if channel is None or channel_id not in self._world.access(channel.server_id, principal.user_id).channels:
            raise Refused("channel.not_found")


class Voice:
    def __init__(self, world: World) -> None:
        self._world = world

    async def states(self, server_ids: tuple[int, ...]) -> tuple[VoiceState, ...]:
        return tuple(each for each in self._world.voice.values() if each.server_id in server_ids and each.channel_id)

    async def speaking(self, server_ids: tuple[int, ...]) -> dict[int, tuple[int, ...]]:
        return {
            id: users
            for id, users in self._world.talking.items()
            if users and id in self._world.channels_by_id and self._world.channels_by_id[id].server_id in server_ids
        }

    async def update_self(self, principal: Principal, self_mute: bool, self_deaf: bool) -> VoiceState:
        raise Refused("voice.not_connected")


class Presences:
    def __init__(self, world: World) -> None:
        self._world = world

    async def connected(self, principal: Principal, connection: str) -> Presence:
        return await self.set_status(principal, "online", None)

    async def beat(self, connections: tuple[tuple[int, str], ...]) -> None: ...

    async def disconnected(self, principal: Principal, connection: str) -> None:
        await self.set_status(principal, "offline", None)

    async def set_status(self, principal: Principal, status: Status, custom_status: str | None) -> Presence:
        presence = Presence(user_id=principal.user_id, status=status, custom_status=custom_status, last_seen=NOW)
        self._world.statuses[principal.user_id] = presence
        self._world.publish(StatusChanged(presence=presence, server_ids=self._world.servers_of(principal.user_id)))
        return presence

    async def online_in(self, server_id: int) -> tuple[int, ...]:
        return tuple(
            id
            for id in self._world.people[server_id]
            if id in self._world.statuses and self._world.statuses[id].status != "offline"
        )

    async def get(self, ids: tuple[int, ...]) -> tuple[Presence, ...]:
        return tuple(
            self._world.statuses[id]
            for id in ids
            if id in self._world.statuses and self._world.statuses[id].status != "offline"
        )


class Users:
    def __init__(self, world: World) -> None:
        self._world = world

    async def account(self, principal: Principal) -> Account:
        return Account(user=self._world.users[principal.user_id], email=None, created_at=NOW, instance_owner=False)

    async def get(self, ids: tuple[int, ...]) -> tuple[User, ...]:
        return tuple(self._world.users[id] for id in ids if id in self._world.users)
