"""From the bus to lanes: each fact goes to the lane of its server, or to the one of people."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from hubbub import trace
from hubbub.events import Event, Fact
from hubbub.events import User as UserAudience
from hubbub.services.auth.events import SessionRevoked
from hubbub.services.channel.api import ChannelApi
from hubbub.services.channel.events import PermissionsChanged
from hubbub.services.gateway.dispatch import Outgoing
from hubbub.services.gateway.health import Health
from hubbub.services.gateway.lane import Lane
from hubbub.services.gateway.server_events import InChannel, OfServer, ServerEvents
from hubbub.services.gateway.session import GatewaySession
from hubbub.services.gateway.subscriptions import Subscriptions
from hubbub.services.presence.events import StatusChanged
from hubbub.services.user.events import ProfileUpdated

log = logging.getLogger(__name__)


class Delivery:
    """`revoked` ends a session whose login ended, `invalidate` one that cannot be told everything any more."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        channels: ChannelApi,
        servers: ServerEvents,
        health: Health,
        revoked: Callable[[GatewaySession], None],
        invalidate: Callable[[GatewaySession, str], None],
        now: Callable[[], float],
    ) -> None:
        self._subscriptions = subscriptions
        self._channels = channels
        self._servers = servers
        self._health = health
        self._revoked = revoked
        self._invalidate = invalidate
        self._now = now
        self._lanes: dict[int, Lane] = {}
        self._people = Lane(health, lambda: None)  # presence and profiles: nobody's rights depend on them

    def lane(self, server_id: int) -> Lane:
        if (lane := self._lanes.get(server_id)) is None:
            lane = self._lanes[server_id] = Lane(self._health, partial(self._give_up, server_id))
        return lane

    def drop_idle_lanes(self) -> None:
        for server_id, lane in tuple(self._lanes.items()):
            if server_id not in self._subscriptions.servers and lane.idle:
                del self._lanes[server_id]

    def stop(self) -> None:
        for lane in (self._people, *self._lanes.values()):
            lane.stop()

    def deliver(self, fact: Fact, event: Event) -> None:
        """In the order of each stream, each fact once."""
        if not fact.trace:
            self._deliver(fact, event)
            return
        with trace.span(f"gateway hears {fact.name}", "consumer", fact.trace):
            self._deliver(fact, event)

    def _deliver(self, fact: Fact, event: Event) -> None:
        if isinstance(event, InChannel | OfServer):
            self._deliver_of_server(fact, event)
        elif isinstance(event, SessionRevoked):
            for session in self._subscriptions.of_user(event.user_id):
                if session.principal.session_id == event.session_id:
                    self._revoked(session)
        elif isinstance(event, StatusChanged | ProfileUpdated) or isinstance(event.audience, UserAudience):
            out = Outgoing(event, fact.stream, fact.seq, self._now())
            self._people.put(partial(self._to_people, event, out))

    def broken(self, stream: str, event: Event | None) -> None:
        """Facts of a stream are lost: everybody who may have missed one starts anew."""
        kind, _, id = stream.partition(":")
        server_id = int(id) if kind == "server" else getattr(event, "server_id", None)
        if kind == "user":
            lost = self._subscriptions.of_user(int(id))
        elif server_id is not None:
            members = self._subscriptions.servers.get(server_id)
            lost = members.everybody() if members else ()
        else:
            lost = tuple(self._subscriptions.sessions.values())
        log.warning("facts of %s are lost, %d sessions begin anew", stream, len(lost))
        for session in lost:
            self._invalidate(session, "events were lost")

    def recheck_rights(self) -> None:
        """Facts may be lost: what is known about rights is void."""
        for server_id in tuple(self._subscriptions.servers):
            event = PermissionsChanged(server_id=server_id, epoch=0, user_ids=())
            self._put(event, Outgoing(event, "", 0, self._now()))

    def _put(self, event: InChannel | OfServer, out: Outgoing) -> None:
        lane = self.lane(event.server_id)
        lane.put(partial(self._servers.handle, lane, event, out))

    def _deliver_of_server(self, fact: Fact, event: InChannel | OfServer) -> None:
        server_id = event.server_id
        if server_id not in self._lanes and not self._concerns(event):
            return
        self._put(event, Outgoing(event, fact.stream, fact.seq, self._now()))

    def _concerns(self, event: InChannel | OfServer) -> bool:
        """Nobody of this server is here: only a new member could be."""
        member = getattr(event, "member", None)
        return member is not None and bool(self._subscriptions.of_user(member.user.id))

    def _to_people(self, event: Event, out: Outgoing) -> Awaitable[None] | None:
        if isinstance(event, ProfileUpdated):
            return self._profile_updated(event, out)
        if isinstance(event, StatusChanged):
            members = self._subscriptions.of_servers(event.server_ids, event.presence.user_id)
        else:
            audience = event.audience
            assert isinstance(audience, UserAudience)
            members = self._subscriptions.of_user(audience.id)
        self._people.fanout.publish(out, members)
        return None

    async def _profile_updated(self, event: ProfileUpdated, out: Outgoing) -> None:
        server_ids = await self._channels.servers_of(event.user.id)
        self._people.fanout.publish(out, self._subscriptions.of_servers(server_ids, event.user.id))

    def _give_up(self, server_id: int) -> None:
        """Rights on this server are unknown: nothing more may be shown there. Fails closed."""
        members = self._subscriptions.servers.get(server_id)
        for session in members.everybody() if members else ():
            self._invalidate(session, "rights could not be checked")
