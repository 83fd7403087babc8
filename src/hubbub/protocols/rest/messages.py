"""Messages: /channels/{id}/messages, /messages, /users/@me/mentions."""

from __future__ import annotations

from litestar import Response, delete, get, patch, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import ResponseSpec
from litestar.params import Parameter

from hubbub.errors import Limited
from hubbub.protocols.rest.context import AnyRequest, id_or, optional_id, principal
from hubbub.protocols.wire import convert, requests, things
from hubbub.services.chat.api import ChatApi, Draft, Page
from hubbub.services.limits.api import LimitsApi

_ID = r"^[0-9]{1,19}$"


def routes(chat: ChatApi, limits: LimitsApi) -> list[HTTPRouteHandler]:
    @get("/channels/{channel_id:str}/messages")
    async def page(
        request: AnyRequest,
        channel_id: str,
        before: str | None = Parameter(default=None, pattern=_ID),
        after: str | None = Parameter(default=None, pattern=_ID),
        around: str | None = Parameter(default=None, pattern=_ID),
        limit: int = Parameter(default=50, ge=1, le=100),
    ) -> tuple[things.Message, ...]:
        wanted = Page(
            channel_id=_channel(channel_id),
            before=optional_id(before, "message.page_invalid"),
            after=optional_id(after, "message.page_invalid"),
            around=optional_id(around, "message.page_invalid"),
            limit=limit,
        )
        return convert.messages(await chat.page(principal(request), wanted))

    @get("/users/@me/mentions")
    async def mentions(
        request: AnyRequest,
        before: str | None = Parameter(default=None, pattern=_ID),
        limit: int = Parameter(default=50, ge=1, le=100),
    ) -> tuple[things.Message, ...]:
        border = optional_id(before, "message.page_invalid")
        return convert.messages(await chat.calls(principal(request), border, limit))

    @post(
        "/channels/{channel_id:str}/messages",
        status_code=201,
        opt={"rate": "message"},
        responses={200: ResponseSpec(things.Message, generate_examples=False, description="The nonce was known.")},
    )
    async def send(request: AnyRequest, channel_id: str, data: requests.SendMessage) -> Response[things.Message]:
        draft = Draft(
            channel_id=_channel(channel_id),
            content=data.content,
            nonce=data.nonce or request.headers.get("idempotency-key", "")[:64] or None,
            reply_to=optional_id(data.reply_to, "message.reply_invalid"),
        )
        sent = await chat.send(principal(request), draft)
        return Response(convert.message(sent.message), status_code=201 if sent.created else 200)

    @get("/channels/{channel_id:str}/messages/{message_id:str}")
    async def message(request: AnyRequest, channel_id: str, message_id: str) -> things.Message:
        return convert.message(await chat.message(principal(request), _channel(channel_id), _message(message_id)))

    @patch("/messages/{message_id:str}")
    async def edit(request: AnyRequest, message_id: str, data: requests.EditMessage) -> things.Message:
        return convert.message(await chat.edit(principal(request), _message(message_id), data.content))

    @delete("/messages/{message_id:str}", status_code=204)
    async def remove(request: AnyRequest, message_id: str) -> None:
        await chat.delete(principal(request), _message(message_id))

    @post("/channels/{channel_id:str}/typing", status_code=204, opt={"rate": "read"})
    async def typing(request: AnyRequest, channel_id: str) -> None:
        try:
            await limits.take("typing", str(principal(request).user_id), 1)
        except Limited:
            return  # dropped silently: nobody is told to type slower
        await chat.start_typing(principal(request), _channel(channel_id))

    @put("/channels/{channel_id:str}/read", opt={"rate": "read"})
    async def read(request: AnyRequest, channel_id: str, data: requests.MarkRead) -> things.ReadState:
        message_id = _message(data.message_id)
        return convert.read_state(await chat.mark_read(principal(request), _channel(channel_id), message_id))

    return [page, mentions, send, message, edit, remove, typing, read]


def _channel(text: str) -> int:
    return id_or("channel.not_found", text)


def _message(text: str) -> int:
    return id_or("message.not_found", text)
