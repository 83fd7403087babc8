"""What somebody starts with. Heads are read before what they stand for: an event after them may be contained already,
and events are made to be applied twice; none is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from hubbub.errors import Refused
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import ChannelApi, ServerView
from hubbub.services.chat.api import ChannelHead, ChatApi
from hubbub.services.gateway.events import ServerSnapshot, Snapshot
from hubbub.services.presence.api import Presence, PresenceApi
from hubbub.services.user.api import User, UserApi
from hubbub.services.voice.api import VoiceApi, VoiceState

MOST_IDS = 1_000  # that one call may ask for
MOST_PRESENCES = 1_000  # that a snapshot contains; the member list asks for the others

People = tuple[tuple[Presence, ...], tuple[User, ...]]


class Snapshots:
    def __init__(
        self, channels: ChannelApi, chat: ChatApi, voice: VoiceApi, presence: PresenceApi, users: UserApi
    ) -> None:
        self._channels = channels
        self._chat = chat
        self._voice = voice
        self._presence = presence
        self._users = users

    async def whole(self, principal: Principal) -> Snapshot:
        account = await self._users.account(principal)
        servers = await self._fill(await self._views(principal))
        presences, users = await self.people(servers)
        return Snapshot(
            account=account,
            servers=servers,
            read_states=await self._chat.read_states(principal),
            presences=presences,
            users=users,
        )

    async def _views(self, principal: Principal) -> tuple[ServerView, ...]:
        found = await self._channels.views(principal)
        views = list(found.views)
        for server_id in found.unanswered:
            with suppress(Refused):  # left meanwhile
                views.append(await self._channels.view(principal, server_id))
        return tuple(views)

    async def server(self, principal: Principal, server_id: int) -> ServerSnapshot:
        """Refused: server.not_found."""
        (filled,) = await self._fill((await self._channels.view(principal, server_id),))
        return filled

    async def presence(self, user_id: int) -> Presence:
        for found in await self._presence.get((user_id,)):
            return found
        return Presence(user_id=user_id, status="offline", custom_status=None, last_seen=0)

    async def people(self, servers: Iterable[ServerSnapshot]) -> People:
        """Who is here on these servers, and everybody who must be known by name for that."""
        ids: dict[int, None] = {}
        for server in servers:
            if len(ids) < MOST_PRESENCES:
                ids.update(dict.fromkeys(await self._presence.online_in(server.view.server.id)))
        presences = await self._presence.get(tuple(ids)[:MOST_PRESENCES]) if ids else ()
        named = {state.user.id: state.user for server in servers for state in server.voice}
        asked = tuple(each.user_id for each in presences if each.user_id not in named)
        for user in await self._users.get(asked) if asked else ():
            named[user.id] = user
        return presences, tuple(named.values())

    async def _fill(self, views: tuple[ServerView, ...]) -> tuple[ServerSnapshot, ...]:
        if not views:
            return ()
        heads = await self._heads([each.channel.id for view in views for each in view.channels])
        ids = tuple(view.server.id for view in views)
        voice = await self._voice.states(ids)
        speaking = await self._voice.speaking(ids)
        return tuple(_of_view(view, heads, voice, speaking) for view in views)

    async def _heads(self, channel_ids: list[int]) -> dict[int, ChannelHead]:
        found: dict[int, ChannelHead] = {}
        for start in range(0, len(channel_ids), MOST_IDS):
            for head in await self._chat.heads(tuple(channel_ids[start : start + MOST_IDS])):
                found[head.channel_id] = head
        return found


def contained_heads(server: ServerSnapshot) -> dict[str, int]:
    """Stream -> head, of everything the snapshot is made of."""
    heads = {f"channel:{id}": head.seq for id, head in server.heads.items()}
    heads[f"server:{server.view.server.id}"] = server.view.head
    return heads


def _of_view(
    view: ServerView,
    heads: Mapping[int, ChannelHead],
    voice: Iterable[VoiceState],
    speaking: Mapping[int, tuple[int, ...]],
) -> ServerSnapshot:
    visible = {each.channel.id for each in view.channels}
    return ServerSnapshot(
        view=view,
        heads={id: heads[id] for id in visible if id in heads},
        voice=tuple(state for state in voice if state.channel_id in visible),
        speaking={id: users for id, users in speaking.items() if id in visible},
    )
