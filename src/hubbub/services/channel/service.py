"""The channel service: holds what the verbs need. Each verb of the Api is the method of the file that does it."""

from __future__ import annotations

from hubbub.clock import Clock
from hubbub.events import Event
from hubbub.ids import Snowflakes
from hubbub.infra.database.base import Database
from hubbub.services.channel import events
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
from hubbub.services.channel.roster import Roster
from hubbub.services.channel.server_create import ServerCreate
from hubbub.services.channel.server_delete import ServerDelete
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

        views = ServerViews(database, standings, users)
        self.view = views.view
        self.views = views.views
        self.servers_of = views.servers_of
        self.create_server = ServerCreate(database, users, views, ids, clock).create
        self.update_server = ServerUpdate(database, standings, views).update
        ending = ServerDelete(database, snapshots, standings)
        self.delete_server = ending.delete
        self._upkeep = Upkeep(database, snapshots, ending, clock)

        access = Accesses(snapshots, standings, clock)
        self.authorize = access.authorize
        self.authorize_server = access.authorize_server
        self.authorize_over = access.authorize_over
        self.access_of = access.access_of
        self.access = access.access

        self.channel = access.channel
        self.create_channel = ChannelCreate(snapshots, standings, ids, clock).create
        channel = ChannelUpdate(snapshots, standings)
        self.update_channel = channel.update
        self.delete_channel = channel.delete

        entries = Overwrites(snapshots, standings, clock, self._upkeep.expiring)
        self.overwrites = entries.all
        self.put_overwrite = entries.put
        self.delete_overwrite = entries.delete
        self.explain = entries.explain

        self._people(database, users, standings, views, ids, clock)

    def _people(
        self,
        database: Database,
        users: UserApi,
        standings: Standings,
        views: ServerViews,
        ids: Snowflakes,
        clock: Clock,
    ) -> None:
        snapshots = self._snapshots
        self.create_role = RoleCreate(snapshots, standings, ids, clock).create
        role = RoleUpdate(snapshots, standings)
        self.update_role = role.update
        self.delete_role = role.delete

        roster = Roster(database)
        snapshots.on_void = roster.forget
        listed = MemberList(database, standings, roster, users)
        self.members = listed.query
        self.member_rows = listed.rows
        self._rename = MemberRename(database, roster)
        member = MemberUpdate(snapshots, standings, users)
        self.update_member = member.update
        self.kick_member = member.kick
        self.leave_server = member.leave

        invite = InviteCreate(database, standings, clock)
        self.create_invite = invite.create
        self.invites = invite.all
        self.revoke_invite = invite.revoke
        coming = InviteAccept(database, snapshots, users, views, clock)
        self.preview_invite = coming.preview
        self.reserve_invite = coming.reserve
        self.release_invite = coming.release
        self.accept_invite = coming.accept

    async def start(self) -> None:
        await self._upkeep.start()

    async def close(self) -> None:
        """Before the database is closed."""
        await self._upkeep.close()
        await self._snapshots.close()

    async def look(self) -> None:
        """Do what is due by itself: ended entries, lapsed reservations. The upkeep calls it every second."""
        await self._upkeep.look()

    async def on_event(self, event: Event) -> None:
        """Facts of others (assembly subscribes): names go stale; and of other processes of this service, if there are
        any: what is known of a server goes stale."""
        match event:
            case ProfileUpdated():
                await self._rename.rename(event.user)
            case events.MemberAdded() | events.MemberUpdated():
                self._snapshots.heard(event.server_id, (event.member.user.id,), False)
            case events.MemberRemoved():
                self._snapshots.heard(event.server_id, (event.user_id,), False)
            case events.PermissionsChanged():
                self._snapshots.heard(event.server_id, event.user_ids, True)
                self._upkeep.look_again()
            case _ if (server_id := getattr(event, "server_id", None)) is not None:
                self._snapshots.heard(server_id, (), True)
            case _:
                pass

    async def on_gap(self) -> None:
        """Facts may have been lost on the way here."""
        self._snapshots.forget()
        self._upkeep.look_again()
