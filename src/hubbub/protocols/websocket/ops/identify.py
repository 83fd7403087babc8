"""op 2: who the client is. READY follows, written by the gateway service."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from hubbub.errors import Limited, Refused, Unavailable
from hubbub.protocols.websocket.effects import Close, Effect, Run
from hubbub.protocols.websocket.packed import CAPABILITY
from hubbub.protocols.websocket.ready import ready
from hubbub.protocols.wire.gateway import Identify
from hubbub.services.auth.api import Principal

if TYPE_CHECKING:
    from hubbub.protocols.websocket.adapter import Adapter

_decode = msgspec.json.Decoder(Identify).decode
ALREADY = (Close(4005, "already identified"),)
log = logging.getLogger(__name__)


def handle(adapter: Adapter, d: bytes, now: float) -> Sequence[Effect]:
    if adapter.phase != "new":
        return ALREADY
    identify = _decode(d)
    adapter.opening(now)
    adapter.heard = now
    adapter.packs = adapter.greeting = CAPABILITY in identify.capabilities
    return (Run(partial(_open, adapter, identify)),)


async def authenticated(adapter: Adapter, token: str) -> Principal | Close:
    """Who has the token, or how to close."""
    try:
        return await adapter.services.auth.authenticate(token)
    except Limited as limited:
        return Close(4008, f"try again in {limited.retry_after:.0f} s")
    except Refused as refused:
        return Close(4004, refused.code)
    except Unavailable:
        return Close(4000, "no answer, try again")


async def _open(adapter: Adapter, identify: Identify) -> Sequence[Effect]:
    principal = await authenticated(adapter, identify.token)
    if isinstance(principal, Close):
        return (principal,)
    services = adapter.services
    try:
        instance = await services.instance(adapter.origin)
        greet = partial(ready, instance=instance)
        adapter.opened(await services.gateway.open(principal, services.dialect, greet, adapter.sink))
    except Limited as limited:
        return (Close(4008, f"too many sessions, try again in {limited.retry_after:.0f} s"),)
    except (Refused, Unavailable) as error:
        log.warning("a session could not be opened: %s", error)
        return (Close(4000, "the session could not be opened, try again"),)
    return (Run(partial(_name, adapter, principal, identify.client)),) if identify.client else ()


async def _name(adapter: Adapter, principal: Principal, client: str) -> Sequence[Effect]:
    """For the list of sessions; READY did not wait for it, and nothing ends when it fails."""
    try:
        await adapter.services.auth.name_device(principal, client)
    except (Refused, Unavailable) as error:
        log.warning("a session keeps its old name: %s", error)
    return ()
