"""REST put together: which handlers answer where, and how every error looks."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin

from hubbub.clock import Clock
from hubbub.errors import HubbubError
from hubbub.protocols.rest import accounts, channels, errors, invites, messages, pages, roles, servers, voice
from hubbub.protocols.rest.context import OPEN, SafeRequest, gate
from hubbub.protocols.rest.openapi import Documented
from hubbub.protocols.rest.views import Views
from hubbub.protocols.wire.things import FieldError, Instance, Problem
from hubbub.services.auth.api import AuthApi
from hubbub.services.channel.api import ChannelApi
from hubbub.services.chat.api import ChatApi
from hubbub.services.limits.api import LimitsApi
from hubbub.services.presence.api import PresenceApi
from hubbub.services.user.api import UserApi
from hubbub.services.voice.api import VoiceApi

BODY_LIMIT = 64 * 1024
log = logging.getLogger(__name__)


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """What REST translates to."""

    auth: AuthApi
    users: UserApi
    channels: ChannelApi
    chat: ChatApi
    voice: VoiceApi
    presence: PresenceApi
    limits: LimitsApi


class _App(Litestar):
    """Without plugins for pydantic and attrs, which Litestar loads wherever they happen to be installed (test tools bring
    them): 100 more modules, some 20 MB and half a second for nothing."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def build(
    services: Services,
    clock: Clock,
    instance: Callable[[str], Awaitable[Instance]],
    operations: list[HTTPRouteHandler],
    web: Path,
    extra: list[HTTPRouteHandler],
) -> Litestar:
    """`instance(origin)` is asked per request; `operations` answer machines (health, metrics), `extra` are handlers of
    other protocols' HTTP parts."""

    @get("/instance", opt=OPEN)
    async def instance_handler(request: Request[Any, Any, Any]) -> Instance:
        return await instance(request.scope["state"].get("origin", ""))

    views = Views(services.chat, services.voice)
    checked = gate(services.auth, services.limits)
    handlers = [
        *accounts.open_routes(services.auth, services.users, services.limits),
        *invites.open_routes(services.channels, services.presence, services.voice, services.limits),
        *accounts.routes(services.auth, services.users, services.limits),
        *servers.routes(services.channels, views),
        *channels.routes(services.channels, views),
        *channels.entry_routes(services.channels, clock),
        *roles.routes(services.channels),
        *invites.routes(services.channels, views),
        *messages.routes(services.chat, services.limits),
        *voice.routes(services.voice),
    ]
    return _application(
        [
            Router("/api", route_handlers=[instance_handler, *handlers], before_request=checked),
            Router("/", route_handlers=handlers, before_request=checked, include_in_schema=False),
            *operations,
            *extra,
            *pages.routes(pages.Site(web)),
        ],
        OpenAPIConfig(title="Hubbub", version="1", path="/api", render_plugins=[Documented()]),
    )


def build_plain(operations: list[HTTPRouteHandler], extra: list[HTTPRouteHandler]) -> Litestar:
    """For a process without a gateway: machines ask it, people do not."""
    return _application([*operations, *extra], None)


def _application(handlers: list[Any], documented: OpenAPIConfig | None) -> Litestar:
    return _App(
        handlers,
        request_class=SafeRequest,
        request_max_body_size=BODY_LIMIT,
        exception_handlers={
            HubbubError: _refused,
            ValidationException: _invalid,
            HTTPException: _http,
            Exception: _defect,
        },
        openapi_config=documented,
        debug=False,
        logging_config=None,
    )


def _answer(problem: Problem, allowed: str | None = None) -> Response[bytes]:
    """`allowed`: the methods that this address knows (RFC 9110, section 15.5.6)."""
    headers = {"Retry-After": str(max(1, round(problem.retry_after)))} if problem.retry_after else {}
    if allowed is not None:
        headers["Allow"] = allowed
    return Response(
        msgspec.json.encode(problem),
        media_type="application/problem+json",
        status_code=problem.status,
        headers=headers,
    )


def _refused(_: Request[Any, Any, Any], error: HubbubError) -> Response[bytes]:
    return _answer(errors.problem(error))


def _invalid(_: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    found: list[FieldError] = []
    extra: Any = error.extra
    for each in extra if isinstance(extra, list) else []:
        field = str(each.get("key", "body")) if isinstance(each, dict) else "body"
        detail = str(each.get("message", each)) if isinstance(each, dict) else str(each)
        if field == "data" and detail == "'data'":  # Litestar's way to say that there is no body at all
            field, detail = "body", "Send a JSON body."
        found.append(FieldError(field=field, code="invalid", detail=detail))
    reason = found[0].detail if found else "Look at the fields."
    return _answer(errors.named("request.invalid", {"reason": reason}, tuple(found)))


_STATUS_CODES = {404: "request.not_found", 405: "request.method", 413: "request.too_large", 415: "request.media_type"}


def _http(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    code = _STATUS_CODES.get(error.status_code)
    if code is None and error.status_code >= 500:
        return _defect(_, error)
    problem = errors.named(code or "request.invalid", {"limit": BODY_LIMIT, "reason": error.detail})
    return _answer(problem, (error.headers or {}).get("allow"))


def _defect(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(errors.named("internal", {}))
