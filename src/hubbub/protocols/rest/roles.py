"""Roles: /servers/{id}/roles."""

from __future__ import annotations

from litestar import delete, get, patch, post
from litestar.handlers import HTTPRouteHandler

from hubbub.protocols.rest.context import AnyRequest, id_or, principal, request_key
from hubbub.protocols.wire import convert, requests, things
from hubbub.services.channel.api import ChannelApi, NewRole, RolePatch


def routes(channels: ChannelApi) -> list[HTTPRouteHandler]:
    @get("/servers/{server_id:str}/roles")
    async def roles(request: AnyRequest, server_id: str) -> tuple[things.Role, ...]:
        view = await channels.view(principal(request), id_or("server.not_found", server_id))
        return tuple(map(convert.role, view.roles))

    @post("/servers/{server_id:str}/roles", status_code=201)
    async def create(request: AnyRequest, server_id: str, data: requests.CreateRole) -> things.Role:
        new = NewRole(
            name=data.name,
            permissions=id_or("permission.unknown", data.permissions),
            hue=data.hue,
            hoist=data.hoist,
            mentionable=data.mentionable,
        )
        server = id_or("server.not_found", server_id)
        return convert.role(await channels.create_role(principal(request), request_key(request), server, new))

    @patch("/servers/{server_id:str}/roles/{role_id:str}")
    async def update(request: AnyRequest, server_id: str, role_id: str, data: requests.UpdateRole) -> things.Role:
        bits = data.permissions
        changed = RolePatch(
            name=data.name,
            permissions=id_or("permission.unknown", bits) if isinstance(bits, str) else bits,
            hue=data.hue,
            hoist=data.hoist,
            mentionable=data.mentionable,
            position=data.position,
        )
        server, role = id_or("server.not_found", server_id), id_or("role.not_found", role_id)
        return convert.role(await channels.update_role(principal(request), server, role, changed))

    @delete("/servers/{server_id:str}/roles/{role_id:str}", status_code=204)
    async def remove(request: AnyRequest, server_id: str, role_id: str) -> None:
        server, role = id_or("server.not_found", server_id), id_or("role.not_found", role_id)
        await channels.delete_role(principal(request), server, role)

    return [roles, create, update, remove]
