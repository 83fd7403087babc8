"""Sessions enter the lanes of their servers: in order with the events there, many at a time when all come back at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from hubbub.services.channel.api import ChannelApi
from hubbub.services.gateway.lane import Lane
from hubbub.services.gateway.rights_change import rights_of
from hubbub.services.gateway.session import GatewaySession
from hubbub.services.gateway.subscriptions import NOTHING, Subscriptions


class Joining:
    def __init__(self, subscriptions: Subscriptions, channels: ChannelApi, lane: Callable[[int], Lane]) -> None:
        self._subscriptions = subscriptions
        self._channels = channels
        self._lane = lane
        self._waiting: dict[int, list[tuple[GatewaySession, asyncio.Future[None]]]] = {}

    async def join_all(self, session: GatewaySession) -> None:
        """Subscribe a session to every server of its person; returns when all events since are on their way to it."""
        server_ids = await self._channels.servers_of(session.principal.user_id)
        if server_ids:
            await asyncio.gather(*(self._join(session, server_id) for server_id in server_ids))

    def _join(self, session: GatewaySession, server_id: int) -> Awaitable[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(server_id, []).append((session, done))
        self._lane(server_id).put(partial(self._step, server_id))
        return done

    def _step(self, server_id: int) -> Awaitable[None] | None:
        """Takes in everybody who waits, also those whose own step comes later: their READY is not read yet."""
        waiting = self._waiting.pop(server_id, [])
        members = self._subscriptions.servers.get(server_id)
        unknown: list[tuple[GatewaySession, asyncio.Future[None]]] = []
        for session, done in waiting:
            rights = members.rights_of(session.principal.user_id) if members else None
            if rights is None:
                unknown.append((session, done))
                continue
            self._subscriptions.subscribe(session, server_id, rights)
            if not done.done():
                done.set_result(None)
        return self._ask(server_id, unknown) if unknown else None

    async def _ask(self, server_id: int, waiting: list[tuple[GatewaySession, asyncio.Future[None]]]) -> None:
        try:
            found = await rights_of(self._channels, server_id, {session.principal.user_id for session, _ in waiting})
        except Exception as error:  # theirs to handle: the clients come again
            for _, done in waiting:
                if not done.done():
                    done.set_exception(error)
            return
        for session, done in waiting:
            rights = found[session.principal.user_id]
            if rights is not NOTHING:
                self._subscriptions.subscribe(session, server_id, rights)
            if not done.done():
                done.set_result(None)
