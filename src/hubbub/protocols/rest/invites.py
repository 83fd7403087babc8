"""Invites: /servers/{id}/invites, /invites."""

from __future__ import annotations

from litestar import Response, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import ResponseSpec

from hubbub.protocols.rest.context import OPEN, AnyRequest, address, id_or, optional_id, origin, principal, request_key
from hubbub.protocols.rest.views import Views
from hubbub.protocols.wire import convert, requests, things
from hubbub.services.channel.api import ChannelApi, NewInvite
from hubbub.services.limits.api import LimitsApi
from hubbub.services.presence.api import PresenceApi
from hubbub.services.voice.api import VoiceApi


def open_routes(
    channels: ChannelApi, presence: PresenceApi, voice: VoiceApi, limits: LimitsApi
) -> list[HTTPRouteHandler]:
    @get("/invites/{token:str}", opt=OPEN)
    async def preview(request: AnyRequest, token: str) -> things.InvitePreview:
        await limits.take("invite", address(request), 1)
        found = await channels.preview_invite(token[:64])
        online = await presence.online_in(found.server.id)
        shown = set(found.public_channels)
        talking = [state.user for state in await voice.states((found.server.id,)) if state.channel_id in shown]
        return convert.invite_preview(found, len(online), talking)

    return [preview]


def routes(channels: ChannelApi, views: Views) -> list[HTTPRouteHandler]:
    async def made(request: AnyRequest, server_id: str, data: requests.CreateInvite) -> things.Invite:
        new = NewInvite(
            max_uses=data.max_uses,
            max_age=data.max_age,
            channel_id=optional_id(data.channel_id, "channel.not_found"),
        )
        server = id_or("server.not_found", server_id)
        invite = await channels.create_invite(principal(request), request_key(request), server, new)
        return convert.invite(invite, origin(request))

    @get("/servers/{server_id:str}/invites")
    async def listed(request: AnyRequest, server_id: str) -> tuple[things.Invite, ...]:
        found = await channels.invites(principal(request), id_or("server.not_found", server_id))
        return tuple(convert.invite(each, origin(request)) for each in found)

    @post("/servers/{server_id:str}/invites", status_code=201)
    async def create(request: AnyRequest, server_id: str, data: requests.CreateInvite | None = None) -> things.Invite:
        return await made(request, server_id, data or requests.CreateInvite())

    @post("/invites", status_code=201)
    async def create_for(request: AnyRequest, data: requests.CreateInviteFor) -> things.Invite:
        return await made(request, data.server_id, data)

    @post(
        "/invites/{token:str}",
        status_code=201,
        responses={200: ResponseSpec(things.Server, generate_examples=False, description="A member already.")},
    )
    async def accept(request: AnyRequest, token: str) -> Response[things.Server]:
        joined = await channels.accept_invite(principal(request), token[:64], request_key(request))
        return Response(await views.server(joined.view), status_code=201 if joined.joined else 200)

    @delete("/invites/{token:str}", status_code=204)
    async def revoke(request: AnyRequest, token: str) -> None:
        await channels.revoke_invite(principal(request), token[:64])

    return [listed, create, create_for, accept, revoke]
