"""read: answers with the read state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hubbub.protocols.websocket.commands.given_id import given_id
from hubbub.protocols.wire import convert
from hubbub.protocols.wire.requests import Read
from hubbub.protocols.wire.things import ReadState
from hubbub.services.auth.api import Principal

if TYPE_CHECKING:
    from hubbub.protocols.websocket.adapter import Services


async def run(services: Services, principal: Principal, data: Read) -> ReadState:
    channel_id, message_id = given_id(data.channel_id, "channel"), given_id(data.message_id, "message")
    return convert.read_state(await services.chat.mark_read(principal, channel_id, message_id))
