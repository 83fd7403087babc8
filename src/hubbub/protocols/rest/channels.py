"""Rooms and the entries on them: /servers/{id}/channels, /channels."""

from __future__ import annotations

from litestar import delete, get, patch, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.protocols.rest.context import AnyRequest, id_or, optional_id, principal, request_key
from hubbub.protocols.rest.views import Views
from hubbub.protocols.wire import convert, requests, things
from hubbub.services.channel.api import ChannelApi, ChannelPatch, NewChannel, Overwrite

_BITS = r"^[0-9]{1,19}$"


def routes(channels: ChannelApi, views: Views) -> list[HTTPRouteHandler]:
    @get("/servers/{server_id:str}/channels")
    async def listed(request: AnyRequest, server_id: str) -> tuple[things.Channel, ...]:
        view = await channels.view(principal(request), id_or("server.not_found", server_id))
        return await views.channels(view.channels)

    @post("/servers/{server_id:str}/channels", status_code=201)
    async def create(request: AnyRequest, server_id: str, data: requests.CreateChannel) -> things.Channel:
        parent = optional_id(data.parent_id, "channel.parent_invalid")
        new = NewChannel(name=data.name, type=data.type, topic=data.topic, parent_id=parent)
        server = id_or("server.not_found", server_id)
        return await views.channel(await channels.create_channel(principal(request), request_key(request), server, new))

    @get("/channels/{channel_id:str}")
    async def channel(request: AnyRequest, channel_id: str) -> things.Channel:
        return await views.channel(await channels.channel(principal(request), _id(channel_id)))

    @patch("/channels/{channel_id:str}")
    async def update(request: AnyRequest, channel_id: str, data: requests.UpdateChannel) -> things.Channel:
        parent = id_or("channel.parent_invalid", data.parent_id) if isinstance(data.parent_id, str) else data.parent_id
        changed = ChannelPatch(
            name=data.name,
            topic=data.topic,
            parent_id=parent,
            position=data.position,
            user_limit=data.user_limit,
            bitrate=data.bitrate,
        )
        return await views.channel(await channels.update_channel(principal(request), _id(channel_id), changed))

    @delete("/channels/{channel_id:str}", status_code=204)
    async def remove(request: AnyRequest, channel_id: str) -> None:
        await channels.delete_channel(principal(request), _id(channel_id))

    return [listed, create, channel, update, remove]


def entry_routes(channels: ChannelApi, clock: Clock) -> list[HTTPRouteHandler]:
    @get("/channels/{channel_id:str}/permissions")
    async def entries(request: AnyRequest, channel_id: str) -> tuple[things.Overwrite, ...]:
        return tuple(map(convert.overwrite, await channels.overwrites(principal(request), _id(channel_id))))

    @put("/channels/{channel_id:str}/permissions/{target_id:str}")
    async def put_entry(
        request: AnyRequest, channel_id: str, target_id: str, data: requests.PutOverwrite
    ) -> things.Overwrite:
        entry = Overwrite(
            channel_id=_id(channel_id),
            target_id=id_or("overwrite.invalid", target_id),
            target_type=data.type,
            allow=id_or("overwrite.invalid", data.allow),
            deny=id_or("overwrite.invalid", data.deny),
            applies=data.applies,
            expires_at=clock.now_ms() + data.expires_in * 1000 if data.expires_in else None,
        )
        return convert.overwrite(await channels.put_overwrite(principal(request), entry))

    @delete("/channels/{channel_id:str}/permissions/{target_id:str}", status_code=204)
    async def delete_entry(request: AnyRequest, channel_id: str, target_id: str) -> None:
        await channels.delete_overwrite(principal(request), _id(channel_id), id_or("overwrite.not_found", target_id))

    @get("/channels/{channel_id:str}/permissions/explain")
    async def explain(
        request: AnyRequest,
        channel_id: str,
        user_id: str | None = None,
        permission: str = Parameter(default="0", pattern=_BITS),
    ) -> things.Explanation:
        who = principal(request)
        target = who.user_id if user_id is None else id_or("member.not_found", user_id)
        bit = id_or("permission.unknown", permission)
        if bit == 0 or bit & (bit - 1):
            raise Refused("permission.unknown")
        return convert.explanation(await channels.explain(who, _id(channel_id), target, bit))

    return [entries, put_entry, delete_entry, explain]


def _id(text: str) -> int:
    return id_or("channel.not_found", text)
