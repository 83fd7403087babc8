"""One file per command of op 20: what decodes its data, and `run(services, principal, data)`, which gives what goes into
the REPLY."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from hubbub.protocols.websocket.commands import (
    message_delete,
    message_edit,
    message_send,
    messages_page,
    read,
    typing,
)
from hubbub.protocols.wire import requests

Decode = Callable[[bytes | msgspec.Raw], Any]


def _decode(kind: type) -> Decode:
    return msgspec.json.Decoder(kind).decode


COMMANDS: dict[str, tuple[Decode, Callable[..., Awaitable[Any]]]] = {
    "message.send": (_decode(requests.MessageSend), message_send.run),
    "message.edit": (_decode(requests.MessageEdit), message_edit.run),
    "message.delete": (_decode(requests.MessageDelete), message_delete.run),
    "messages.page": (_decode(requests.MessagesPage), messages_page.run),
    "typing": (_decode(requests.Typing), typing.run),
    "read": (_decode(requests.Read), read.run),
}
