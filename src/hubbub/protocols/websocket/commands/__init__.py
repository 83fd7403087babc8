"""One file per command of op 20: `run(services, principal, data)` gives what goes into the REPLY."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from hubbub.protocols.websocket.commands import (
    message_delete,
    message_edit,
    message_send,
    messages_page,
    read,
    typing,
)
from hubbub.protocols.wire import requests

COMMANDS: dict[str, tuple[type, Callable[..., Awaitable[Any]]]] = {
    "message.send": (requests.MessageSend, message_send.run),
    "message.edit": (requests.MessageEdit, message_edit.run),
    "message.delete": (requests.MessageDelete, message_delete.run),
    "messages.page": (requests.MessagesPage, messages_page.run),
    "typing": (requests.Typing, typing.run),
    "read": (requests.Read, read.run),
}
