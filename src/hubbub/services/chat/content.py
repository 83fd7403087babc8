"""What a message's text may be. Pure."""

from __future__ import annotations

from hubbub.errors import Refused
from hubbub.services.chat.api import MESSAGE_LENGTH


def check(text: str) -> str:
    """The text as it will be kept: without blank ends, line ends as \\n.

    Refused: message.empty, message.too_long {limit, length}, message.invalid_text (NUL: no database keeps it)."""
    content = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not content:
        raise Refused("message.empty")
    if len(content) > MESSAGE_LENGTH:
        raise Refused("message.too_long", limit=MESSAGE_LENGTH, length=len(content))
    if "\0" in content:
        raise Refused("message.invalid_text")
    return content
