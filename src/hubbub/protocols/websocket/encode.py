"""The native dialect: facts of services in the words of `wire/gateway.py`, as JSON text frames, once per event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from hubbub.clock import rfc3339
from hubbub.protocols.websocket.codec import TEXT, frame_head
from hubbub.protocols.wire import convert, gateway
from hubbub.services.channel import events as channel_events
from hubbub.services.chat import events as chat_events
from hubbub.services.gateway import events as gateway_events
from hubbub.services.gateway.api import Encoded
from hubbub.services.gateway.events import Notice
from hubbub.services.presence import events as presence_events
from hubbub.services.user import events as user_events
from hubbub.services.voice import events as voice_events

Named = tuple[str, msgspec.Struct]
_HEAD = b'{"op":0,"s":'
_SEQUENCE = 10  # places that a session fills; JSON allows the spaces in front
_json = msgspec.json.Encoder()


class NativeDialect:
    """Implements services.gateway.api.Dialect."""

    def encode(self, notice: Notice, seq: int) -> Encoded | None:
        if (word := _WORDS.get(type(notice))) is None:
            return None
        return dispatch(*word(notice, seq))


def dispatch(name: str, data: msgspec.Struct) -> Encoded:
    """A whole frame but for the sequence."""
    tail = b',"t":"%b","d":%b}' % (name.encode(), _json.encode(data))
    return Encoded(frame_head(TEXT, len(_HEAD) + _SEQUENCE + len(tail)) + _HEAD, tail)


# ---- messages


def _message_created(of: chat_events.MessageCreated, seq: int) -> Named:
    message = convert.message(of.message)
    return "MESSAGE_CREATE", gateway.MessageCreate(
        server_id=message.server_id, channel_id=message.channel_id, message=message, seq=seq
    )


def _message_updated(of: chat_events.MessageUpdated, seq: int) -> Named:
    message = convert.message(of.message)
    return "MESSAGE_UPDATE", gateway.MessageUpdate(
        server_id=message.server_id,
        channel_id=message.channel_id,
        message_id=message.id,
        content=message.content,
        message=message,
        seq=seq,
    )


def _message_deleted(of: chat_events.MessageDeleted, seq: int) -> Named:
    return "MESSAGE_DELETE", gateway.MessageDelete(
        server_id=str(of.server_id), channel_id=str(of.channel_id), message_id=str(of.message_id), seq=seq
    )


def _typing_started(of: chat_events.TypingStarted, seq: int) -> Named:
    return "TYPING_START", gateway.TypingStart(
        server_id=str(of.server_id),
        channel_id=str(of.channel_id),
        user_id=str(of.user_id),
        timestamp=rfc3339(of.at),
    )


def _read_state_changed(of: chat_events.ReadStateChanged, seq: int) -> Named:
    return "READ_STATE_UPDATE", gateway.ReadStateUpdate(**_fields(convert.read_state(of.state)))


# ---- servers and channels


def _server_appeared(of: gateway_events.ServerAppeared, seq: int) -> Named:
    snapshot = of.server
    server = convert.server_view(snapshot.view, snapshot.heads, snapshot.voice)
    return "SERVER_CREATE", gateway.ServerCreate(server=server)


def _server_updated(of: channel_events.ServerUpdated, seq: int) -> Named:
    return "SERVER_UPDATE", gateway.ServerUpdate(server=convert.server_summary(of.server), seq=seq)


def _server_vanished(of: gateway_events.ServerVanished, seq: int) -> Named:
    return "SERVER_DELETE", gateway.ServerDelete(server_id=str(of.server_id), reason=of.reason)


def _channel_appeared(of: gateway_events.ChannelAppeared, seq: int) -> Named:
    return "CHANNEL_CREATE", gateway.ChannelCreate(channel=convert.channel_view(of.view, of.last_message_id), seq=seq)


def _channel_changed(of: gateway_events.ChannelChanged, seq: int) -> Named:
    return "CHANNEL_UPDATE", gateway.ChannelUpdate(channel=convert.channel_view(of.view, of.last_message_id), seq=seq)


def _channel_deleted(of: channel_events.ChannelDeleted | gateway_events.ChannelVanished, seq: int) -> Named:
    return "CHANNEL_DELETE", gateway.ChannelDelete(server_id=str(of.server_id), channel_id=str(of.channel_id), seq=seq)


def _rights_changed(of: gateway_events.RightsChanged, seq: int) -> Named:
    return "PERMISSIONS_UPDATE", gateway.PermissionsUpdate(
        server_id=str(of.server_id),
        permissions=str(of.permissions),
        channels={str(id): str(bits) for id, bits in of.channels.items()},
    )


def _member_added(of: channel_events.MemberAdded, seq: int) -> Named:
    return "MEMBER_ADD", gateway.MemberAdd(
        server_id=str(of.server_id), member=convert.member(of.member), member_count=of.member_count, seq=seq
    )


def _member_updated(of: channel_events.MemberUpdated, seq: int) -> Named:
    return "MEMBER_UPDATE", gateway.MemberUpdate(server_id=str(of.server_id), member=convert.member(of.member), seq=seq)


def _member_removed(of: channel_events.MemberRemoved, seq: int) -> Named:
    return "MEMBER_REMOVE", gateway.MemberRemove(
        server_id=str(of.server_id), user_id=str(of.user_id), member_count=of.member_count, seq=seq
    )


def _members_listed(of: gateway_events.MembersListed, seq: int) -> Named:
    return "MEMBERS_CHUNK", gateway.MembersChunk(
        server_id=str(of.server_id),
        first=of.first,
        total=of.total,
        members=tuple(map(convert.member, of.members)),
        presences=tuple(map(convert.presence, of.presences)),
        nonce=of.nonce,
    )


def _role_changed(of: channel_events.RoleChanged, seq: int) -> Named:
    return "ROLE_UPDATE", gateway.RoleUpdate(role=convert.role(of.role), seq=seq)


def _role_deleted(of: channel_events.RoleDeleted, seq: int) -> Named:
    return "ROLE_DELETE", gateway.RoleDelete(server_id=str(of.server_id), role_id=str(of.role_id), seq=seq)


# ---- people


def _user_changed(of: user_events.ProfileUpdated | gateway_events.UserIntroduced, seq: int) -> Named:
    return "USER_UPDATE", gateway.UserUpdate(user=convert.user(of.user))


def _presence_changed(of: presence_events.StatusChanged | gateway_events.PresenceShown, seq: int) -> Named:
    return "PRESENCE_UPDATE", gateway.PresenceUpdate(**_fields(convert.presence(of.presence)))


def _voice_state_changed(of: voice_events.VoiceStateChanged, seq: int) -> Named:
    return "VOICE_STATE_UPDATE", gateway.VoiceStateUpdate(
        **_fields(convert.voice_state(of.state)), user=convert.user(of.state.user)
    )


def _speaking_changed(of: voice_events.SpeakingChanged, seq: int) -> Named:
    return "VOICE_SPEAKING", gateway.VoiceSpeaking(
        server_id=str(of.server_id), channel_id=str(of.channel_id), user_ids=tuple(map(str, of.user_ids))
    )


def _resumed(of: gateway_events.SessionResumed, seq: int) -> Named:
    return "RESUMED", gateway.Resumed(replayed=of.replayed)


def _fields(of: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(of)


_WORDS: dict[type, Callable[[Any, int], Named]] = {
    chat_events.MessageCreated: _message_created,
    chat_events.MessageUpdated: _message_updated,
    chat_events.MessageDeleted: _message_deleted,
    chat_events.TypingStarted: _typing_started,
    chat_events.ReadStateChanged: _read_state_changed,
    channel_events.ServerUpdated: _server_updated,
    channel_events.ChannelDeleted: _channel_deleted,
    channel_events.MemberAdded: _member_added,
    channel_events.MemberUpdated: _member_updated,
    channel_events.MemberRemoved: _member_removed,
    channel_events.RoleChanged: _role_changed,
    channel_events.RoleDeleted: _role_deleted,
    gateway_events.ServerAppeared: _server_appeared,
    gateway_events.ServerVanished: _server_vanished,
    gateway_events.ChannelAppeared: _channel_appeared,
    gateway_events.ChannelChanged: _channel_changed,
    gateway_events.ChannelVanished: _channel_deleted,
    gateway_events.RightsChanged: _rights_changed,
    gateway_events.UserIntroduced: _user_changed,
    gateway_events.PresenceShown: _presence_changed,
    gateway_events.MembersListed: _members_listed,
    gateway_events.SessionResumed: _resumed,
    user_events.ProfileUpdated: _user_changed,
    presence_events.StatusChanged: _presence_changed,
    voice_events.VoiceStateChanged: _voice_state_changed,
    voice_events.SpeakingChanged: _speaking_changed,
}
