"""messages.page: answers with messages, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hubbub.errors import Refused
from hubbub.protocols.websocket.commands.given_id import given_id, given_id_or_none
from hubbub.protocols.wire import convert
from hubbub.protocols.wire.requests import MessagesPage
from hubbub.protocols.wire.things import Message
from hubbub.services.auth.api import Principal
from hubbub.services.chat.api import Page

if TYPE_CHECKING:
    from hubbub.protocols.websocket.adapter import Services


async def run(services: Services, principal: Principal, data: MessagesPage) -> tuple[Message, ...]:
    if sum(each is not None for each in (data.before, data.after, data.around)) > 1:
        raise Refused("request.invalid", reason="Give at most one of before, after and around.")
    await services.limits.take("read", str(principal.user_id), 1)
    page = Page(
        channel_id=given_id(data.channel_id, "channel"),
        before=given_id_or_none(data.before, "message"),
        after=given_id_or_none(data.after, "message"),
        around=given_id_or_none(data.around, "message"),
        limit=data.limit,
    )
    return convert.messages(await services.chat.page(principal, page))
