"""Frames and events of the gateway, `/gateway?v=1`: JSON text frames `{"op", "d", "s"?, "t"?}`.

Client to server: 1 HEARTBEAT, 2 IDENTIFY, 3 PRESENCE, 4 VOICE_STATE, 6 RESUME, 8 MEMBERS, 20 COMMAND.
Server to client: 0 DISPATCH (with `s` and `t`), 7 RECONNECT, 9 INVALID_SESSION, 10 HELLO, 11 HEARTBEAT_ACK, 21 REPLY.

Close codes: 4000 unknown, 4001 bad op, 4002 undecodable, 4003 not identified, 4004 bad token, 4005 already identified,
4007 bad seq, 4008 rate limited, 4009 session timed out, 4012 version, 4020 too slow (resume), 4021 revoked (log in),
4022 moved (identify again); 1009 too big, 1012 restarting (resume).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from hubbub.protocols.wire.requests import Id, Strict, UpdatePresence, UpdateVoice
from hubbub.protocols.wire.things import (
    Channel,
    Instance,
    Me,
    Member,
    Message,
    Presence,
    Problem,
    ReadState,
    Role,
    Server,
    ServerSummary,
    User,
    VoiceState,
)

# ---- what a client sends: `d` of each op --------------------------------------------------------------------------


class Identify(Strict, frozen=True, kw_only=True):
    """op 2. `client` names program and version, for the list of sessions. `capabilities`: "deflate" takes READY and long
    replies as binary frames, the same JSON in zlib's format (RFC 1950); unknown ones are ignored."""

    token: str
    client: Annotated[str, msgspec.Meta(max_length=100)] = ""
    capabilities: Annotated[tuple[str, ...], msgspec.Meta(max_length=32)] = ()


class Resume(Strict, frozen=True, kw_only=True):
    """op 6. `seq` is the last `s` that the client has handled."""

    token: str
    session_id: str
    seq: int


class Members(Strict, frozen=True, kw_only=True):
    """op 8, answered by MEMBERS_CHUNK events. Exactly one of `ranges` (rows of the list, [first, last]), `query`
    (prefix of a name) and `ids`."""

    server_id: Id
    ranges: Annotated[tuple[tuple[int, int], ...], msgspec.Meta(max_length=4)] = ()
    query: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    ids: Annotated[tuple[Id, ...], msgspec.Meta(max_length=100)] = ()
    nonce: str | None = None


class Command(Strict, frozen=True, kw_only=True):
    """op 20. `id` comes back in the REPLY. Names: message.send, message.edit, message.delete, messages.page, typing, read."""

    id: Annotated[str, msgspec.Meta(max_length=64)] | int
    name: str
    data: msgspec.Raw


CLIENT_OPS: dict[int, type | None] = {
    1: None,  # HEARTBEAT: d is the last s, or null
    2: Identify,
    3: UpdatePresence,
    4: UpdateVoice,
    6: Resume,
    8: Members,
    20: Command,
}

# ---- what the server sends -------------------------------------------------------------------------------------------


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """op 10. Milliseconds between heartbeats."""

    heartbeat_interval: int


class InvalidSession(msgspec.Struct, frozen=True, kw_only=True):
    """op 9. Identify again; what is cached must be revalidated by the heads in READY."""

    reason: str


class Reply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """op 21: `data` or `problem`."""

    id: str | int
    data: Any = None
    problem: Problem | None = None


# ---- dispatch events: `t` and its `d` --------------------------------------------------------------------------------


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    session_id: str
    user: Me
    instance: Instance
    settings: dict[str, Any]
    servers: tuple[Server, ...]
    direct_channels: tuple[Channel, ...]
    read_states: tuple[ReadState, ...]
    presences: tuple[Presence, ...]
    users: tuple[User, ...]  # everybody named by voice states and presences above


class Resumed(msgspec.Struct, frozen=True, kw_only=True):
    replayed: int


class MessageCreate(msgspec.Struct, frozen=True, kw_only=True):
    server_id: str
    channel_id: str
    message: Message
    seq: int


class MessageUpdate(msgspec.Struct, frozen=True, kw_only=True):
    server_id: str
    channel_id: str
    message_id: str
    content: str
    message: Message
    seq: int


class MessageDelete(msgspec.Struct, frozen=True, kw_only=True):
    server_id: str
    channel_id: str
    message_id: str
    seq: int


class ChannelCreate(msgspec.Struct, frozen=True, kw_only=True):
    """Also sent when a room becomes visible to you."""

    channel: Channel
    seq: int


class ChannelUpdate(msgspec.Struct, frozen=True, kw_only=True):
    channel: Channel
    seq: int


class ChannelDelete(msgspec.Struct, frozen=True, kw_only=True):
    """Also sent when a room stops being visible to you."""

    server_id: str
    channel_id: str
    seq: int


class ServerCreate(msgspec.Struct, frozen=True, kw_only=True):
    """You made or joined a server. Replaces whatever was known of it."""

    server: Server


class ServerUpdate(msgspec.Struct, frozen=True, kw_only=True):
    server: ServerSummary
    seq: int


class ServerDelete(msgspec.Struct, frozen=True, kw_only=True):
    """Deleted, or you left it or were put out."""

    server_id: str
    reason: Literal["deleted", "left", "kicked", "banned"]


class PermissionsUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """Yours, after a change of roles or entries: server-wide, and for each room that you see."""

    server_id: str
    permissions: str
    channels: dict[str, str]


class MemberAdd(msgspec.Struct, frozen=True, kw_only=True):
    server_id: str
    member: Member
    member_count: int
    seq: int


class MemberUpdate(msgspec.Struct, frozen=True, kw_only=True):
    server_id: str
    member: Member
    seq: int


class MemberRemove(msgspec.Struct, frozen=True, kw_only=True):
    server_id: str
    user_id: str
    member_count: int
    seq: int


class MembersChunk(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to MEMBERS: rows from `first`, of `total`, sorted by hoisted role, then online first, then name."""

    server_id: str
    first: int
    total: int
    members: tuple[Member, ...]
    presences: tuple[Presence, ...]
    nonce: str | None


class RoleUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """Made or changed."""

    role: Role
    seq: int


class RoleDelete(msgspec.Struct, frozen=True, kw_only=True):
    server_id: str
    role_id: str
    seq: int


class UserUpdate(msgspec.Struct, frozen=True, kw_only=True):
    user: User


class PresenceUpdate(Presence, frozen=True, kw_only=True):
    pass


class TypingStart(msgspec.Struct, frozen=True, kw_only=True):
    """Shown for 8 s or until a message of theirs arrives."""

    server_id: str
    channel_id: str
    user_id: str
    timestamp: str


class VoiceStateUpdate(VoiceState, frozen=True, kw_only=True):
    user: User


class VoiceSpeaking(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody who speaks in the room right now; whoever is not in the list does not."""

    server_id: str
    channel_id: str
    user_ids: tuple[str, ...]


class ReadStateUpdate(ReadState, frozen=True, kw_only=True):
    pass


EVENTS: dict[str, type[msgspec.Struct]] = {
    "READY": Ready,
    "RESUMED": Resumed,
    "MESSAGE_CREATE": MessageCreate,
    "MESSAGE_UPDATE": MessageUpdate,
    "MESSAGE_DELETE": MessageDelete,
    "CHANNEL_CREATE": ChannelCreate,
    "CHANNEL_UPDATE": ChannelUpdate,
    "CHANNEL_DELETE": ChannelDelete,
    "SERVER_CREATE": ServerCreate,
    "SERVER_UPDATE": ServerUpdate,
    "SERVER_DELETE": ServerDelete,
    "PERMISSIONS_UPDATE": PermissionsUpdate,
    "MEMBER_ADD": MemberAdd,
    "MEMBER_UPDATE": MemberUpdate,
    "MEMBER_REMOVE": MemberRemove,
    "MEMBERS_CHUNK": MembersChunk,
    "ROLE_UPDATE": RoleUpdate,
    "ROLE_DELETE": RoleDelete,
    "USER_UPDATE": UserUpdate,
    "PRESENCE_UPDATE": PresenceUpdate,
    "TYPING_START": TypingStart,
    "VOICE_STATE_UPDATE": VoiceStateUpdate,
    "VOICE_SPEAKING": VoiceSpeaking,
    "READ_STATE_UPDATE": ReadStateUpdate,
}
