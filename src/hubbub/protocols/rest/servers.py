"""Servers and their members: /servers."""

from __future__ import annotations

from contextlib import suppress

from litestar import delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from hubbub.errors import Refused
from hubbub.protocols.rest.context import AnyRequest, id_or, principal, request_key
from hubbub.protocols.rest.views import Views
from hubbub.protocols.wire import convert, requests, things
from hubbub.services.channel.api import ChannelApi, MemberPatch, MemberQuery, ServerPatch


def routes(channels: ChannelApi, views: Views) -> list[HTTPRouteHandler]:
    @get(["/servers", "/servers/@me"])
    async def servers(request: AnyRequest) -> tuple[things.ServerSummary, ...]:
        who = principal(request)
        found = await channels.views(who)
        seen = [view.server for view in found.views]
        for server_id in found.unanswered:
            with suppress(Refused):  # left meanwhile
                seen.append((await channels.view(who, server_id)).server)
        return tuple(map(convert.server_summary, seen))

    @post("/servers", status_code=201)
    async def create(request: AnyRequest, data: requests.CreateServer) -> things.Server:
        return await views.server(
            await channels.create_server(principal(request), request_key(request), data.name, data.description)
        )

    @get("/servers/{server_id:str}")
    async def server(request: AnyRequest, server_id: str) -> things.Server:
        return await views.server(await channels.view(principal(request), _id(server_id)))

    @patch("/servers/{server_id:str}")
    async def update(request: AnyRequest, server_id: str, data: requests.UpdateServer) -> things.Server:
        changed = ServerPatch(name=data.name, description=data.description)
        return await views.server(await channels.update_server(principal(request), _id(server_id), changed))

    @delete("/servers/{server_id:str}", status_code=204)
    async def remove(request: AnyRequest, server_id: str) -> None:
        await channels.delete_server(principal(request), _id(server_id))

    @get("/servers/{server_id:str}/members")
    async def members(
        request: AnyRequest,
        server_id: str,
        named: str | None = Parameter(query="query", default=None, max_length=32),
        after: str = Parameter(default="0", pattern="^[0-9]{1,19}$"),
        limit: int = Parameter(default=50, ge=1, le=200),
    ) -> tuple[things.Member, ...]:
        wanted = MemberQuery(ids=(), query=named, after=id_or("request.invalid", after), limit=limit)
        return tuple(map(convert.member, await channels.members(principal(request), _id(server_id), wanted)))

    @patch("/servers/{server_id:str}/members/{user_id:str}")
    async def update_member(
        request: AnyRequest, server_id: str, user_id: str, data: requests.UpdateMember
    ) -> things.Member:
        who = principal(request)
        roles = tuple(_role(each) for each in data.roles) if isinstance(data.roles, tuple) else data.roles
        changed = MemberPatch(nick=data.nick, roles=roles)
        target = who.user_id if user_id == "@me" else id_or("member.not_found", user_id)
        return convert.member(await channels.update_member(who, _id(server_id), target, changed))

    @delete("/servers/{server_id:str}/members/{user_id:str}", status_code=204)
    async def remove_member(request: AnyRequest, server_id: str, user_id: str) -> None:
        who = principal(request)
        if user_id in ("@me", str(who.user_id)):
            await channels.leave_server(who, _id(server_id))
        else:
            await channels.kick_member(who, _id(server_id), id_or("member.not_found", user_id))

    return [servers, create, server, update, remove, members, update_member, remove_member]


def _id(text: str) -> int:
    return id_or("server.not_found", text)


def _role(text: str) -> int:
    return id_or("role.not_found", text)
