"""Things that exist: people, servers, channels, messages, voice states. Answers of REST and bodies of gateway events."""

from __future__ import annotations

from typing import Literal

import msgspec

UserKind = Literal["person", "guest", "bot", "webhook", "system"]
ChannelType = Literal["category", "text", "voice", "stage"]
Status = Literal["online", "idle", "dnd", "offline"]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Anybody, as everybody may see them."""

    id: str
    username: str
    display_name: str
    avatar: str | None
    kind: UserKind


class Me(User, frozen=True, kw_only=True):
    """Yourself."""

    email: str | None
    created_at: str
    instance_owner: bool


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """A session. `expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    user: Me


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One login of yours, on one device."""

    id: str
    device: str
    address: str
    created_at: str
    last_used_at: str
    current: bool


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """What a client needs before anybody logs in. `secure` says whether browsers will allow microphones here."""

    name: str
    host: str
    version: str
    registration: Literal["invite", "open", "closed"]
    setup_needed: bool
    secure: bool
    message_length: int
    password_length: int


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """`hue` is 1..8 (a colour of the theme) or null. The role whose id is the server's id is everybody's."""

    id: str
    server_id: str
    name: str
    hue: int | None
    hoist: bool
    mentionable: bool
    position: int
    permissions: str


class Overwrite(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a room's own permissions, for a role or a person. `applies` says on which nodes it counts."""

    id: str
    type: Literal["role", "user"]
    allow: str
    deny: str
    applies: Literal["here", "subtree", "both"]
    expires_at: str | None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A room. `permissions` are yours in it, already resolved."""

    id: str
    server_id: str
    type: ChannelType
    name: str
    topic: str
    parent_id: str | None
    position: int
    user_limit: int
    bitrate: int
    last_message_id: str | None
    permissions: str


class Member(msgspec.Struct, frozen=True, kw_only=True):
    user: User
    nick: str | None
    roles: tuple[str, ...]
    joined_at: str


class VoiceState(msgspec.Struct, frozen=True, kw_only=True):
    """Who is in which voice room, and how. Effective mute is `mute or self_mute`; `suppress` is "may not speak here".

    `channel_id` null: has left. `device` tells one's own devices apart: it is in the ticket too. `seq` rises with each change of this person's state; older ones are ignored."""

    user_id: str
    server_id: str
    channel_id: str | None
    self_mute: bool
    self_deaf: bool
    mute: bool
    deaf: bool
    suppress: bool
    self_video: bool
    self_stream: bool
    joined_at: str | None
    device: str
    seq: int


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    user_id: str
    status: Status
    custom_status: str | None


class ServerSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A server without what hangs on it."""

    id: str
    name: str
    icon: str | None
    description: str
    owner_id: str
    created_at: str
    member_count: int


class Server(ServerSummary, frozen=True, kw_only=True):
    """A server as you see it: the rooms you may see, all roles, yourself. `heads` are the sequences of its streams
    (`server:<id>`, `channel:<id>`): a cached window is current while its head is unchanged."""

    channels: tuple[Channel, ...]
    roles: tuple[Role, ...]
    me: Member
    permissions: str
    voice_states: tuple[VoiceState, ...]
    heads: dict[str, int]


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """The message that this one answers; content null when it was deleted."""

    id: str
    author: User | None
    content: str | None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`content` is source text: Markdown subset and mentions `<@id> <@&id> <#id>`; the client renders it."""

    id: str
    channel_id: str
    server_id: str
    author: User
    content: str
    timestamp: str
    edited_timestamp: str | None
    nonce: str | None
    mentions: tuple[str, ...]
    mention_everyone: bool
    referenced_message: Reference | None


class ReadState(msgspec.Struct, frozen=True, kw_only=True):
    channel_id: str
    last_message_id: str | None
    mention_count: int


class Invite(msgspec.Struct, frozen=True, kw_only=True):
    """`max_uses` 0 and `expires_at` null mean no limit."""

    token: str
    url: str
    server_id: str
    channel_id: str | None
    inviter_id: str | None
    max_uses: int
    uses: int
    created_at: str
    expires_at: str | None


class InviteServer(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    icon: str | None


class InvitePreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest sees before any login. `talking` are people in voice rooms that everybody may see, at most five."""

    server: InviteServer
    name: str
    icon: str | None
    description: str
    member_count: int
    online_count: int
    talking: tuple[User, ...]
    talking_count: int
    created_at: str
    inviter: User | None
    expires_at: str | None


class VoiceTicket(msgspec.Struct, frozen=True, kw_only=True):
    """Where the media of a room is, and a token for it (LiveKit signalling). `user_limit` 0: no limit."""

    url: str
    token: str
    room: str
    state: VoiceState


class FieldError(msgspec.Struct, frozen=True, kw_only=True):
    field: str
    code: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 (`application/problem+json`). `code` is stable; `detail` says what to do."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    retry_after: float | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a permission is granted or not, and which entry or role decided."""

    allowed: bool
    decided_by: str
    channel_id: str | None
    target_id: str | None
    valid_until: str | None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`status` is "ok" while every check is. `counters`: sockets, gateway sessions, media, as plain numbers (EV-01)."""

    status: str
    version: str
    checks: dict[str, str]
    counters: dict[str, int]
