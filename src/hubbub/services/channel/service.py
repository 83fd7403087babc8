"""The channel service: holds what the verbs need and delegates to them."""

from __future__ import annotations

from hubbub.clock import Clock
from hubbub.events import Event
from hubbub.ids import Snowflakes
from hubbub.infra.database.base import Database
from hubbub.services.auth.api import Principal
from hubbub.services.channel import api
from hubbub.services.channel.access import Accesses
from hubbub.services.channel.channel_create import ChannelCreate
from hubbub.services.channel.channel_update import ChannelUpdate
from hubbub.services.channel.invite_accept import InviteAccept
from hubbub.services.channel.invite_create import InviteCreate
from hubbub.services.channel.member_list import MemberList
from hubbub.services.channel.member_rename import MemberRename
from hubbub.services.channel.member_update import MemberUpdate
from hubbub.services.channel.overwrite_put import Overwrites
from hubbub.services.channel.role_create import RoleCreate
from hubbub.services.channel.role_update import RoleUpdate
from hubbub.services.channel.server_create import ServerCreate
from hubbub.services.channel.server_update import ServerUpdate
from hubbub.services.channel.server_view import ServerViews
from hubbub.services.channel.snapshot import Snapshots
from hubbub.services.channel.standing import Standings
from hubbub.services.channel.upkeep import Upkeep
from hubbub.services.user.api import UserApi
from hubbub.services.user.events import ProfileUpdated


class ChannelService:
    """Implements ChannelApi. `start()` begins the upkeep; without it entries still end on time, only nobody is told."""

    def __init__(self, database: Database, users: UserApi, ids: Snowflakes, clock: Clock) -> None:
        self._snapshots = snapshots = Snapshots(database)
        standings = Standings(snapshots, clock)
        self._views = views = ServerViews(database, standings, users)
        self._server = ServerUpdate(database, snapshots, standings, views)
        self._upkeep = Upkeep(database, snapshots, self._server, clock)
        self._new_server = ServerCreate(database, users, views, ids, clock)
        self._new_channel = ChannelCreate(snapshots, standings, ids, clock)
        self._channel = ChannelUpdate(snapshots, standings)
        self._entries = Overwrites(snapshots, standings, clock, self._upkeep.expiring)
        self._new_role = RoleCreate(snapshots, standings, ids, clock)
        self._role = RoleUpdate(snapshots, standings)
        self._list = MemberList(database, standings, users)
        self._member = MemberUpdate(snapshots, standings, users)
        self._rename = MemberRename(database, self._list.forget)
        self._new_invite = InviteCreate(database, standings, clock)
        self._invite = InviteAccept(database, snapshots, users, views, clock)
        self._access = Accesses(snapshots, standings, clock)
        snapshots.on_void = self._list.forget

    async def start(self) -> None:
        await self._upkeep.start()

    async def close(self) -> None:
        """Before the database is closed."""
        await self._upkeep.close()
        await self._snapshots.close()

    async def on_event(self, event: Event) -> None:
        """Facts of others (assembly subscribes): names go stale."""
        if isinstance(event, ProfileUpdated):
            await self._rename.rename(event.user)

    # ---- servers
    async def create_server(self, principal: Principal, key: str, name: str, description: str) -> api.ServerView:
        return await self._new_server.create(principal, key, name, description)

    async def update_server(self, principal: Principal, server_id: int, patch: api.ServerPatch) -> api.ServerView:
        return await self._server.update(principal, server_id, patch)

    async def delete_server(self, principal: Principal, server_id: int) -> None:
        await self._server.delete(principal, server_id)

    async def view(self, principal: Principal, server_id: int) -> api.ServerView:
        return await self._views.view(principal, server_id)

    async def views(self, principal: Principal) -> tuple[api.ServerView, ...]:
        return await self._views.views(principal)

    async def servers_of(self, user_id: int) -> tuple[int, ...]:
        return await self._views.servers_of(user_id)

    # ---- channels
    async def create_channel(
        self, principal: Principal, key: str, server_id: int, new: api.NewChannel
    ) -> api.ChannelView:
        return await self._new_channel.create(principal, key, server_id, new)

    async def update_channel(self, principal: Principal, channel_id: int, patch: api.ChannelPatch) -> api.ChannelView:
        return await self._channel.update(principal, channel_id, patch)

    async def delete_channel(self, principal: Principal, channel_id: int) -> None:
        await self._channel.delete(principal, channel_id)

    async def channel(self, principal: Principal, channel_id: int) -> api.ChannelView:
        return await self._access.channel(principal, channel_id)

    # ---- entries on nodes
    async def overwrites(self, principal: Principal, channel_id: int) -> tuple[api.Overwrite, ...]:
        return await self._entries.all(principal, channel_id)

    async def put_overwrite(self, principal: Principal, overwrite: api.Overwrite) -> api.Overwrite:
        return await self._entries.put(principal, overwrite)

    async def delete_overwrite(self, principal: Principal, channel_id: int, target_id: int) -> None:
        await self._entries.delete(principal, channel_id, target_id)

    async def explain(self, principal: Principal, channel_id: int, user_id: int, permission: int) -> api.Explanation:
        return await self._entries.explain(principal, channel_id, user_id, permission)

    # ---- roles
    async def create_role(self, principal: Principal, key: str, server_id: int, new: api.NewRole) -> api.Role:
        return await self._new_role.create(principal, key, server_id, new)

    async def update_role(self, principal: Principal, server_id: int, role_id: int, patch: api.RolePatch) -> api.Role:
        return await self._role.update(principal, server_id, role_id, patch)

    async def delete_role(self, principal: Principal, server_id: int, role_id: int) -> None:
        await self._role.delete(principal, server_id, role_id)

    # ---- members
    async def members(self, principal: Principal, server_id: int, query: api.MemberQuery) -> tuple[api.Member, ...]:
        return await self._list.query(principal, server_id, query)

    async def member_rows(
        self, principal: Principal, server_id: int, online: tuple[int, ...], first: int, last: int
    ) -> api.MemberRows:
        return await self._list.rows(principal, server_id, online, first, last)

    async def update_member(
        self, principal: Principal, server_id: int, user_id: int, patch: api.MemberPatch
    ) -> api.Member:
        return await self._member.update(principal, server_id, user_id, patch)

    async def kick_member(self, principal: Principal, server_id: int, user_id: int) -> None:
        await self._member.kick(principal, server_id, user_id)

    async def leave_server(self, principal: Principal, server_id: int) -> None:
        await self._member.leave(principal, server_id)

    # ---- invites
    async def create_invite(self, principal: Principal, key: str, server_id: int, new: api.NewInvite) -> api.Invite:
        return await self._new_invite.create(principal, key, server_id, new)

    async def invites(self, principal: Principal, server_id: int) -> tuple[api.Invite, ...]:
        return await self._new_invite.all(principal, server_id)

    async def revoke_invite(self, principal: Principal, token: str) -> None:
        await self._new_invite.revoke(principal, token)

    async def preview_invite(self, token: str) -> api.InvitePreview:
        return await self._invite.preview(token)

    async def reserve_invite(self, token: str, key: str) -> None:
        await self._invite.reserve(token, key)

    async def release_invite(self, token: str, key: str) -> None:
        await self._invite.release(token, key)

    async def accept_invite(self, principal: Principal, token: str, key: str) -> api.Joined:
        return await self._invite.accept(principal, token, key)

    # ---- who may do what
    async def authorize(self, principal: Principal, channel_id: int, permission: int) -> api.Access:
        return await self._access.authorize(principal, channel_id, permission)

    async def authorize_server(self, principal: Principal, server_id: int, permission: int) -> int:
        return await self._access.authorize_server(principal, server_id, permission)

    async def authorize_over(self, principal: Principal, server_id: int, user_id: int, permission: int) -> None:
        await self._access.authorize_over(principal, server_id, user_id, permission)

    async def access_of(self, server_id: int, user_ids: tuple[int, ...]) -> tuple[api.ServerAccess, ...]:
        return await self._access.access_of(server_id, user_ids)

    async def access(self, user_id: int, channel_id: int) -> api.Access | None:
        return await self._access.access(user_id, channel_id)
