"""Servers, their tree of channels, members, roles, invites, and who may do what. All that others may import, with
the facts of `events` and the numbers of `permission_bits`."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec
from msgspec import UNSET, UnsetType

from hubbub.services.auth.api import Principal
from hubbub.services.user.api import User

ChannelType = Literal["category", "text", "voice", "stage"]
TargetType = Literal["role", "user"]
Applies = Literal["here", "subtree", "both"]


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """Instants in milliseconds UTC, here and below."""

    id: int
    name: str
    icon: str | None
    description: str
    owner_id: int
    created_at: int
    member_count: int


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A node of the tree. `position` orders siblings. `bitrate` in bit/s, `user_limit` 0 for none (voice)."""

    id: int
    server_id: int
    type: ChannelType
    name: str
    topic: str
    parent_id: int | None
    position: int
    user_limit: int
    bitrate: int


class ChannelView(msgspec.Struct, frozen=True, kw_only=True):
    """A channel and what one person may do in it (resolved bits)."""

    channel: Channel
    permissions: int


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """The role with the server's own id is everybody's, at position 0. `hue` 1..8 or none."""

    id: int
    server_id: int
    name: str
    hue: int | None
    hoist: bool
    mentionable: bool
    position: int
    permissions: int


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """`roles` without everybody's."""

    user: User
    server_id: int
    nick: str | None
    roles: tuple[int, ...]
    joined_at: int


class ServerView(msgspec.Struct, frozen=True, kw_only=True):
    """A server as one member sees it: only the channels they may view. `head` is the seq of stream `server:<id>`, read
    before the rest: events after it may already be contained, none before it is missing."""

    server: Server
    channels: tuple[ChannelView, ...]
    roles: tuple[Role, ...]
    me: Member
    permissions: int
    head: int


class Memberships(msgspec.Struct, frozen=True, kw_only=True):
    """Servers that somebody is a member of. `unanswered`: the others, to be asked for one by one with `view`, as this
    answer is long enough."""

    views: tuple[ServerView, ...]
    unanswered: tuple[int, ...]


class Overwrite(msgspec.Struct, frozen=True, kw_only=True):
    """An entry on one node. A bit in both `allow` and `deny` is refused. `expires_at` null: stays."""

    channel_id: int
    target_id: int
    target_type: TargetType
    allow: int
    deny: int
    applies: Applies
    expires_at: int | None


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What a principal may do in a channel, at this moment."""

    server_id: int
    channel: Channel
    permissions: int


class ServerAccess(msgspec.Struct, frozen=True, kw_only=True):
    """The rights of people who may all do the same: `channels` maps each visible channel to its bits."""

    user_ids: tuple[int, ...]
    permissions: int
    channels: dict[int, int]


class ServerAccesses(msgspec.Struct, frozen=True, kw_only=True):
    """Rights on a whole server. `unanswered`: members left for another question, as this answer is long enough."""

    server_id: int
    groups: tuple[ServerAccess, ...]
    unanswered: tuple[int, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a permission is granted or not. `decided_by`: owner, administrator, role, overwrite, default, not_member.
    `channel_id`, `target_id` name the entry (overwrite) or the role."""

    allowed: bool
    decided_by: str
    channel_id: int | None
    target_id: int | None
    valid_until: int | None


class NewChannel(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    type: ChannelType
    topic: str
    parent_id: int | None


class ChannelPatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str | UnsetType = UNSET
    topic: str | UnsetType = UNSET
    parent_id: int | None | UnsetType = UNSET
    position: int | UnsetType = UNSET
    user_limit: int | UnsetType = UNSET
    bitrate: int | UnsetType = UNSET


class ServerPatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET


class NewRole(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    permissions: int
    hue: int | None
    hoist: bool
    mentionable: bool


class RolePatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str | UnsetType = UNSET
    permissions: int | UnsetType = UNSET
    hue: int | None | UnsetType = UNSET
    hoist: bool | UnsetType = UNSET
    mentionable: bool | UnsetType = UNSET
    position: int | UnsetType = UNSET


class MemberPatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    nick: str | None | UnsetType = UNSET
    roles: tuple[int, ...] | UnsetType = UNSET


class MemberQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`ids` wins over `query` (prefix of username, display name or nick, any case; the first `limit` by name); both
    empty: all, by user id, those above `after`."""

    ids: tuple[int, ...]
    query: str | None
    after: int
    limit: int


class MemberRows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows `first`… of `total`, sorted: hoisted roles from the highest, online others, offline; by name inside each."""

    first: int
    total: int
    members: tuple[Member, ...]


class NewInvite(msgspec.Struct, frozen=True, kw_only=True):
    """0: no limit. `max_age` in seconds."""

    max_uses: int
    max_age: int
    channel_id: int | None


class Invite(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    server_id: int
    channel_id: int | None
    inviter_id: int | None
    max_uses: int
    uses: int
    created_at: int
    expires_at: int | None


class InvitePreview(msgspec.Struct, frozen=True, kw_only=True):
    """For guests. `public_channels`: voice channels that everybody's role may view."""

    server: Server
    inviter: User | None
    expires_at: int | None
    public_channels: tuple[int, ...]


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """`joined` False: was a member already."""

    view: ServerView
    joined: bool


class ChannelApi(Protocol):
    """A server, channel, role or member that the principal may not see is *not found*, never "forbidden": nothing leaks.

    Common refusals: server.not_found, channel.not_found, role.not_found, member.not_found, permission.denied {permission}.
    """

    # ---- servers
    async def create_server(self, principal: Principal, key: str, name: str, description: str) -> ServerView:
        """With the channels "general" (text) and "Lounge" (voice). Refused: server.name_invalid, server.too_many."""
        ...

    async def update_server(self, principal: Principal, server_id: int, patch: ServerPatch) -> ServerView: ...

    async def delete_server(self, principal: Principal, server_id: int) -> None:
        """Only its owner. Refused: permission.denied."""
        ...

    async def view(self, principal: Principal, server_id: int) -> ServerView: ...

    async def views(self, principal: Principal) -> Memberships:
        """Every server the principal is a member of, oldest membership first; those that come to more than about 4 MB
        by their ids."""
        ...

    async def servers_of(self, user_id: int) -> tuple[int, ...]: ...

    # ---- channels
    async def create_channel(self, principal: Principal, key: str, server_id: int, new: NewChannel) -> ChannelView:
        """Refused: channel.name_invalid, channel.parent_invalid, channel.too_many (500 per server), channel.too_deep (8)."""
        ...

    async def update_channel(self, principal: Principal, channel_id: int, patch: ChannelPatch) -> ChannelView: ...

    async def delete_channel(self, principal: Principal, channel_id: int) -> None:
        """Its children move up to its parent."""
        ...

    async def channel(self, principal: Principal, channel_id: int) -> ChannelView: ...

    # ---- entries on nodes
    async def overwrites(self, principal: Principal, channel_id: int) -> tuple[Overwrite, ...]: ...

    async def put_overwrite(self, principal: Principal, overwrite: Overwrite) -> Overwrite:
        """Needs MANAGE_ROLES there; nobody grants what they do not have. Refused: overwrite.invalid."""
        ...

    async def delete_overwrite(self, principal: Principal, channel_id: int, target_id: int) -> None: ...

    async def explain(self, principal: Principal, channel_id: int, user_id: int, permission: int) -> Explanation: ...

    # ---- roles
    async def create_role(self, principal: Principal, key: str, server_id: int, new: NewRole) -> Role:
        """Refused: role.name_invalid, role.too_many (250), permission.denied (bits that the principal does not have)."""
        ...

    async def update_role(self, principal: Principal, server_id: int, role_id: int, patch: RolePatch) -> Role:
        """Refused: role.outranked for a role at or above the principal's highest."""
        ...

    async def delete_role(self, principal: Principal, server_id: int, role_id: int) -> None: ...

    # ---- members
    async def members(self, principal: Principal, server_id: int, query: MemberQuery) -> tuple[Member, ...]: ...

    async def member_rows(
        self, principal: Principal, server_id: int, online: tuple[int, ...], first: int, last: int
    ) -> MemberRows:
        """`online`: user ids to list as online; at most 200 rows a call."""
        ...

    async def update_member(self, principal: Principal, server_id: int, user_id: int, patch: MemberPatch) -> Member:
        """Own nick needs CHANGE_NICKNAME, others' MANAGE_NICKNAMES, roles MANAGE_ROLES. Refused: member.outranked."""
        ...

    async def kick_member(self, principal: Principal, server_id: int, user_id: int) -> None:
        """Refused: member.outranked."""
        ...

    async def leave_server(self, principal: Principal, server_id: int) -> None:
        """Refused: server.owner_stays."""
        ...

    # ---- invites
    async def create_invite(self, principal: Principal, key: str, server_id: int, new: NewInvite) -> Invite: ...

    async def invites(self, principal: Principal, server_id: int) -> tuple[Invite, ...]:
        """All with MANAGE_SERVER, else the principal's own."""
        ...

    async def revoke_invite(self, principal: Principal, token: str) -> None: ...

    async def preview_invite(self, token: str) -> InvitePreview:
        """Refused: invite.not_found, invite.used_up, invite.expired."""
        ...

    async def reserve_invite(self, token: str, key: str) -> None:
        """Take one use for `key` (the same key again takes none), for 10 minutes. Refused as preview_invite."""
        ...

    async def release_invite(self, token: str, key: str) -> None:
        """Give an unconfirmed reservation back."""
        ...

    async def accept_invite(self, principal: Principal, token: str, key: str) -> Joined:
        """Become a member, with the use reserved under `key` or else a new one; a member consumes nothing."""
        ...

    # ---- who may do what
    async def authorize(self, principal: Principal, channel_id: int, permission: int) -> Access:
        """All bits of `permission` are there, or Refused: channel.not_found (cannot view it), permission.denied."""
        ...

    async def authorize_server(self, principal: Principal, server_id: int, permission: int) -> int:
        """The same for server-wide rights; returns all of them."""
        ...

    async def authorize_over(self, principal: Principal, server_id: int, user_id: int, permission: int) -> None:
        """Also requires that the other person is a member whom the principal outranks. Refused: member.outranked."""
        ...

    async def access_of(self, server_id: int, user_ids: tuple[int, ...]) -> ServerAccesses:
        """For the gateway: rights of these members (others are left out), at most 1,000. Read afresh: not older than
        any event that the caller has seen."""
        ...

    async def access(self, user_id: int, channel_id: int) -> Access | None:
        """For services: one person's rights in one channel; None for who is no member or may not view it. Read
        afresh, as `access_of` is."""
        ...
