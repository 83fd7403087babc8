"""Facts of the channel service. All but PermissionsChanged of one server are in its stream `server:<id>`."""

from __future__ import annotations

from typing import ClassVar, Literal

from hubbub.events import Audience, Event, Services, register
from hubbub.events import Channel as ChannelReaders
from hubbub.events import Server as ServerMembers
from hubbub.services.channel.api import Channel, Member, Role, Server
from hubbub.services.channel.permission_bits import VIEW_CHANNEL


def stream(server_id: int) -> str:
    return f"server:{server_id}"


class _OfServer(Event, frozen=True, kw_only=True):
    server_id: int

    @property
    def audience(self) -> Audience:
        return ServerMembers(self.server_id)

    @property
    def routing(self) -> tuple[int, ...]:
        return (self.server_id,)


class ServerCreated(_OfServer, frozen=True, kw_only=True):
    """Only its owner is in it yet; their sockets learn of it by MemberAdded."""

    subject: ClassVar[str] = "server.created"
    owner_id: int

    @property
    def audience(self) -> Audience:
        return Services()


class ServerUpdated(_OfServer, frozen=True, kw_only=True):
    subject: ClassVar[str] = "server.updated"
    server: Server


class ServerDeleted(_OfServer, frozen=True, kw_only=True):
    """`channel_ids`: what went with it."""

    subject: ClassVar[str] = "server.deleted"
    channel_ids: tuple[int, ...]


class _OfChannel(_OfServer, frozen=True, kw_only=True):
    channel: Channel

    @property
    def audience(self) -> Audience:
        return ChannelReaders(self.channel.id, VIEW_CHANNEL)

    @property
    def routing(self) -> tuple[int, ...]:
        return (self.server_id, self.channel.id)


class ChannelCreated(_OfChannel, frozen=True, kw_only=True):
    subject: ClassVar[str] = "channel.created"


class ChannelUpdated(_OfChannel, frozen=True, kw_only=True):
    """Name, topic, place in the tree, limits. A new place may change rights: PermissionsChanged follows then."""

    subject: ClassVar[str] = "channel.updated"


class ChannelDeleted(_OfServer, frozen=True, kw_only=True):
    subject: ClassVar[str] = "channel.deleted"
    channel_id: int

    @property
    def audience(self) -> Audience:
        return ChannelReaders(self.channel_id, VIEW_CHANNEL)

    @property
    def routing(self) -> tuple[int, ...]:
        return (self.server_id, self.channel_id)


class MemberAdded(_OfServer, frozen=True, kw_only=True):
    """The new member's own sockets get the whole server instead."""

    subject: ClassVar[str] = "server.member.added"
    member: Member
    member_count: int


class MemberUpdated(_OfServer, frozen=True, kw_only=True):
    subject: ClassVar[str] = "server.member.updated"
    member: Member


class MemberRemoved(_OfServer, frozen=True, kw_only=True):
    """The removed one's own sockets get SERVER_DELETE; live media of theirs on this server ends."""

    subject: ClassVar[str] = "server.member.removed"
    user_id: int
    member_count: int
    reason: Literal["left", "kicked", "banned"]


class RoleChanged(_OfServer, frozen=True, kw_only=True):
    """Made or changed."""

    subject: ClassVar[str] = "server.role.updated"
    role: Role


class RoleDeleted(_OfServer, frozen=True, kw_only=True):
    subject: ClassVar[str] = "server.role.deleted"
    role_id: int


class PermissionsChanged(_OfServer, frozen=True, kw_only=True):
    """Rights of `user_ids` (empty: of anybody) on this server may be others now: replicas older than `epoch` are void."""

    subject: ClassVar[str] = "server.permissions.changed"
    epoch: int
    user_ids: tuple[int, ...]

    @property
    def audience(self) -> Audience:
        return Services()


register(
    ServerCreated,
    ServerUpdated,
    ServerDeleted,
    ChannelCreated,
    ChannelUpdated,
    ChannelDeleted,
    MemberAdded,
    MemberUpdated,
    MemberRemoved,
    RoleChanged,
    RoleDeleted,
    PermissionsChanged,
)
