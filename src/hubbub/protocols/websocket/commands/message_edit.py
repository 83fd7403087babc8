"""message.edit: answers with the message as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hubbub.protocols.websocket.commands.given_id import given_id
from hubbub.protocols.wire import convert
from hubbub.protocols.wire.requests import MessageEdit
from hubbub.protocols.wire.things import Message
from hubbub.services.auth.api import Principal

if TYPE_CHECKING:
    from hubbub.protocols.websocket.adapter import Services


async def run(services: Services, principal: Principal, data: MessageEdit) -> Message:
    await services.limits.take("write", str(principal.user_id), 1)
    return convert.message(await services.chat.edit(principal, given_id(data.message_id, "message"), data.content))
