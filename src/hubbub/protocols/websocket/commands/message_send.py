"""message.send: answers with the message; with a known nonce, the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hubbub.protocols.websocket.commands.given_id import given_id, given_id_or_none
from hubbub.protocols.wire import convert
from hubbub.protocols.wire.requests import MessageSend
from hubbub.protocols.wire.things import Message
from hubbub.services.auth.api import Principal
from hubbub.services.chat.api import Draft

if TYPE_CHECKING:
    from hubbub.protocols.websocket.adapter import Services


async def run(services: Services, principal: Principal, data: MessageSend) -> Message:
    await services.limits.take("message", str(principal.user_id), 1)
    draft = Draft(
        channel_id=given_id(data.channel_id, "channel"),
        content=data.content,
        nonce=data.nonce,
        reply_to=given_id_or_none(data.reply_to, "message"),
    )
    return convert.message((await services.chat.send(principal, draft)).message)
