"""message.delete: answers with null."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hubbub.protocols.websocket.commands.given_id import given_id
from hubbub.protocols.wire.requests import MessageDelete
from hubbub.services.auth.api import Principal

if TYPE_CHECKING:
    from hubbub.protocols.websocket.adapter import Services


async def run(services: Services, principal: Principal, data: MessageDelete) -> None:
    await services.limits.take("write", str(principal.user_id), 1)
    await services.chat.delete(principal, given_id(data.message_id, "message"))
