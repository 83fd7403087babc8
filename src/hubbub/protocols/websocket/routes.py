"""The native gateway's place on the socket router."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from hubbub.clock import Clock
from hubbub.errors import Limited
from hubbub.protocols.websocket.adapter import FRAMES, Services
from hubbub.protocols.websocket.connection import Router
from hubbub.protocols.websocket.effects import Close
from hubbub.protocols.websocket.encode import NativeDialect
from hubbub.protocols.websocket.handshake import Rejected, Request
from hubbub.protocols.websocket.socket import GatewaySocket
from hubbub.protocols.websocket.watch import Watch
from hubbub.protocols.wire.things import Instance
from hubbub.services.auth.api import AuthApi
from hubbub.services.chat.api import ChatApi
from hubbub.services.gateway.api import GatewayApi
from hubbub.services.limits.api import LimitsApi
from hubbub.services.presence.api import PresenceApi
from hubbub.services.voice.api import VoiceApi

PATH = "/gateway"
LARGEST = 64 << 10  # a message of 4,000 characters, each escaped as two \uXXXX, has 48,000 bytes
_OTHER_VERSION = Close(4012, "this gateway speaks version 1")


def add_routes(
    router: Router,
    gateway: GatewayApi,
    auth: AuthApi,
    chat: ChatApi,
    voice: VoiceApi,
    presence: PresenceApi,
    limits: LimitsApi,
    clock: Clock,
    instance: Callable[[str], Awaitable[Instance]],
    public_url: str,
    rate_scale: float,
) -> None:
    """Serve `/gateway` on the router. `instance(origin)` is asked for each READY; `public_url` "" means: whatever host
    the client asked for. `rate_scale` multiplies how many frames one socket may send; 0: any number."""
    frames = max(1.0, FRAMES * rate_scale) if rate_scale else math.inf
    services = Services(auth, gateway, chat, presence, voice, limits, NativeDialect(), instance, frames)
    watch = Watch(clock.monotonic)

    async def open(request: Request) -> GatewaySocket:
        try:
            await limits.take("connect", request.address, 1)
        except Limited as limited:
            after = str(max(1, round(limited.retry_after)))
            raise Rejected(429, "Too many sockets opened. Try again later.", {"Retry-After": after}) from None
        version = parse_qs(request.query.decode("latin-1")).get("v", ["1"])[-1]
        refusal = None if version == "1" else _OTHER_VERSION
        return GatewaySocket(services, watch, clock.monotonic, public_url or request.origin, refusal)

    for path in (PATH, PATH + "/"):
        router.add(path, open, LARGEST)
