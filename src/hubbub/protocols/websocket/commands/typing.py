"""typing: answers with null, also when it came too often and nobody was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hubbub.errors import Limited
from hubbub.protocols.websocket.commands.given_id import given_id
from hubbub.protocols.wire.requests import Typing
from hubbub.services.auth.api import Principal

if TYPE_CHECKING:
    from hubbub.protocols.websocket.adapter import Services


async def run(services: Services, principal: Principal, data: Typing) -> None:
    try:
        await services.limits.take("typing", str(principal.user_id), 1)
    except Limited:
        return
    await services.chat.start_typing(principal, given_id(data.channel_id, "channel"))
