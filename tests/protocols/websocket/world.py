"""A small world behind the gateway, by hand and in memory, on the real bus and real events.

It decides who may see what in the simplest way (a set of hidden channels per person), so that tests own the answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from hubbub import events
from hubbub.clock import SystemClock
from hubbub.events import Event
from hubbub.infra.bus.memory import MemoryBus
from hubbub.services.auth.api import Principal
from hubbub.services.auth.events import SessionRevoked
from hubbub.services.channel import api as channels
from hubbub.services.channel import events as channel_events
from hubbub.services.channel import permission_bits
from hubbub.services.chat import api as chat
from hubbub.services.chat import events as chat_events
from hubbub.services.presence.api import Presence
from hubbub.services.user.api import User
from hubbub.services.user.events import ProfileUpdated
from hubbub.services.voice.api import VoiceState
from hubbub.services.voice.events import SpeakingChanged, VoiceStateChanged

NOW = 1_790_000_000_000
MEMBER = permission_bits.DEFAULT_PERMISSIONS


class World:
    """What there is, and what happens to it. `Answers` tells it to a gateway."""

    def __init__(self, bus: MemoryBus) -> None:
        self.bus = bus
        self.users: dict[int, User] = {}
        self.servers_by_id: dict[int, channels.Server] = {}
        self.channels_by_id: dict[int, channels.Channel] = {}
        self.roles: dict[int, list[channels.Role]] = {}
        self.people: dict[int, dict[int, channels.Member]] = {}
        self.hidden: set[tuple[int, int]] = set()  # (user, channel)
        self.powers: dict[tuple[int, int], int] = {}  # (server, user) -> server-wide bits
        self.messages: dict[int, list[chat.Message]] = {}
        self.reading: dict[int, dict[int, chat.ReadState]] = {}
        self.voice: dict[int, VoiceState] = {}
        self.talking: dict[int, tuple[int, ...]] = {}
        self.statuses: dict[int, Presence] = {}
        self.log: dict[str, list[bytes]] = {}
        self.forgotten: set[str] = set()  # streams whose outbox does not reach back
        self.losing = False  # the bus loses everything
        self.unavailable = 0  # so many questions about rights go unanswered
        self.asked = 0
        self.gate: asyncio.Event | None = None  # questions about rights wait for it
        self._next = 1000

    # ---- things happen

    def id(self) -> int:
        self._next += 1
        return self._next

    def emit(self, stream: str, event: Event) -> int:
        log = self.log.setdefault(stream, [])
        payload = events.encode(event, stream, len(log) + 1, NOW)
        log.append(payload)
        if not self.losing:
            self.bus.publish(event.topic, payload)
        return len(log)

    def publish(self, event: Event) -> None:
        if not self.losing:
            self.bus.publish(event.topic, events.encode(event, "", 0, NOW))

    def user(self, name: str) -> User:
        user = User(id=self.id(), username=name, display_name=name.title(), avatar=None, kind="person")
        self.users[user.id] = user
        return user

    def rename(self, user: User, name: str) -> None:
        renamed = User(id=user.id, username=user.username, display_name=name, avatar=None, kind="person")
        self.users[user.id] = renamed
        self.emit(f"user:{user.id}", ProfileUpdated(user=renamed))

    def server(self, name: str, *members: User) -> int:
        id = self.id()
        self.servers_by_id[id] = channels.Server(
            id=id, name=name, icon=None, description="", owner_id=members[0].id, created_at=NOW, member_count=0
        )
        self.roles[id], self.people[id] = [], {}
        for each in members:
            self.join(id, each)
        return id

    def rename_server(self, server_id: int, name: str) -> None:
        self._server(server_id, name=name)
        self.emit(
            f"server:{server_id}",
            channel_events.ServerUpdated(server_id=server_id, server=self.servers_by_id[server_id]),
        )

    def delete_server(self, server_id: int) -> None:
        gone = tuple(id for id, each in self.channels_by_id.items() if each.server_id == server_id)
        for id in gone:
            del self.channels_by_id[id]
        del self.servers_by_id[server_id], self.people[server_id]
        self.voice = {id: each for id, each in self.voice.items() if each.server_id != server_id}
        self.emit(f"server:{server_id}", channel_events.ServerDeleted(server_id=server_id, channel_ids=gone))

    def join(self, server_id: int, user: User) -> None:
        member = channels.Member(user=user, server_id=server_id, nick=None, roles=(), joined_at=NOW)
        self.people[server_id][user.id] = member
        self.powers.setdefault((server_id, user.id), MEMBER)
        count = self._server(server_id, member_count=len(self.people[server_id])).member_count
        self.emit(
            f"server:{server_id}",
            channel_events.MemberAdded(server_id=server_id, member=member, member_count=count),
        )

    def put_out(self, server_id: int, user: User) -> None:
        self.people[server_id].pop(user.id)
        self.leave_voice(user)
        count = self._server(server_id, member_count=len(self.people[server_id])).member_count
        self.emit(
            f"server:{server_id}",
            channel_events.MemberRemoved(server_id=server_id, user_id=user.id, member_count=count, reason="kicked"),
        )

    def nick(self, server_id: int, user: User, nick: str) -> None:
        member = channels.Member(user=user, server_id=server_id, nick=nick, roles=(), joined_at=NOW)
        self.people[server_id][user.id] = member
        self.emit(f"server:{server_id}", channel_events.MemberUpdated(server_id=server_id, member=member))

    def role(self, server_id: int, name: str) -> int:
        role = channels.Role(
            id=self.id(),
            server_id=server_id,
            name=name,
            hue=3,
            hoist=False,
            mentionable=True,
            position=1,
            permissions=0,
        )
        self.roles[server_id].append(role)
        self.emit(f"server:{server_id}", channel_events.RoleChanged(server_id=server_id, role=role))
        return role.id

    def delete_role(self, server_id: int, role_id: int) -> None:
        self.roles[server_id] = [each for each in self.roles[server_id] if each.id != role_id]
        self.emit(f"server:{server_id}", channel_events.RoleDeleted(server_id=server_id, role_id=role_id))

    def channel(
        self, server_id: int, name: str, type: channels.ChannelType = "text", *, hide: Sequence[User] = ()
    ) -> int:
        id = self.id()
        self.channels_by_id[id] = self._channel(id, server_id, name, type)
        self.hidden |= {(each.id, id) for each in hide}
        self.emit(
            f"server:{server_id}",
            channel_events.ChannelCreated(server_id=server_id, channel=self.channels_by_id[id]),
        )
        return id

    def rename_channel(self, channel_id: int, name: str) -> None:
        old = self.channels_by_id[channel_id]
        self.channels_by_id[channel_id] = self._channel(channel_id, old.server_id, name, old.type)
        self.emit(
            f"server:{old.server_id}",
            channel_events.ChannelUpdated(server_id=old.server_id, channel=self.channels_by_id[channel_id]),
        )

    def delete_channel(self, channel_id: int) -> None:
        server_id = self.channels_by_id.pop(channel_id).server_id
        self.voice = {id: each for id, each in self.voice.items() if each.channel_id != channel_id}
        self.emit(f"server:{server_id}", channel_events.ChannelDeleted(server_id=server_id, channel_id=channel_id))

    def hide(self, user: User, channel_id: int, hidden: bool = True) -> None:
        change = self.hidden.add if hidden else self.hidden.discard
        change((user.id, channel_id))
        self.rights_changed(self.channels_by_id[channel_id].server_id, user)

    def empower(self, server_id: int, user: User, bits: int) -> None:
        self.powers[server_id, user.id] = bits
        self.rights_changed(server_id, user)

    def rights_changed(self, server_id: int, *users: User) -> None:
        ids = tuple(each.id for each in users)
        self.publish(channel_events.PermissionsChanged(server_id=server_id, epoch=1, user_ids=ids))

    def say(self, channel_id: int, author: User, content: str) -> chat.Message:
        server_id = self.channels_by_id[channel_id].server_id
        message = chat.Message(
            id=self.id(),
            channel_id=channel_id,
            server_id=server_id,
            author=author,
            content=content,
            edited_at=None,
            nonce=None,
            mentions=(),
            mention_everyone=False,
            reference=None,
        )
        self.messages.setdefault(channel_id, []).append(message)
        self.emit(
            f"channel:{channel_id}",
            chat_events.MessageCreated(server_id=server_id, channel_id=channel_id, message=message),
        )
        return message

    def read_up_to(self, user: User, channel_id: int, message_id: int) -> chat.ReadState:
        state = chat.ReadState(channel_id=channel_id, last_message_id=message_id, mention_count=0)
        self.reading.setdefault(user.id, {})[channel_id] = state
        self.emit(f"user:{user.id}", chat_events.ReadStateChanged(user_id=user.id, state=state))
        return state

    def type(self, user: User, channel_id: int) -> None:
        server_id = self.channels_by_id[channel_id].server_id
        self.publish(chat_events.TypingStarted(server_id=server_id, channel_id=channel_id, user_id=user.id, at=NOW))

    def enter_voice(self, user: User, channel_id: int) -> None:
        self.leave_voice(user)
        self._voice(user, self.channels_by_id[channel_id].server_id, channel_id, channel_id)

    def leave_voice(self, user: User) -> None:
        old = self.voice.get(user.id)
        if old is not None and old.channel_id is not None:
            self._voice(user, old.server_id, old.channel_id, None)

    def speak(self, channel_id: int, *users: User) -> None:
        ids = tuple(each.id for each in users)
        self.talking[channel_id] = ids
        server_id = self.channels_by_id[channel_id].server_id
        self.publish(SpeakingChanged(server_id=server_id, channel_id=channel_id, user_ids=ids))

    def revoke(self, user: User, session_id: int) -> None:
        self.emit(f"user:{user.id}", SessionRevoked(user_id=user.id, session_id=session_id))

    # ---- who sees what

    def servers_of(self, user_id: int) -> tuple[int, ...]:
        return tuple(id for id, people in self.people.items() if user_id in people)

    def access(self, server_id: int, user_id: int) -> channels.ServerAccess:
        rights = self.powers[server_id, user_id] if user_id in self.people[server_id] else 0
        seen = {
            id: rights
            for id, each in self.channels_by_id.items()
            if each.server_id == server_id and rights and (user_id, id) not in self.hidden
        }
        return channels.ServerAccess(user_ids=(user_id,), permissions=rights, channels=seen)

    # ---- inside

    def _server(self, id: int, **changes: Any) -> channels.Server:
        self.servers_by_id[id] = msgspec.structs.replace(self.servers_by_id[id], **changes)
        return self.servers_by_id[id]

    @staticmethod
    def _channel(id: int, server_id: int, name: str, type: channels.ChannelType) -> channels.Channel:
        return channels.Channel(
            id=id,
            server_id=server_id,
            type=type,
            name=name,
            topic="",
            parent_id=None,
            position=0,
            user_limit=0,
            bitrate=64_000,
        )

    def _voice(self, user: User, server_id: int, seen_in: int, channel_id: int | None) -> None:
        old = self.voice.get(user.id)
        state = VoiceState(
            user=self.users[user.id],
            server_id=server_id,
            channel_id=channel_id,
            self_mute=False,
            self_deaf=False,
            mute=False,
            deaf=False,
            suppress=False,
            self_video=False,
            self_stream=False,
            device="d",
            joined_at=NOW,
            seq=old.seq + 1 if old else 1,
        )
        self.voice[user.id] = state
        self.publish(VoiceStateChanged(server_id=server_id, channel_id=seen_in, state=state))


class HandClock(SystemClock):
    """Time that tests move. Only `monotonic` matters to the gateway."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds


def principal_of(user: User, session_id: int = 1) -> Principal:
    return Principal("person", user.id, session_id)
