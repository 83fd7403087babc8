"""Accounts, sessions and profiles: /auth, /users."""

from __future__ import annotations

from litestar import delete, get, patch, post
from litestar.handlers import HTTPRouteHandler

from hubbub.errors import Refused
from hubbub.protocols.rest.context import OPEN, AnyRequest, address, device, id_or, principal, request_key
from hubbub.protocols.wire import convert, requests, things
from hubbub.services.auth.api import AuthApi, Principal, Registration, Tokens
from hubbub.services.limits.api import LimitsApi
from hubbub.services.user.api import ProfilePatch, UserApi


def open_routes(auth: AuthApi, users: UserApi, limits: LimitsApi) -> list[HTTPRouteHandler]:
    """For who has no token yet: limited by address, and by account and address."""

    async def answer(tokens: Tokens) -> things.Tokens:
        account = await users.account(Principal("person", tokens.user_id, tokens.session_id))
        return convert.tokens(tokens, account)

    async def limit(request: AnyRequest, account: str) -> None:
        await limits.take("auth_address", address(request), 1)
        await limits.take("auth_account", f"{account.strip().lower()[:64]}@{address(request)}", 1)

    @post(["/auth/register", "/users/register"], status_code=201, opt=OPEN)
    async def register(request: AnyRequest, data: requests.Register) -> things.Tokens:
        await limit(request, data.username)
        registration = Registration(
            username=data.username,
            password=data.password,
            email=data.email,
            display_name=data.display_name,
            invite=data.invite,
            setup_token=data.setup_token,
        )
        return await answer(await auth.register(request_key(request), registration, device(request, data.device)))

    @post(["/auth/login", "/users/login"], status_code=200, opt=OPEN)
    async def login(request: AnyRequest, data: requests.Login) -> things.Tokens:
        await limit(request, data.username)
        return await answer(await auth.login(data.username, data.password, device(request, data.device)))

    @post("/auth/refresh", status_code=200, opt=OPEN)
    async def refresh(request: AnyRequest, data: requests.Refresh) -> things.Tokens:
        await limits.take("auth_address", address(request), 1)
        return await answer(await auth.refresh(data.refresh_token, device(request)))

    return [register, login, refresh]


def routes(auth: AuthApi, users: UserApi, limits: LimitsApi) -> list[HTTPRouteHandler]:
    @post("/auth/logout", status_code=204)
    async def logout(request: AnyRequest) -> None:
        await auth.logout(principal(request))

    @post("/auth/password", status_code=200)
    async def change_password(request: AnyRequest, data: requests.ChangePassword) -> things.Tokens:
        who = principal(request)
        await limits.take("auth_account", f"{who.user_id}@{address(request)}", 1)
        tokens = await auth.change_password(who, data.current, data.new, device(request))
        return convert.tokens(tokens, await users.account(who))

    @get("/auth/sessions")
    async def sessions(request: AnyRequest) -> tuple[things.Session, ...]:
        who = principal(request)
        return tuple(convert.session(each, who.session_id) for each in await auth.sessions(who))

    @delete("/auth/sessions/{session_id:str}", status_code=204)
    async def revoke(request: AnyRequest, session_id: str) -> None:
        await auth.revoke(principal(request), id_or("auth.session_not_found", session_id))

    @get("/users/@me")
    async def me(request: AnyRequest) -> things.Me:
        return convert.me(await users.account(principal(request)))

    @patch("/users/@me")
    async def update_me(request: AnyRequest, data: requests.UpdateMe) -> things.Me:
        changed = ProfilePatch(display_name=data.display_name, email=data.email)
        return convert.me(await users.update(principal(request), changed))

    @get("/users/{user_id:str}")
    async def user(user_id: str) -> things.User:
        found = await users.get((id_or("user.not_found", user_id),))
        if not found:
            raise Refused("user.not_found")
        return convert.user(found[0])

    return [logout, change_password, sessions, revoke, me, update_me, user]
