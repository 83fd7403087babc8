"""What operators and their machines read: /metrics, and /health in its three meanings (OB-01, OB-05)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from hmac import compare_digest
from ipaddress import ip_address, ip_network

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from hubbub.errors import Refused
from hubbub.protocols.rest.context import AnyRequest, address
from hubbub.protocols.wire.things import Health

Render = Callable[[str], Awaitable[tuple[str, bytes]]]
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class Readers:
    """Who may see numbers: whoever has the token, or without one, whoever asks from the listed networks directly.

    A proxy that nobody named stands on this machine or beside it and makes strangers look like neighbours. So without a
    token a request that says it was forwarded is refused, however near it comes from."""

    def __init__(self, token: str, networks: Iterable[str]) -> None:
        self._token = token.encode()
        self._networks = [ip_network(each, strict=False) for each in networks]

    def allows(self, request: AnyRequest) -> bool:
        if self._token:
            scheme, _, given = request.headers.get("authorization", "").partition(" ")
            return scheme.lower() == "bearer" and compare_digest(given.strip().encode(), self._token)
        if any(name in request.headers for name in _FORWARDED):
            return False
        try:
            parsed = ip_address(address(request))
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(mapped in network for network in self._networks)


def routes(health: Callable[[], Awaitable[Health]], metrics: Render, readers: Readers) -> list[HTTPRouteHandler]:
    """`metrics(accept)` gives the media type and the page."""

    @get(["/health", "/health/ready", "/api/health"])
    async def ready(request: AnyRequest) -> Response[Health]:
        found = await health()
        if not readers.allows(request):  # how busy a place is concerns nobody else
            found = msgspec.structs.replace(found, counters={})
        return Response(found, status_code=200 if found.status == "ok" else 503)

    @get("/health/live")
    async def live() -> Response[dict[str, str]]:
        """The loop turns. Nothing else is asked: whoever restarts a process because its database is away helps nobody."""
        return Response({"status": "ok"})

    @get("/metrics", include_in_schema=False)
    async def read(request: AnyRequest) -> Response[bytes]:
        if not readers.allows(request):
            raise Refused("metrics.refused")
        media_type, page = await metrics(request.headers.get("accept", ""))
        return Response(page, media_type=media_type, headers={"Cache-Control": "no-store"})

    return [ready, live, read]
