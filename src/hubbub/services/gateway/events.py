"""What sessions are told beside other services' facts: the world at the start, and what changes only for some people."""

from __future__ import annotations

from typing import Literal

import msgspec

from hubbub.events import Event
from hubbub.services.channel.api import ChannelView, Member, ServerView
from hubbub.services.chat.api import ChannelHead, ReadState
from hubbub.services.presence.api import Presence
from hubbub.services.user.api import Account, User
from hubbub.services.voice.api import VoiceState


class ServerSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A server as one person sees it now. `heads` by channel id. `voice` and `speaking` only of visible channels."""

    view: ServerView
    heads: dict[int, ChannelHead]
    voice: tuple[VoiceState, ...]
    speaking: dict[int, tuple[int, ...]]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one person starts with. `users`: who is named by presences and voice states."""

    account: Account
    servers: tuple[ServerSnapshot, ...]
    read_states: tuple[ReadState, ...]
    presences: tuple[Presence, ...]
    users: tuple[User, ...]


class SessionReady(msgspec.Struct, frozen=True, kw_only=True):
    session_id: str
    snapshot: Snapshot


class SessionResumed(msgspec.Struct, frozen=True, kw_only=True):
    replayed: int


class ServerAppeared(msgspec.Struct, frozen=True, kw_only=True):
    """They made or joined it."""

    server: ServerSnapshot


class ServerVanished(msgspec.Struct, frozen=True, kw_only=True):
    server_id: int
    reason: Literal["deleted", "left", "kicked", "banned"]


class ChannelAppeared(msgspec.Struct, frozen=True, kw_only=True):
    """Made, or visible now. The same for all who have the same rights in it."""

    view: ChannelView
    last_message_id: int | None


class ChannelChanged(msgspec.Struct, frozen=True, kw_only=True):
    view: ChannelView
    last_message_id: int | None


class ChannelVanished(msgspec.Struct, frozen=True, kw_only=True):
    """Not visible any more; voice states in it are void."""

    server_id: int
    channel_id: int


class RightsChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Theirs, server-wide and for every visible channel."""

    server_id: int
    permissions: int
    channels: dict[int, int]


class UserIntroduced(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who will be named by ids."""

    user: User


class PresenceShown(msgspec.Struct, frozen=True, kw_only=True):
    """The same as presence.events.StatusChanged, for somebody who did not see that."""

    presence: Presence


class MembersListed(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of the member list from `first`, of `total`."""

    server_id: int
    first: int
    total: int
    members: tuple[Member, ...]
    presences: tuple[Presence, ...]
    nonce: str | None


Notice = (
    Event
    | SessionResumed
    | ServerAppeared
    | ServerVanished
    | ChannelAppeared
    | ChannelChanged
    | ChannelVanished
    | RightsChanged
    | UserIntroduced
    | PresenceShown
    | MembersListed
)
