"""What the load asks of a client of any of the servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

Heard = Callable[[bytes], None]
"""Called with each text that arrives in the room, one's own too."""


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server is. `room` "": connect and log in only. `patience`: seconds to get ready."""

    kind: str
    host: str
    port: int
    room: str
    patience: float


class Account(msgspec.Struct, frozen=True):
    """`secret`: a password or a token. `device`: told apart from others of the same account."""

    name: str
    secret: str
    device: str


class Talker(Protocol):
    closed: bool

    async def open(self) -> None:
        """Logged in, and in the room: from now on nothing said there is missed."""
        ...

    def say(self, text: str) -> None: ...

    def cut(self) -> None:
        """As a dead network would."""
        ...
