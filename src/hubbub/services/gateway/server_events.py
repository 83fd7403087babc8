"""Facts of one server, in the order of its lane: to whom each goes, and what it changes about who hears what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hubbub.errors import Refused
from hubbub.events import Channel as ChannelReaders
from hubbub.services.channel import events as channel_events
from hubbub.services.channel.api import ChannelApi, ChannelView
from hubbub.services.channel.permission_bits import VIEW_CHANNEL
from hubbub.services.chat import events as chat_events
from hubbub.services.chat.api import ChatApi
from hubbub.services.gateway.dispatch import Outgoing
from hubbub.services.gateway.events import (
    ChannelChanged,
    Notice,
    PresenceShown,
    ServerAppeared,
    ServerSnapshot,
    ServerVanished,
    UserIntroduced,
)
from hubbub.services.gateway.lane import Lane
from hubbub.services.gateway.rights_change import RightsChange
from hubbub.services.gateway.snapshot import People, Snapshots, contained_heads
from hubbub.services.gateway.subscriptions import Members, Rights, ServerMembers, Subscriptions
from hubbub.services.voice import events as voice_events

InChannel = (
    chat_events.MessageCreated
    | chat_events.MessageUpdated
    | chat_events.MessageDeleted
    | chat_events.TypingStarted
    | voice_events.VoiceStateChanged
    | voice_events.SpeakingChanged
)
OfServer = (
    channel_events.ServerUpdated
    | channel_events.ServerDeleted
    | channel_events.ChannelCreated
    | channel_events.ChannelUpdated
    | channel_events.ChannelDeleted
    | channel_events.MemberAdded
    | channel_events.MemberUpdated
    | channel_events.MemberRemoved
    | channel_events.RoleChanged
    | channel_events.RoleDeleted
    | channel_events.PermissionsChanged
)


class ServerEvents:
    """Each step asks first and tells last: it may run again when something was unavailable in between."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        snapshots: Snapshots,
        channels: ChannelApi,
        chat: ChatApi,
        expect: Callable[[dict[str, int]], None],
        now: Callable[[], float],
    ) -> None:
        self._subscriptions = subscriptions
        self._snapshots = snapshots
        self._chat = chat
        self._expect = expect
        self._now = now
        self._rights = RightsChange(channels, snapshots, now)

    def handle(self, lane: Lane, event: InChannel | OfServer, out: Outgoing) -> Awaitable[None] | None:
        """One step of the server's lane."""
        if isinstance(event, channel_events.MemberAdded):
            return self._member_added(lane, event, out)
        if (members := self._subscriptions.servers.get(event.server_id)) is None:
            return None
        if isinstance(event, InChannel):
            lane.fanout.publish(out, self._readers(members, event))
            return None
        return self._of_server(lane, members, event, out)

    def _of_server(self, lane: Lane, members: ServerMembers, event: OfServer, out: Outgoing) -> Awaitable[None] | None:
        match event:
            case channel_events.PermissionsChanged():
                return self._rights.apply(lane, members, event.user_ids, None)
            case channel_events.ChannelCreated():
                return self._rights.apply(lane, members, (), (event.channel.id, out))
            case channel_events.ChannelUpdated():
                return self._channel_updated(lane, members, event, out)
            case channel_events.ChannelDeleted():
                lane.fanout.publish(out, members.readers(event.channel_id, VIEW_CHANNEL))
                members.forget_channel(event.channel_id)
            case channel_events.MemberRemoved():
                self._member_removed(lane, members, event, out)
            case channel_events.ServerDeleted():
                gone = Outgoing(ServerVanished(server_id=event.server_id, reason="deleted"), "", 0, out.at)
                self._vanish(lane, members.everybody(), event.server_id, gone)
            case _:
                lane.fanout.publish(out, members.everybody())
        return None

    @staticmethod
    def _readers(members: ServerMembers, event: InChannel) -> Members:
        audience = event.audience
        assert isinstance(audience, ChannelReaders)
        readers = members.readers(audience.id, audience.permission)
        if isinstance(event, chat_events.TypingStarted):
            return tuple(each for each in readers if each.principal.user_id != event.user_id)
        return readers

    async def _channel_updated(
        self, lane: Lane, members: ServerMembers, event: channel_events.ChannelUpdated, out: Outgoing
    ) -> None:
        channel = event.channel
        heads = await self._chat.heads((channel.id,))
        last = heads[0].last_message_id if heads else None
        for bits, sessions in members.by_bits(channel.id, VIEW_CHANNEL).items():
            notice = ChannelChanged(view=ChannelView(channel=channel, permissions=bits), last_message_id=last)
            lane.fanout.publish(out.reworded(notice), sessions)

    async def _member_added(self, lane: Lane, event: channel_events.MemberAdded, out: Outgoing) -> None:
        """The others hear of it, and how they are; their own sessions get the whole server."""
        server_id, user_id = event.server_id, event.member.user.id
        presence = await self._snapshots.presence(user_id)
        snapshot = await self._snapshot_for(user_id, server_id)
        people = await self._snapshots.people((snapshot,)) if snapshot else ((), ())
        if (members := self._subscriptions.servers.get(server_id)) is not None:
            others = tuple(each for each in members.everybody() if each.principal.user_id != user_id)
            lane.fanout.publish(out, others)
            lane.fanout.publish(Outgoing(PresenceShown(presence=presence), "", 0, out.at), others)
        if snapshot is not None:
            self._appear(lane, user_id, snapshot, people, out.at)

    async def _snapshot_for(self, user_id: int, server_id: int) -> ServerSnapshot | None:
        """None for somebody who has no session here, or who is gone again already; that event follows."""
        if not (sessions := self._subscriptions.of_user(user_id)):
            return None
        try:
            return await self._snapshots.server(sessions[0].principal, server_id)
        except Refused:
            return None

    def _appear(self, lane: Lane, user_id: int, snapshot: ServerSnapshot, people: People, at: float) -> None:
        server_id, heads = snapshot.view.server.id, contained_heads(snapshot)
        self._expect(heads)
        rights = Rights(snapshot.view.permissions, {v.channel.id: v.permissions for v in snapshot.view.channels})
        sessions = self._subscriptions.of_user(user_id)
        for session in sessions:
            self._subscriptions.subscribe(session, server_id, rights)
        stream = channel_events.stream(server_id)
        appeared = Outgoing(ServerAppeared(server=snapshot), stream, snapshot.view.head, at, heads)
        lane.fanout.publish(appeared, sessions)
        presences, users = people
        more: list[Notice] = [UserIntroduced(user=each) for each in users]
        more += [PresenceShown(presence=each) for each in presences]
        more += [
            voice_events.SpeakingChanged(server_id=server_id, channel_id=channel_id, user_ids=talking)
            for channel_id, talking in snapshot.speaking.items()
        ]
        for notice in more:
            lane.fanout.publish(Outgoing(notice, "", 0, at), sessions)

    def _member_removed(
        self, lane: Lane, members: ServerMembers, event: channel_events.MemberRemoved, out: Outgoing
    ) -> None:
        gone = Outgoing(ServerVanished(server_id=event.server_id, reason=event.reason), "", 0, out.at)
        self._vanish(lane, members.sessions_of((event.user_id,)), event.server_id, gone)
        lane.fanout.publish(out, members.everybody())

    def _vanish(self, lane: Lane, sessions: Members, server_id: int, gone: Outgoing) -> None:
        lane.fanout.publish(gone, sessions)
        for session in sessions:
            self._subscriptions.unsubscribe(session, server_id)
